/** The second engine, with the real mlx-audio in the environment that Tidemark makes: its figures, its end, and its faults. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { sayDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { judgedChannels } from '@tidemark/shared/protocol/leak-verdicts.ts';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { watchDocument } from '@tidemark/shared/protocol/watch-document.ts';
import type { WatchDocument } from '@tidemark/shared/protocol/watch-document.ts';
import * as v from 'valibot';
import { likeness } from '../src/audio/log-mel.ts';
import { openHistory } from '../src/history/history.ts';
import { HostDeath } from '../src/host/host-death.ts';
import { runningHosts } from '../src/host/host-processes.ts';
import { ModelHost } from '../src/host/model-host.ts';
import type { StartOptions } from '../src/host/model-host.ts';
import { pythonEntry } from '../src/host/transport.ts';
import type { Engine } from '../src/host/transport.ts';
import { repositoryRoot } from '../src/paths.ts';
import { readByEngine } from '../src/profiler/engine-reading.ts';
import { settleSpeech } from '../src/profiler/settings.ts';
import type { SpeechRequest } from '../src/profiler/settings.ts';
import { runCli } from './cli.ts';
import { isAlive, until } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { testEngine } from './test-models.ts';
import { writeTinyKokoro } from './tiny-kokoro.ts';

let engine: Engine;
let folder = '';
const files = () => ({ folder, voiceFile: join(folder, 'voices', 'af_tiny.safetensors') });
const manner = { seed: 0, deterministic: false, speed: 1 };
const iteration = { index: 0, warmup: false, phonemes: ['a'], ...manner };

before(async () => {
  engine = await testEngine();
  folder = temporaryFolder();
  writeTinyKokoro(folder, { forMlxAudio: true, dtype: 'bfloat16' });
});

const failsWith =
  (code: TidemarkError['code'], message: RegExp, hint = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof TidemarkError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint);
    return true;
  };

async function loaded(options: StartOptions = {}): Promise<ModelHost> {
  const host = await ModelHost.start({ engine, ...options });
  await host.load(files());
  return host;
}

test('a profile of mlx-audio has the figures, the versions and a verdict for each of its channels', async () => {
  const words = `profile ${folder} --voice af_tiny --phonemes a --engine mlx-audio --python ${engine.python} --iterations 10 --json --local`;
  const { code, stdout, stderr } = await runCli(words);
  assert.equal(code, 0, stderr);
  const document = v.parse(profileDocument, JSON.parse(stdout));
  assert.equal(document.settings.engine, 'mlx-audio');
  assert.equal(document.versions.packages?.['mlx-audio'], '0.6.2');
  assert.match(document.versions.python ?? '', /^3\./);
  assert.deepEqual(
    document.leaks
      ?.map(({ channel, status }) => `${channel}: ${status === 'leak' ? status : 'none'}`)
      .toSorted(),
    judgedChannels
      .filter((channel) => !['cacheBytes', 'liveArrays', 'pythonHeapBytes'].includes(channel))
      .map((channel) => `${channel}: none`)
      .toSorted(),
  );
  const [first, ...rest] = document.iterations.slice(1);
  assert.ok(rest.every(({ activeBytes }) => activeBytes === first?.activeBytes));
  assert.ok(rest.every(({ trackedObjects = 0 }) => trackedObjects > 10_000));
  assert.ok(rest.every(({ peakBytes, activeBytes }) => peakBytes > activeBytes + 1_000_000));
  const { stdout: report } = await runCli(words.replace(' --json', '').replace('10', '2'));
  assert.match(report, /mlx-audio 0\.6\.2, Python 3\./);
  assert.match(report, /engine mlx-audio/);
});

test('by phonemes both engines say the same', async () => {
  await using theirs = await loaded();
  await using ours = await loaded({ engine: undefined });
  const durations = { phonemes: ['abc.', 'a'], speed: 1 };
  assert.deepEqual(await theirs.durations(durations), await ours.durations(durations));
  const spoken = { phonemes: 'abc cab.', durations: [4, 5, 6, 7, 4, 5, 6, 7, 4, 5], ...manner };
  const [a, b] = [await theirs.synthesize(spoken), await ours.synthesize(spoken)];
  assert.equal(a.sampleRate, b.sampleRate);
  assert.equal(a.audio.length, b.audio.length);
  assert.ok(a.audio.some((sample) => sample !== 0));
  assert.ok((likeness(a.audio, b.audio, a.sampleRate)?.correlation ?? 0) > 0.98);
  const [x, y] = [
    await theirs.iterate({ ...iteration, durations: [[3, 2, 1]] }),
    await ours.iterate({ ...iteration, durations: [[3, 2, 1]] }),
  ];
  assert.deepEqual([x.samples, x.tokens, x.newShapes], [y.samples, y.tokens, y.newShapes]);
});

test('what mlx-audio cannot do is refused with what can, and the host goes on', async () => {
  await using host = await loaded();
  const noStage = { ...iteration, graphs: 'stage' } as const;
  await assert.rejects(
    host.iterate(noStage),
    failsWith('bad-input', /does not support/, /--engine tidemark/),
  );
  const fused = { ...files(), alterations: { fuseWeightNorm: true } };
  await assert.rejects(host.load(fused), failsWith('bad-input', /fuseWeightNorm/));
  await host.load(files());
  assert.ok((await host.iterate(iteration)).samples > 0);
});

test('a host that is killed in an iteration says by what; one that hangs is ended by whoever waits', async () => {
  const host = await loaded();
  assert.ok((await runningHosts()).some(({ pid }) => pid === host.pid));
  const iterating = host.iterate(iteration, { doing: 'in iteration 7' });
  process.kill(host.pid, 'SIGKILL');
  await assert.rejects(
    iterating,
    (error: unknown) => error instanceof HostDeath && /SIGKILL in iteration 7/.test(error.message),
  );
  const hung = await loaded();
  process.kill(hung.pid, 'SIGSTOP');
  const signal = AbortSignal.timeout(300);
  await assert.rejects(hung.iterate(iteration, { signal }));
  await hung.ended;
  assert.ok(!isAlive(hung.pid));
});

test('the host leaves when it is closed in the midst of work, and ends with a parent that was killed', async () => {
  const host = await loaded();
  const long = host.iterate({ ...iteration, phonemes: Array.from({ length: 200 }, () => 'abc') });
  const startedAt = performance.now();
  const [rejected] = await Promise.allSettled([long, host.close()]);
  assert.equal(rejected.status, 'rejected');
  assert.ok(performance.now() - startedAt < 2000);

  const script = join(temporaryFolder(), 'parent.ts');
  const module = new URL('../src/host/model-host.ts', import.meta.url).href;
  writeFileSync(
    script,
    `import { ModelHost } from ${JSON.stringify(module)};
     const host = await ModelHost.start({ engine: ${JSON.stringify(engine)} });
     console.log(host.pid);
     await host.load(${JSON.stringify(files())});
     for (;;) await host.iterate(${JSON.stringify(iteration)});`,
  );
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  parent.kill('SIGKILL');
  await until(() => !isAlive(Number(line)), 'the host has ended with its parent');
});

/** The engine in a Python into which a folder's modules get before all others. */
function withModules(sources: Record<string, string>): { readonly engine: Engine } {
  const modules = temporaryFolder();
  for (const [name, source] of Object.entries(sources)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    writeFileSync(join(modules, `${name}.py`), source);
  }
  const python = join(modules, 'python');
  writeFileSync(python, `#!/bin/sh\nPYTHONPATH=${modules} exec ${engine.python} "$@"\n`, { mode: 0o755 });
  return { engine: { name: 'mlx-audio', python, isOwn: false } };
}

test('a Python without mlx-audio and one in which it is broken say so, and what to do', async () => {
  const home = /^home = (.*)$/mu.exec(
    readFileSync(join(engine.python, '..', '..', 'pyvenv.cfg'), 'utf8'),
  )?.[1];
  const bare = { name: 'mlx-audio', python: join(home ?? '', 'python3'), isOwn: true } as const;
  await assert.rejects(
    ModelHost.start({ engine: bare }),
    failsWith('python', /^The Python at .*python3.* has no mlx-audio\.$/, /-m pip install mlx-audio/),
  );
  for (const [name, source] of [
    ['mlx_audio/__init__', 'raise RuntimeError("half an installation")'],
    ['mlx_audio/__init__', 'import no_such_library'],
    ['mlx/__init__', 'raise ImportError("libmlx.so: cannot open shared object file")'],
    ['numpy/__init__', 'raise ImportError("another numpy")'],
  ] as const) {
    await assert.rejects(
      ModelHost.start(withModules({ [name]: source })),
      failsWith('python', /^mlx-audio in .* cannot be used: \w+: /, /--force-reinstall mlx-audio/),
    );
  }
  const noPython = { name: 'mlx-audio', python: '/bin/false', isOwn: true } as const;
  await assert.rejects(
    ModelHost.start({ engine: noPython }),
    failsWith('python', /^\/bin\/false exited with code 1 before mlx-audio was loaded in it\.$/, /--version/),
  );
});

test('which Python runs is said by --python, else by TIDEMARK_PYTHON, else by the setting', async () => {
  const home = temporaryFolder();
  openHistory(home).history.settings.change({ python: '/bin/true' });
  const named = async (environment: Record<string, string>, ...options: string[]): Promise<string> => {
    const words = [
      'profile',
      folder,
      '--voice',
      'af_tiny',
      '--text',
      'a',
      '--engine',
      'mlx-audio',
      '--local',
    ];
    const { code, stderr } = await runCli([...words, ...options], {
      environment: { TIDEMARK_HOME: home, TIDEMARK_PYTHON: '', ...environment },
    });
    assert.equal(code, 1);
    return stderr;
  };
  assert.match(await named({}), /\/bin\/true exited with code 0/);
  assert.match(await named({ TIDEMARK_PYTHON: '/bin/false' }), /\/bin\/false exited with code 1/);
  const flag = ['--python', join(home, 'none')];
  assert.match(await named({ TIDEMARK_PYTHON: '/bin/false' }, ...flag), /There is no program at .*none\./);
});

test('what Python prints as it starts, and what mlx-audio prints, is no answer', async () => {
  const start = withModules({ sitecustomize: 'print("a banner"); print("{}"); print("null")' });
  await using host = await loaded(start);
  assert.ok((await host.iterate(iteration)).samples > 0);
});

describe('a text', () => {
  /** Stands in for misaki, which takes 200 MB: each word is read as itself, and eSpeak NG is there. */
  const misaki = {
    'misaki/__init__': '',
    'misaki/espeak': 'class EspeakFallback:\n    def __init__(self, british): pass\n',
    'misaki/en': `class Token:
    def __init__(self, text, whitespace): self.text, self.whitespace, self.phonemes = text, whitespace, text.lower()
class G2P:
    def __init__(self, trf, british, fallback, unk): self.fallback, self.ending = fallback, "b" if british else "a"
    def __call__(self, text):
        words = [word for word in text.split() if word != "Hush"]
        return text, [Token(word + self.ending, " ") for word in words]
`,
  };

  async function read(modules: Record<string, string>, spoken: Partial<SpeechRequest>) {
    const notes: string[] = [];
    const asked = { voice: 'af_tiny', seed: 0, speed: 1, deterministic: false, ...spoken };
    const { engine: reading } = withModules(modules);
    const settings = await readByEngine(await settleSpeech(asked), reading, {
      onNote: (note) => notes.push(note),
    });
    return { ...settings, notes };
  }

  test('is read and cut by mlx-audio’s own pipeline where misaki is installed', async () => {
    const { python } = withModules(misaki).engine;
    const out = join(temporaryFolder(), 'said.wav');
    const words = ['--model', folder, '--voice', 'af_tiny', '--engine', 'mlx-audio', '--python', python];
    const { stdout, stderr } = await runCli(['say', 'Cab bac.\nAbc', ...words, '--out', out, '--json']);
    const { settings, audio } = v.parse(sayDocument, JSON.parse(stdout));
    assert.deepEqual([settings.phonemesFrom, settings.phonemes], ['misaki', ['caba bac.a', 'abca']], stderr);
    assert.equal(settings.engine, 'mlx-audio');
    assert.equal(statSync(out).size, 44 + 2 * audio.samples);
    const british = await read(misaki, { text: 'Cab', language: 'british' });
    assert.deepEqual(british.phonemes, ['cabb']);
    await assert.rejects(
      read(misaki, { text: 'Hush' }),
      failsWith('bad-text', /^misaki makes no phonemes of the text\.$/),
    );
  });

  test('is read by Tidemark where misaki is not installed, or fails, which is said', async () => {
    const without = await read({}, { text: 'a' });
    assert.deepEqual([without.phonemesFrom, without.notes], ['tidemark', []]);
    const spacy = {
      'spacy/__init__': 'from . import cli',
      'spacy/cli': 'def download(model): raise SystemExit',
    };
    const downloading =
      'import spacy\nclass G2P:\n    def __init__(self, **_): spacy.cli.download("en_core_web_sm")\n';
    for (const [modules, expected] of [
      [
        { ...misaki, 'misaki/en': 'import no_such_library' },
        /misaki in .*python cannot be used: ImportError/,
      ],
      [{ ...misaki, 'misaki/en': 'class G2P:\n    pass\n' }, /cannot be used: TypeError/],
      [
        { ...misaki, ...spacy, 'misaki/en': downloading },
        /en_core_web_sm is not installed \(`.*-m spacy download/,
      ],
    ] as const) {
      const { phonemesFrom, phonemes, phonemesNote = '', notes } = await read(modules, { text: 'a' });
      assert.deepEqual([phonemesFrom, phonemes, notes], ['tidemark', without.phonemes, [phonemesNote]]);
      assert.match(phonemesNote, expected);
    }
  });

  test('that is given as phonemes is said as it is', async () => {
    const { phonemesFrom, phonemes } = await read(misaki, { phonemes: 'abc' });
    assert.deepEqual([phonemesFrom, phonemes], ['given', ['abc']]);
  });
});

test('the host keeps to the syntax of the oldest Python that it names', async () => {
  const check = `import ast, pathlib, sys
for path in pathlib.Path(sys.argv[1]).parent.rglob("*.py"):
    ast.parse(path.read_text("utf-8"), str(path), feature_version=(3, 9))
    print(path.name)`;
  const child = spawn(engine.python, ['-c', check, pythonEntry], { stdio: ['ignore', 'pipe', 'inherit'] });
  let names = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (names += text));
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0);
  assert.ok(names.includes('session.py'));
});

describe('the example script under watch-python', () => {
  const example = join(repositoryRoot, 'examples', 'memory_profiler.py');

  async function watched(script: string): Promise<WatchDocument> {
    const out = join(temporaryFolder(), 'watched.json');
    const finished = await runCli(
      [
        ...['watch-python', '--local', '-o', out, '--', engine.python, script, folder],
        ...['--phonemes', 'a', '--voice', 'af_tiny', '--iterations', '15'],
      ],
      {},
    );
    assert.equal(finished.code, 0, finished.stderr);
    assert.equal(finished.stdout.match(/^iteration \d+: active [\d.]+ MB, peak [\d.]+ MB$/gm)?.length, 15);
    assert.match(finished.stderr, /never resets the peak/);
    return v.parse(watchDocument, JSON.parse(readFileSync(out, 'utf8')));
  }

  test('has no leak, and a peak of each iteration that it does not see itself', async () => {
    const { leaks, marks, iterations, peak, summary, versions } = await watched(example);
    assert.match(marks.place ?? '', /^mx\.clear_cache at memory_profiler\.py:/);
    assert.deepEqual([marks.calls, iterations.length], [15, 15]);
    assert.equal(versions.packages['mlx-audio'], '0.6.2');
    assert.deepEqual(
      leaks.filter(({ status }) => status === 'leak').map(({ channel }) => channel),
      [],
    );
    assert.ok(summary !== undefined);
    assert.equal(summary.active.course, 'constant');
    assert.equal(leaks.find(({ channel }) => channel === 'activeBytes')?.smallestDetectable, 1);
    assert.notEqual(peak.status, 'rises');
    assert.ok(summary.transientBytes.median > 1_000_000);
  });

  test('leaks where its audio is kept in a list', async () => {
    const source = readFileSync(example, 'utf8');
    const leaky = join(temporaryFolder(), 'leaky.py');
    const kept = source
      .replace('        del audio\n', '        kept.append(audio)\n        del audio\n')
      .replace('    for iteration in', '    kept = []\n    for iteration in');
    assert.notEqual(kept, source);
    writeFileSync(leaky, kept);
    const { leaks, iterations } = await watched(leaky);
    const found = leaks.filter(({ status }) => status === 'leak').map(({ channel }) => channel);
    assert.ok(
      ['activeBytes', 'liveArrays', 'trackedObjects'].every((channel) =>
        found.some((each) => each === channel),
      ),
      String(found),
    );
    const [first, second] = iterations.slice(1);
    assert.ok(first !== undefined && second !== undefined && second.activeBytes > first.activeBytes);
    assert.equal(leaks.find(({ channel }) => channel === 'liveArrays')?.ratePerIteration, 1);
  });
});
