/** How a program ends under `tidemark watch-python`, what is said where nothing can be watched, and where a run is kept. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cliEntry, runCli, startCli } from '../../test/cli.ts';
import type { Finished } from '../../test/cli.ts';
import { until } from '../../test/processes.ts';
import { TestDaemon } from '../../test/test-daemon.ts';
import { environment, folder, loop, scriptFile, watched } from '../../test/watched-scripts.ts';

describe('the program ends as it would by itself', () => {
  const ends: readonly [what: string, body: string, code: number, outcome: RegExp, iterations: number][] = [
    ['an exit code', 'if i == 11: sys.exit(3)', 3, /exit code 3/, 11],
    ['an exception', 'if i == 11: raise ValueError("no")', 1, /exit code 1/, 11],
    ['an exit without a clean-up', 'if i == 11: os._exit(5)', 5, /exit code 5/, 11],
    ['a kill half way', 'if i == 11: os.kill(os.getpid(), 9)', 137, /ended by SIGKILL/, 11],
  ];
  for (const [what, body, code, reason, iterations] of ends) {
    test(`${what}: what it told until then is judged`, async () => {
      const { document, finished } = await watched(loop(body));
      assert.equal(finished.code, code);
      assert.match('reason' in document.outcome ? document.outcome.reason : '', reason);
      assert.equal(document.iterations.length, iterations);
      assert.equal(document.leaks[0]?.status, 'no-leak');
      assert.equal(finished.stderr.includes('ValueError: no'), what === 'an exception');
    });
  }

  test('its input, output, arguments, and name are its own, and it reads the peak that it would read', async () => {
    const source = `${loop('if i % 5 == 0: print(mx.get_peak_memory(), mx.array(i * 300).size)')}
mx.reset_peak_memory()
print(mx.get_peak_memory(), sys.argv[1:], __name__, sys.stdin.read(), sys.modules["__main__"].__file__ == sys.argv[0])
`;
    const file = scriptFile(source);
    const options = { environment, input: 'said' };
    const { stdout, stderr, code } = await runCli(
      ['watch-python', '--local', '--', 'python3', file, '--x', 'a b'],
      options,
    );
    assert.equal(code, 0, stderr);
    assert.equal(
      stdout,
      "1500 0\\n1500 1500\\n2500 3000\\n0 ['--x', 'a b'] __main__ said True\\n".replaceAll('\\n', '\n'),
    );
    assert.match(stderr, /No leak: active memory is constant to the byte/);
    assert.match(stderr, /resets the peak, but not in every iteration/);
  });

  test('a module of a package, with relative imports, and a sitecustomize that was there before', async () => {
    const place = join(folder, 'packages');
    mkdirSync(join(place, 'mine'), { recursive: true });
    writeFileSync(join(place, 'sitecustomize.py'), 'import os\nos.environ["BEFORE"] = "ran"\n');
    writeFileSync(join(place, 'mine', '__init__.py'), '');
    writeFileSync(join(place, 'mine', 'words.py'), 'word = "hello"\n');
    writeFileSync(
      join(place, 'mine', '__main__.py'),
      `from .words import word\nimport os\nprint(word, os.environ.get("BEFORE"))\n${loop()}`,
    );
    const { stdout, stderr } = await runCli(['watch-python', '--local', '--', 'python3', '-m', 'mine'], {
      environment: { ...environment, PYTHONPATH: `${place}:${environment.PYTHONPATH}` },
    });
    assert.equal(stdout, 'hello ran\n');
    assert.match(stderr, /^mine: python3 -m mine$/m);
    assert.match(stderr, /called 15 times/);
  });

  test('nothing of the probe stays in the temporary folder', () => {
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith('tidemark-watch-')),
      [],
    );
  });
});

describe('what cannot be watched is said in a sentence, with what to do', () => {
  const cases: readonly [
    what: string,
    command: readonly string[],
    code: number,
    message: RegExp,
    hint: RegExp,
  ][] = [
    [
      'no MLX',
      ['python3', '-c', 'import mlx.core'],
      1,
      /python3? has no mlx|python3\.\d+ has no mlx/,
      /Python that has mlx/,
    ],
    ['no import of it', ['python3', '-c', 'pass'], 1, /did not import mlx/, /Watch the program/],
    [
      'its own failure before that',
      ['python3', '-c', 'raise SystemExit(4)'],
      4,
      /did not import mlx/,
      /Watch/,
    ],
    ['no Python', ['/bin/true'], 1, /“\/bin\/true” started no Python/, /-- python my_script\.py/],
    [
      'a Python that ignores its environment',
      ['python3', '-I', '-c', 'pass'],
      1,
      /started no Python that loads/,
      /without -I/,
    ],
    ['no such program', ['no-such-program'], 1, /“no-such-program” was not found/, /after --/],
    ['a script that is no program', [scriptFile('')], 1, /cannot be started/, /beginning with the Python/],
  ];
  for (const [what, command, code, message, hint] of cases) {
    test(what, async () => {
      const finished = await runCli(['watch-python', '--local', '--', ...command], {
        environment: { ...environment, PYTHONPATH: '' },
      });
      assert.equal(finished.code, code, finished.stderr);
      assert.match(finished.stderr, message);
      assert.match(finished.stderr, hint);
      assert.equal(finished.stdout, '');
    });
  }

  test('an MLX without the counters', async () => {
    const place = join(folder, 'old', 'mlx');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'core.py'), '__version__ = "0.0.1"\ndef eval(*a): pass\n');
    const { code, stderr } = await runCli(
      ['watch-python', '--local', '--', 'python3', '-c', 'import mlx.core'],
      {
        environment: { ...environment, PYTHONPATH: join(folder, 'old') },
      },
    );
    assert.equal(code, 1);
    assert.match(stderr, /MLX 0\.0\.1 has no get_active_memory, .*clear_cache/);
    assert.match(stderr, /pip install --upgrade mlx/);
  });

  test('an option before the command belongs after --', async () => {
    const { code, stderr } = await runCli('watch-python python3 x.py --voice a', { environment });
    assert.equal(code, 2);
    assert.match(stderr, /Put -- before the command/);
  });
});

test('a signal reaches the program once, and what it told is judged', async () => {
  const source = loop('time.sleep(0.02)')
    .replace('(15)', '(2000)')
    .replace(
      'weights =',
      `import signal
told = []
def stop(number, frame):
    told.append(number)
    if len(told) > 1: os._exit(99)
    time.sleep(0.3)
    sys.exit(7)
signal.signal(signal.SIGINT, stop)
print("ready", flush=True)
weights =`,
    );
  const running = startCli(
    ['watch-python', '--local', '-o', join(folder, 'stopped.json'), '--', 'python3', scriptFile(source)],
    {
      environment,
    },
  );
  await until(() => running.stdout().includes('ready'), 'the program runs');
  await new Promise((resolve) => setTimeout(resolve, 700));
  running.child.kill('SIGINT');
  const { code, stderr } = await running.finished;
  assert.equal(code, 7, stderr);
  assert.match(stderr, /waiting for the program to end/);
  assert.match(stderr, /Stopped by SIGINT/);
});

test('Ctrl-C in a terminal, which every process of it gets, reaches the program once', () => {
  const counting = scriptFile(
    loop('time.sleep(0.02)')
      .replace('(15)', '(2000)')
      .replace(
        'weights =',
        `import signal
told = []
def stop(number, frame):
    told.append(number)
    time.sleep(0.5)
    print("told", len(told), flush=True)
    os._exit(8)
signal.signal(signal.SIGINT, stop)
print("ready", flush=True)
weights =`,
      ),
  );
  // A terminal of its own, whose foreground is the command, and a person who presses Ctrl-C.
  const terminal = scriptFile(`
import os, pty, sys, time
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
while True:
    try:
        chunk = os.read(master, 4096)
    except OSError:
        break
    if not chunk:
        break
    if b"ready" in seen + chunk and b"ready" not in seen:
        time.sleep(0.5)
        os.write(master, b"\\x03")
    seen += chunk
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`);
  const { status, stdout } = spawnSync(
    'python3',
    [terminal, process.execPath, cliEntry, 'watch-python', '--local', '--', 'python3', counting],
    { encoding: 'utf8', env: { ...process.env, ...environment }, timeout: 60_000 },
  );
  assert.equal(status, 8, stdout);
  assert.match(stdout, /told 1\r?\n/);
  assert.match(stdout, /Stopped by SIGINT/);
});

test('a run is kept without a daemon, shown, written as page and table, and compared', async () => {
  const run = (words: string): Promise<Finished> => runCli(words, { environment });
  const page = join(folder, 'page.html');
  for (const body of ['pass', 'kept.append(mx.array(16))']) {
    const { code, stderr } = await run(`watch-python --report ${page} -- python3 ${scriptFile(loop(body))}`);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /The run is #\d+ in the history/);
  }
  const { stdout } = await run('runs --kind watch --json');
  const { runs } = JSON.parse(stdout) as {
    runs: { id: number; leak: string; trigger: object; samplesTaken: number }[];
  };
  assert.deepEqual(
    runs.map(({ leak, trigger, samplesTaken }) => [leak, trigger, samplesTaken]),
    ['leak', 'no-leak'].map((leak) => [leak, { kind: 'request', client: 'cli' }, 15]),
  );
  const [after, before] = runs.map(({ id }) => id);
  assert.match((await run('runs --search watched')).stdout, /script_/);
  assert.match((await run(`show ${after ?? 0}`)).stdout, /Command +python3 .*LEAK/s);
  const csv = join(folder, 'table.csv');
  assert.equal((await run(`report ${after ?? 0} --out ${page} --csv ${csv}`)).code, 0);
  const compared = await run(`compare ${before ?? 0} ${after ?? 0}`);
  assert.equal(compared.code, 3, compared.stderr);
  assert.match(compared.stdout, /a leak in active memory/);
  const history = join(folder, 'history.jsonl');
  assert.equal((await run(`runs export ${history}`)).code, 0);
  const other = { environment: { ...environment, TIDEMARK_HOME: join(folder, 'other') } };
  assert.match((await runCli(`runs import ${history}`, other)).stdout, /Imported 2 runs/);
  assert.match((await runCli('runs --json', other)).stdout, /"samplesTaken": 15/);
});

test('a run is kept through the daemon, as asked for in a terminal', async () => {
  const { client, daemon } = await TestDaemon.connected();
  const { code, stderr } = await runCli(['watch-python', '--', 'python3', scriptFile(loop())], {
    environment: { ...environment, TIDEMARK_HOME: daemon.dataFolder },
  });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /The run is #1 in the history/);
  const { record, document } = await client.call('getRun', { runId: 1 });
  assert.deepEqual(
    [record.kind, record.trigger, record.voice, record.samplesTaken, record.leak],
    ['watch', { kind: 'request', client: 'cli' }, undefined, 15, 'no-leak'],
  );
  assert.equal(document?.kind, 'watch');
  // It is no profile: neither the last leak check nor a recent peak.
  const { lastCheck, recentPeaks } = await client.call('status', {});
  assert.deepEqual([lastCheck, recentPeaks], [undefined, []]);
});
