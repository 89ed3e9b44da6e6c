/** The command line as a person meets it: real processes, a tiny model, exit codes, and what is on which stream. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  doctorDocument,
  errorDocument,
  modelsDocument,
} from '@tidemark/shared/protocol/command-documents.ts';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { studyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { xrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { cliEntry, cliOver, documentIn, refuses } from '../../test/cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { writeTinyKokoro } from '../../test/tiny-kokoro.ts';

const folder = temporaryFolder();
const home = join(folder, 'home');
const tiny = join(folder, 'tiny');
writeTinyKokoro(tiny, { dtype: 'bfloat16' });
const cli = cliOver(home);

/** What makes a run of the tiny model short. */
const speech = '--voice af_tiny --phonemes abc.';
const brief = `${speech} --iterations 2 --warmup 1`;

test('help is on stdout, names every command, and each command explains itself with examples', async () => {
  const { code, stdout, stderr } = await cli('--help');
  assert.equal(code, 0);
  assert.equal(stderr, '');
  const commands =
    'profile study tune report compare status watch runs show schedule alerts load unload cancel settings service logs daemon say ' +
    'requantize xray models doctor selftest';
  for (const command of commands.split(' ')) {
    assert.match(stdout, new RegExp(`^ {2}${command} `, 'm'));
    const help = await cli([command, '--help']);
    assert.equal(help.code, 0, command);
    assert.match(help.stdout, /Usage: tidemark/);
    assert.match(help.stdout, /Examples:\n {2}\$ tidemark /, command);
  }
  assert.match((await cli('--version')).stdout, /^\d+\.\d+\.\d+\n$/);
});

test('without a command, help is on stderr and the exit code that of wrong usage', async () => {
  const { code, stdout, stderr } = await cli([]);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^Usage: tidemark/);
  assert.doesNotMatch(stderr, /error/);
});

test('a profile prints a table on stdout, and its progress on stderr', async () => {
  const { code, stdout, stderr } = await cli(`profile ${tiny} ${brief}`);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^warm-up 1 .*\niteration 1 .*\niteration 2 /m);
  assert.match(stdout, /Active memory is constant to the byte over 2 iterations: [\d,]+ B\./);
  assert.match(stdout, /No tensors remain beyond the weights and the voice\./);
  assert.match(stderr, /: warm-up 1 of 1: active .* MB, peak .* MB/);
  assert.match(stderr, /: iteration 2 of 2: active .* MB, peak .* MB/);
});

test('a profile as JSON is one document on stdout, true to the schema', async () => {
  const finished = await cli(`profile ${tiny} ${brief} --json --seed 7 --deterministic`);
  assert.equal(finished.code, 0);
  const document = documentIn(profileDocument, finished);
  assert.equal(document.outcome.status, 'complete');
  assert.deepEqual(
    document.iterations.map(({ warmup }) => warmup),
    [true, false, false],
  );
  assert.equal(document.settings.seed, 7);
  assert.equal(document.settings.deterministic, true);
  assert.equal(document.load.activeBytes, document.model.tensorBytes);
  assert.equal(document.summary?.active.course, 'constant');
  assert.equal(document.summary.extraTensors, 0);
});

test('a profile says what it excludes about leaks, and with too few iterations that it excludes nothing', async () => {
  const enough = await cli(`profile ${tiny} ${speech} --iterations 10`);
  assert.match(
    enough.stdout,
    /^No leak: active memory is constant to the byte over 10 iterations; a leak of 1 B per iteration would have been detected\./m,
  );
  assert.match(enough.stdout, /^active memory +no leak +0 B +1 B$/m);
  assert.match(enough.stdout, /^undisposed tensors +no leak +0 tensors +1 tensor$/m);
  const few = await cli(`profile ${tiny} ${brief}`);
  assert.match(
    few.stdout,
    /^It is undetermined whether anything leaks: there are 2 measured iterations, and the rule needs at least 10\.$/m,
  );
  assert.doesNotMatch(few.stdout, /No leak|verdict/);
});

test('a study compares, and goes on after a model that cannot be loaded', async () => {
  const broken = join(folder, 'broken');
  writeTinyKokoro(broken);
  const weights = join(broken, 'model.safetensors');
  writeFileSync(weights, readFileSync(weights).subarray(0, 5000));
  const models = [tiny, broken, tiny].join(',');
  const finished = await cli(`study --models ${models} ${brief} --json`);
  assert.equal(finished.code, 1);
  const document = documentIn(studyDocument, finished);
  assert.equal(document.runs.length, 2);
  assert.equal(document.failures.length, 1);
  assert.equal(document.failures[0]?.error.code, 'bad-checkpoint');
  assert.equal(document.comparison?.baseline, tiny);
  assert.match(finished.stderr, /broken could not be measured\.\nerror: /);

  const text = await cli(`study --models ${models} ${brief}`);
  assert.equal(text.code, 1);
  assert.match(text.stdout, /broken failed: /);
});

test('an x-ray, the catalogue and the doctor each print a document that is true to its schema', async () => {
  const xray = documentIn(xrayDocument, await cli(`xray ${tiny} --json`));
  assert.deepEqual(Object.keys(xray.bytesByDtype), ['bfloat16']);
  const models = documentIn(modelsDocument, await cli('models --json'));
  assert.equal(models.models.length, 8);
  assert.equal(models.dataFolder, home);
  assert.equal(models.voices?.length, 54);
  assert.deepEqual(models.voices[0], { name: 'af_alloy', language: 'American English', acceptsText: true });
  assert.ok(models.voices.some(({ name, acceptsText }) => name === 'jf_alpha' && !acceptsText));
  const doctor = documentIn(doctorDocument, await cli('doctor --json'));
  assert.ok(doctor.versions?.mlx);
  const failed = doctor.checks.filter(({ status }) => status === 'fail');
  assert.deepEqual(failed, []);
});

test('each wrong use of the command line is one sentence, a hint, and exit code 2', () =>
  refuses(cli, 2, [
    ['profil', /Unknown command 'profil'\.\nhint: Did you mean profile\?/],
    ['profile', /Missing required argument 'model'/],
    ['profile bf16 --iterations -15', /'-15' is invalid\. Give a whole number from 1/],
    ['profile bf16 --iterations 0', /'0' is invalid/],
    ['profile bf16 --iterations NaN', /'NaN' is invalid/],
    ['profile bf16 --iterations 1e300', /'1e300' is invalid/],
    [`profile bf16 --iterations ${'9'.repeat(40)}`, /is invalid/],
    ['profile bf16 --warmup -1', /'-1' is invalid/],
    ['profile bf16 --seed 0.5', /'0\.5' is invalid/],
    ['profile bf16 --speed 0', /'0' is invalid/],
    ['profile bf16 --nonsense', /Unknown option '--nonsense'/],
    [['study', '--models', ' , '], /at least one value/],
    ['say Hello.', /Required option '--out <file>' not specified/],
    ['say --out x.wav', /There is no text to say/],
    ['say Hello. --out x.wav --format mp3', /Allowed choices are int16, float32/],
    ['selftest --only nothing,rust', /There is no plant rust\. Available plants: tensor-4-bytes, /],
    ['selftest --iterations 9', /Give a whole number from 10 /],
  ]));

test('each bad input is one sentence without a stack, and exit code 1', () =>
  refuses(cli, 1, [
    ['profile bf17', /There is no model named "bf17"\. Did you mean bf16\?/],
    ['profile bf16 --voice af_hart', /no voice named af_hart\. Did you mean af_heart\?/],
    ['profile bf16 --voice nobody', /no voice named nobody/],
    ['profile bf16 --voice jf_alpha', /jf_alpha speaks Japanese/],
    ['profile bf16 --text ', /The text is empty/],
    ['profile bf16 --text 🙂', /no word/],
    ['profile bf16 --text a --phonemes a', /Both a text and phonemes/],
    [`profile bf16 --phonemes ${'a'.repeat(511)}`, /511 phonemes/],
    ['profile bf16 --phonemes a#b', /no phoneme/],
    ['profile /no/such/folder', /is not a folder/],
    ['study --models bf16,bf17', /There is no model named "bf17"/],
    [`xray ${cliEntry}`, /is not a safetensors file/],
    ['xray /no/such/file.safetensors', /no file or folder/],
    ['models build bf17', /no model named bf17/],
    ['models remove ../..', /no model named/],
  ]));

test('a text of a million characters is refused, without a model being touched', async () => {
  const { code, stderr } = await cli(`say - --out ${join(folder, 'x.wav')}`, {
    input: 'Hello, world. '.repeat(71_429),
  });
  assert.equal(code, 1);
  assert.match(stderr, /^error: The text has 1,000,00\d characters/);
  assert.ok(!existsSync(join(home, 'models')));
});

test('an error under --json is a document too, and --verbose adds the stack on stderr', async () => {
  const failed = await cli('profile bf17 --json --verbose');
  assert.equal(failed.code, 1);
  assert.equal(documentIn(errorDocument, failed).error.code, 'unknown-model');
  assert.match(failed.stderr, /^\s+at /m);
  const misused = await cli('profile --json');
  assert.equal(misused.code, 2);
  assert.equal(documentIn(errorDocument, misused).error.code, 'usage');
});

test('a checkpoint with missing keys is refused with a list of them', async () => {
  const strange = join(folder, 'strange');
  writeTinyKokoro(strange);
  const weights = join(strange, 'model.safetensors');
  const bytes = readFileSync(weights);
  writeFileSync(
    weights,
    bytes.toString('latin1').replace('bert_encoder.bias', 'bert_encoder.bios'),
    'latin1',
  );
  const { code, stderr } = await cli(`profile ${strange} ${brief}`);
  assert.equal(code, 1);
  assert.match(stderr, /1 missing \(bert_encoder\.bias\)/);
  assert.match(stderr, /1 not part of the network \(bert_encoder\.bios\)/);
});

test('a read-only data folder is a clear error', { skip: process.getuid?.() === 0 }, async () => {
  const locked = temporaryFolder();
  chmodSync(locked, 0o500);
  const { code, stderr } = await cli('models build bf16', { environment: { TIDEMARK_HOME: locked } });
  assert.equal(code, 1);
  assert.match(stderr, /^error: .* cannot be written: permission is denied\./);
});

test('a data folder that cannot be one is a clear error', async () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  const { code, stderr } = await cli('models build bf16', { environment: { TIDEMARK_HOME: file } });
  assert.equal(code, 1);
  assert.match(stderr, /^error: .* cannot be written: part of the path is not a folder\./);
});

test('a reader that has seen enough is no error', async () => {
  for (const [words, expected] of [
    ['models --json', 0],
    ['--help', 0],
    [`profile ${tiny} ${brief} --json`, 0],
    // Whoever does not read on is still told that it failed, by the exit code.
    ['status', 4],
    ['frobnicate --json', 2],
  ] as const) {
    const child = spawn(process.execPath, [cliEntry, ...words.split(' ')], {
      env: { ...process.env, TIDEMARK_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, expected, words);
    assert.doesNotMatch(stderr, expected === 2 ? /EPIPE/i : /error|EPIPE/i);
  }
});

test('a full disk behind stdout is said', { skip: !existsSync('/dev/full') }, async () => {
  const child = spawn('/bin/sh', ['-c', `"${process.execPath}" "${cliEntry}" models --json >/dev/full`], {
    env: { ...process.env, TIDEMARK_HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 1);
  assert.match(stderr, /^error: The output cannot be written: the disk is full\.\nhint: \S.*\.\n$/);
});

test('a working folder that was removed is said by what needs it, and keeps nothing else from working', async () => {
  const commands: readonly (readonly [words: string, code: number, said: RegExp])[] = [
    ['models', 0, /^$|Took/],
    ['report 1 --out out.html', 1, /^error: The current folder no longer exists\.\nhint: \S.*\.\n$/],
    ['xray ./x', 1, /^error: The current folder no longer exists\./],
    ['say hi --out /dev/null --voice ./v.pt', 1, /^error: The current folder no longer exists\./],
  ];
  for (const [words, expected, said] of commands) {
    const gone = temporaryFolder();
    const child = spawn(
      '/bin/sh',
      ['-c', `rmdir "$PWD"; exec "${process.execPath}" "${cliEntry}" ${words} 2>&1 >/dev/null`],
      {
        cwd: gone,
        env: { ...process.env, PWD: gone, TIDEMARK_HOME: home, NO_COLOR: '1' },
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, expected, words);
    assert.match(stderr, said, words);
  }
});

test('what a newcomer types instead of a command is answered with the command', async () => {
  for (const [words, answer] of [
    ['start', "Unknown command 'start'.\nhint: Did you mean `tidemark service start`?"],
    ['export', "Unknown command 'export'.\nhint: Did you mean `tidemark runs export`?"],
    ['version', "Unknown command 'version'.\nhint: Did you mean --version?"],
    ['-v', "Unknown option '-v'.\nhint: Did you mean --version?"],
    ['proflie', "Unknown command 'proflie'.\nhint: Did you mean profile?"],
    ['runs exprot', "Unknown command 'runs exprot'.\nhint: Did you mean `tidemark runs export`?"],
    ['settings retention', "Unknown command 'settings retention'.\nhint: Run `tidemark settings --help`."],
    [
      'profile',
      "Missing required argument 'model'.\nhint: Name a model, as in `tidemark profile bf16`; `tidemark models` lists them.",
    ],
  ] as const) {
    const { code, stderr } = await cli(words);
    assert.deepEqual([code, stderr], [2, `error: ${answer}\n`], words);
  }
});
