/** Tests of `tidemark say` with a tiny model: its files, its streams, and whoever reads them or stops reading. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer, text as readText } from 'node:stream/consumers';
import { test } from 'node:test';
import { errorDocument, sayDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { cliEntry, cliOver, documentIn, refuses, startCli } from '../../test/cli.ts';
import { until } from '../../test/processes.ts';
import { fillDisk, noMounts, smallDisk } from '../../test/small-disk.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { writeTinyKokoro } from '../../test/tiny-kokoro.ts';

const folder = temporaryFolder();
const home = join(folder, 'home');
const tiny = join(folder, 'tiny');
writeTinyKokoro(tiny, { dtype: 'bfloat16' });
const cli = cliOver(home);

const speech = '--voice af_tiny --phonemes abc.';

/** Sentences for a model with styles for 30 phonemes: the second is too short to be said alone. */
const text = 'A cab can go back to a cab. Ab. A cab backs a cab.';
const say = ['say', text, '--language', 'american', '--voice', 'af_tiny', '--model', tiny];

const environment = { ...process.env, TIDEMARK_HOME: home, NO_COLOR: '1' };

/** Starts `tidemark say` with its stdout for us to read. */
function speaking(...words: readonly string[]) {
  const child = spawn(process.execPath, [cliEntry, ...say, ...words], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, ended, said: readText(child.stderr) };
}

test('speech becomes a WAV file, in both formats', async () => {
  for (const format of ['int16', 'float32']) {
    const out = join(folder, `${format}.wav`);
    const finished = await cli(`say --model ${tiny} ${speech} --out ${out} --format ${format} --json`);
    assert.equal(finished.code, 0);
    const { audio } = documentIn(sayDocument, finished);
    const file = readFileSync(out);
    assert.equal(file.toString('latin1', 0, 4), 'RIFF');
    assert.equal(audio.fileBytes, file.byteLength);
    assert.equal(audio.sampleRate, 24_000);
    assert.ok(audio.samples > 0);
  }
});

test('a voice can be a file or a mix, and a text needs --language where its name does not say one', async () => {
  const voice = join(folder, 'own.safetensors');
  copyFileSync(join(tiny, 'voices', 'af_tiny.safetensors'), voice);
  const say = ['say', '--model', tiny, '--out', join(folder, 'own.wav'), '--json'];
  for (const spec of [voice, `af_tiny,${voice}`]) {
    const finished = await cli([...say, '--voice', spec, '--phonemes', 'abc.']);
    assert.equal(documentIn(sayDocument, finished).settings.voice, spec);
  }
  const unknown = await cli([...say, '--voice', voice, 'a']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /does not indicate its language\.\n.*--language american or british/);
  const welsh = await cli([...say, '--voice', voice, '--language', 'welsh', 'a']);
  assert.equal(welsh.code, 2);
  assert.match(welsh.stderr, /Allowed choices are american, british/);
});

test('a file that cannot be written is said before a model is loaded, and nothing is left', async () => {
  const out = join(folder, 'nowhere', 'x.wav');
  const { code, stderr } = await cli(`say --model ${tiny} ${speech} --out ${out}`);
  assert.equal(code, 1);
  assert.match(stderr, /^error: The audio cannot be written to .*: there is no such folder\.\nhint: /);
  assert.ok(!readdirSync(folder).some((name) => name.includes('.part')));
});

test('a streamed file is the one that is said by sentence and written whole, bit for bit', async () => {
  const files = await Promise.all(
    ['--stream', '--by-sentence'].map(async (how, index) => {
      const out = join(folder, `way-${index}.wav`);
      const finished = await cli([...say, '--out', out, '--format', 'float32', '--json', how]);
      assert.equal(finished.code, 0, finished.stderr);
      return { document: documentIn(sayDocument, finished), file: readFileSync(out) };
    }),
  );
  const [streamed, whole] = files;
  assert.ok(streamed && whole);
  assert.deepEqual(streamed.file, whole.file);
  assert.equal(streamed.document.settings.phonemes.length, 2);
  for (const { document, file } of files) {
    const { loadedSeconds, firstAudioSeconds, wholeSeconds } = document.timing;
    assert.ok(loadedSeconds > 0 && loadedSeconds < firstAudioSeconds && firstAudioSeconds <= wholeSeconds);
    assert.equal(document.audio.fileBytes, file.length);
  }
});

test('stdout gets the same samples, with a header of unknown length or none, and what is said goes to stderr', async () => {
  const file = join(folder, 'same.wav');
  await cli([...say, '--by-sentence', '--out', file]);
  const data = readFileSync(file).subarray(44);
  const cases = [
    { words: ['--stream'], header: 44, length: 0xffff_ffff },
    { words: ['--by-sentence'], header: 44, length: data.length },
    { words: ['--stream', '--raw'], header: 0, length: undefined },
    { words: ['--by-sentence', '--raw'], header: 0, length: undefined },
  ];
  for (const { words, header, length } of cases) {
    for (const out of ['-', '/dev/stdout']) {
      const { child, ended, said } = speaking('--out', out, ...words);
      const bytes = await buffer(child.stdout);
      assert.equal(await ended, 0);
      assert.deepEqual(bytes.subarray(header), data, words.join(' '));
      if (length !== undefined) {
        assert.equal(bytes.readUInt32LE(40), length);
      }
      assert.match(await said, /^Wrote to stdout: [\d.]+ s of audio, int16/m);
    }
  }
});

test('Python’s wave module reads a stream to its end', async () => {
  const { child, ended } = speaking('--stream', '--out', '-');
  const script =
    'import wave, sys; w = wave.open(sys.stdin.buffer); print(w.getframerate(), len(w.readframes(w.getnframes())))';
  const reader = spawn('python3', ['-c', script], { stdio: [child.stdout, 'pipe', 'inherit'] });
  const [rate, bytes] = (await readText(reader.stdout)).split(' ').map(Number);
  assert.equal(await ended, 0);
  assert.equal(rate, 24_000);
  assert.ok(bytes !== undefined && bytes > 10_000);
});

test('a named pipe takes a stream, and its reader may come late', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const words of [['--stream'], []]) {
    const running = startCli([...say, '--out', pipe, ...words], { environment: { TIDEMARK_HOME: home } });
    await until(() => running.stderr().includes('loaded in'), 'the model is loaded', 60);
    const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [bytes, { code, stderr }] = await Promise.all([buffer(reader.stdout), running.finished]);
    assert.equal(code, 0, stderr);
    assert.equal(bytes.readUInt32LE(40), words.length > 0 ? 0xffff_ffff : bytes.length - 44);
  }
});

test('a reader that goes away ends the command without a word or a host', async () => {
  const pipe = join(folder, 'closed');
  execFileSync('mkfifo', [pipe]);
  const many = Array.from({ length: 40 }, () => text).join(' ');
  for (const out of ['-', pipe]) {
    const child = spawn(
      'bash',
      [
        '-c',
        `"$@" ${out === '-' ? '' : `& c=$!; head -c 100 ${pipe} >/dev/null; wait $c`} ` +
          `${out === '-' ? '| head -c 100 >/dev/null' : ''}; echo "\${PIPESTATUS[0]}"`,
        'bash',
        process.execPath,
        cliEntry,
        ...say.with(1, many),
        '--stream',
        '--out',
        out,
      ],
      { env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const [codes, said] = await Promise.all([readText(child.stdout), readText(child.stderr)]);
    assert.equal(codes.trim(), '0', said);
    assert.doesNotMatch(said, /error|Wrote/);
  }
});

test('what cannot be is refused before anything is said', async () => {
  await refuses(cli, 2, [
    [[...say, '--out', '-', '--json'], /audio and the JSON document cannot both/],
    [[...say, '--stream'], /Required option '--out <file>' not specified/],
  ]);
  const both = documentIn(errorDocument, await cli([...say, '--out', '/dev/stdout', '--json']));
  assert.equal(both.error.code, 'usage');
});

test(
  'a disk that fills up leaves the sentences that fitted, and says how many',
  { skip: noMounts },
  async (t) => {
    const disk = smallDisk(t, 1);
    const out = join(disk, 'speech.wav');
    writeFileSync(out, 'older');
    const many = Array.from({ length: 40 }, () => text).join(' ');
    const words = [...say.with(1, many), '--stream', '--format', 'float32', '--out', out];
    const { code, stderr } = await cli(words);
    assert.equal(code, 1);
    assert.match(stderr, /error: The audio cannot be written to .*: the disk is full/);
    const [, given = ''] = /has the first (\d+) of \d+ utterances: [\d.]+ s of audio/.exec(stderr) ?? [];
    const file = readFileSync(out);
    assert.ok(Number(given) > 0);
    assert.equal(file.readUInt32LE(4), file.length - 8);
    assert.equal(file.readUInt32LE(54), file.length - 58);
    assert.deepEqual(readdirSync(disk), ['speech.wav']);

    writeFileSync(out, 'older');
    fillDisk(disk, 1);
    assert.equal((await cli(words)).code, 1);
    assert.equal(readFileSync(out, 'utf8'), 'older');
  },
);
