/** `tidemark watch-python` over small Python programs: what it finds, by which iterations, and in which of several processes. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { environment, folder, leaking, loop, scriptFile, watched } from '../../test/watched-scripts.ts';
import { runCli } from '../../test/cli.ts';
import { repositoryRoot } from '../paths.ts';

test('a program that leaves nothing behind has no leak, and a peak of its whole life', async () => {
  const { document, finished } = await watched(loop());
  assert.equal(finished.code, 0);
  assert.deepEqual(
    document.leaks.map(({ channel, status }) => [channel, status === 'inconclusive' ? status : 'no leak']),
    ['activeBytes', 'footprintBytes', 'openFileDescriptors', 'liveArrays', 'trackedObjects'].map(
      (channel) => [channel, 'no leak'],
    ),
  );
  assert.match(document.marks.place ?? '', /^mx\.clear_cache at script_\d+\.py:13/);
  assert.equal(document.marks.calls, 15);
  assert.deepEqual(
    [document.peak.status, document.peak.reset, document.peak.lifeBytes],
    ['constant', 'never', 1500],
  );
  assert.ok(
    document.iterations.every(
      ({ activeBytes, peakBytes, cacheBytes }) =>
        activeBytes === 1000 && peakBytes === 1500 && cacheBytes === 500,
    ),
  );
  assert.equal(document.device.type, 'gpu');
  assert.equal(document.device.name, 'A device');
});

describe('a planted leak is found, in its channels alone', () => {
  const plants: readonly [what: string, body: string, channels: readonly string[]][] = [
    ['an array kept in a list', 'kept.append(mx.array(16))', ['activeBytes', 'liveArrays', 'trackedObjects']],
    ['a dict that holds a list', 'kept.append({"x": []})', ['trackedObjects']],
    ['an open file', 'kept.append(os.open("/dev/null", os.O_RDONLY))', ['openFileDescriptors']],
    ['a megabyte that MLX does not know of', 'kept.append(os.urandom(1000000))', ['footprintBytes']],
  ];
  for (const [what, body, channels] of plants) {
    test(what, async () => {
      const { document } = await watched(loop(body));
      assert.deepEqual(leaking(document), channels);
    });
  }

  test('an array kept in every third iteration, of 60', async () => {
    const { document } = await watched(
      loop('time.sleep(0.02); i % 3 or kept.append(mx.array(16))').replace('(15)', '(60)'),
    );
    assert.deepEqual(leaking(document), ['activeBytes', 'liveArrays', 'trackedObjects']);
  });

  test('and garbage in cycles that nobody collects is named by its objects', async () => {
    const { document } = await watched(
      loop('c = []; c.append(c); del c', 'gc.disable()').replace('    gc.collect()\n', ''),
    );
    assert.deepEqual(leaking(document), ['trackedObjects']);
  });
});

describe('iterations', () => {
  const unmarked = (marking: string): string => `
import tidemark_probe
import mlx.core as mx
kept = []
def work(i):
    kept.append(mx.array(16))
    mx.eval(kept[-1])
    mx.clear_cache()
    mx.clear_cache()
${marking}
`;
  const forms: readonly [what: string, marking: string, calls: number][] = [
    ['of a marked loop', 'for i in tidemark_probe.iterations(range(12)):\n    work(i)', 12],
    ['of a with statement', 'for i in range(12):\n    with tidemark_probe.iteration():\n        work(i)', 12],
    ['of calls at their ends', 'for i in range(12):\n    work(i)\n    tidemark_probe.iteration()', 12],
    [
      'that fail do not count',
      'for i in range(14):\n    try:\n        with tidemark_probe.iteration():\n            work(i)\n            if i in (3, 9): raise KeyError\n    except KeyError:\n        pass',
      12,
    ],
  ];
  for (const [what, marking, calls] of forms) {
    test(what, async () => {
      const { document } = await watched(unmarked(marking));
      assert.deepEqual([document.marks.kind, document.marks.calls], ['function', calls]);
      assert.ok(leaking(document).includes('activeBytes'));
    });
  }

  test('marked without watch-python cost nothing and need nothing', () => {
    const probe = join(repositoryRoot, 'daemon', 'python');
    const { status, stdout } = spawnSync(
      'python3',
      [
        scriptFile(
          `${unmarked('for i in tidemark_probe.iterations(range(12)):\n    work(i)')}print(len(kept))`,
        ),
      ],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          PYTHONPATH: `${probe}:${environment.PYTHONPATH}`,
          PYTHONDONTWRITEBYTECODE: '1',
        },
      },
    );
    assert.deepEqual([status, stdout], [0, '12\n']);
  });

  test('are told apart by who called, where one helper clears before and after the work', async () => {
    const { document } = await watched(`
import mlx.core as mx
def settle():
    mx.clear_cache()
def iterate():
    settle()
    audio = mx.array(500)
    mx.eval(audio)
    del audio
    settle()
for i in range(12):
    iterate()
`);
    assert.equal(document.marks.calls, 12);
    assert.match(document.marks.place ?? '', /py:4, called at script_\d+\.py:10/);
    assert.ok(document.iterations.every(({ peakBytes }) => peakBytes === 500));
  });

  test('are those of the script, where a library clears more often', async () => {
    const place = join(folder, 'site-packages');
    mkdirSync(place, { recursive: true });
    writeFileSync(
      join(place, 'library.py'),
      'import mlx.core as mx\ndef speak():\n    for _ in range(4):\n        mx.clear_cache()\n',
    );
    const { document } = await watched(
      `import sys\nsys.path.insert(0, ${JSON.stringify(place)})\nimport library\n${loop('library.speak()')}`,
    );
    assert.equal(document.marks.calls, 15);
    assert.match(document.marks.place ?? '', /script_/);
    const { document: other } = await watched(`
import sys
sys.path.insert(0, ${JSON.stringify(place)})
import library
for i in range(12):
    library.speak()
`);
    assert.match(other.marks.place ?? '', /^mx\.clear_cache at library\.py:4/);
  });

  test('are evaluations where the cache is never cleared, and nothing where there are none', async () => {
    const { document } = await watched(
      loop('kept.append(mx.array(16))').replace('    mx.clear_cache()\n', ''),
    );
    assert.equal(document.marks.kind, 'eval');
    assert.ok(leaking(document).includes('activeBytes'));
    const { document: none, finished } = await watched('import mlx.core as mx\na = mx.array(700)\n');
    assert.deepEqual([none.marks.kind, none.iterations.length, none.peak.lifeBytes], ['none', 0, 700]);
    assert.equal(finished.code, 0);
  });

  test('are intervals of a timer where one is asked for', async () => {
    const { document } = await watched(
      loop('time.sleep(0.05); kept.append(mx.array(16))').replace('(15)', '(30)'),
      '--every',
      '0.1',
      '--warmup',
      '2',
    );
    assert.deepEqual([document.marks.kind, document.settings.everySeconds], ['timer', 0.1]);
    assert.ok(document.iterations.length >= 8, String(document.iterations.length));
    assert.ok((document.iterations.at(-1)?.activeBytes ?? 0) > (document.iterations[0]?.activeBytes ?? 0));
  });
});

describe('of several processes, one is watched', () => {
  const child = `
import subprocess, sys
code = "import mlx.core as mx\\nfor i in range(40):\\n    mx.eval(mx.array(9)); mx.clear_cache()"
`;
  test('the program itself, and not what it starts', async () => {
    const { document } = await watched(
      `${loop()}${child}subprocess.run([sys.executable, "-c", code], check=True)`,
    );
    assert.deepEqual([document.marks.calls, document.program.otherProcesses], [15, 1]);
  });

  test('the one that uses MLX, where the program only starts it', async () => {
    const { document } = await watched(`${child}subprocess.run([sys.executable, "-c", code], check=True)`);
    assert.equal(document.marks.calls, 40);
  });

  test('the one that a launcher becomes', async () => {
    const { document } = await watched(
      `${child}import os\nos.execv(sys.executable, [sys.executable, "-c", code])`,
    );
    assert.deepEqual([document.marks.calls, document.program.otherProcesses], [40, undefined]);
  });

  test('and not its forks, which end like any', async () => {
    const { document, finished } = await watched(
      loop(`pid = os.fork()
    if pid == 0:
        kept.append(mx.array(99)); mx.eval(kept); mx.clear_cache(); os._exit(0)
    os.waitpid(pid, 0)`),
    );
    assert.equal(finished.code, 0);
    assert.deepEqual([document.marks.calls, leaking(document)], [15, []]);
  });

  test('with all of its threads', async () => {
    const { document } = await watched(`
import threading
import mlx.core as mx
def work():
    for i in range(50):
        mx.eval(mx.array(5)); mx.clear_cache(); mx.reset_peak_memory()
threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
`);
    assert.equal(document.marks.calls, 200);
    assert.equal(document.iterations.reduce((sum, { evaluations }) => sum + evaluations, 0) >= 195, true);
  });
});

test('100,000 evaluations take little longer', async () => {
  const source = `
import time
import mlx.core as mx
a = mx.array(1)
mx.clear_cache()
begun = time.perf_counter()
for i in range(100000): mx.eval(a)
print((time.perf_counter() - begun) * 10)
`;
  const file = scriptFile(source);
  const { stdout, stderr } = await runCli(['watch-python', '--local', '--', 'python3', file], {
    environment,
  });
  // Microseconds each: 0.2 to 0.4 where nothing else runs; what this is to find is a line written for each.
  assert.ok(Number(stdout) < 10, `${stdout} ${stderr}`);
});
