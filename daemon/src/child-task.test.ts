/** Work in a child process: its result, its progress, and each way in which it fails. */

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { isAlive, until } from '../test/processes.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { runTask } from './child-task.ts';
import type { Task, TaskOptions } from './child-task.ts';
import { Interruption } from './interruption.ts';

interface Doubling extends Task {
  readonly job: number;
  readonly progress: string;
  readonly result: number;
}

/** Does the job 21 with what the body of the child's function says. */
function run(
  context: TestContext,
  body: string,
  options: Partial<TaskOptions<Doubling>> = {},
): Promise<number> {
  const entry = join(temporaryFolder(context), 'entry.ts');
  const address = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  writeFileSync(
    entry,
    `import { runTask, serveTask } from ${address('./child-task.ts')};
     import { TidemarkError } from ${address('../../shared/src/errors.ts')};
     await serveTask(async (job: number, report: (progress: string) => void) => { ${body} });`,
  );
  return runTask<Doubling>(pathToFileURL(entry), 21, {
    name: 'The child',
    failure: 'build-failed',
    ...options,
  });
}

test('the result and the progress of a child come back', async (t) => {
  const seen: string[] = [];
  const onProgress = (progress: string): void => void seen.push(progress);
  assert.equal(await run(t, "report('half'); return 2 * job;", { onProgress }), 42);
  assert.deepEqual(seen, ['half']);
});

test('a job is not among the arguments, which other users of the machine can read', async (t) => {
  assert.equal(await run(t, 'return process.argv.slice(2).length;'), 0);
});

test("a child's own error keeps its code, sentence and hint", async (t) => {
  await assert.rejects(
    run(t, "throw new TidemarkError('bad-input', 'No.', { hint: 'Say yes.' });", { defect: 'build-failed' }),
    { code: 'bad-input', message: 'No.', hint: 'Say yes.' },
  );
});

test('a defect is told as one, or with the code that is given for it', async (t) => {
  const body = "throw new TypeError('x is undefined');";
  await assert.rejects(run(t, body), { code: 'internal', message: 'x is undefined' });
  await assert.rejects(run(t, body, { defect: 'build-failed' }), {
    code: 'build-failed',
    message: 'The child failed: x is undefined.',
  });
});

test('a child that dies is told with its signal', async (t) => {
  await assert.rejects(run(t, "process.kill(process.pid, 'SIGKILL'); return 0;"), {
    code: 'build-failed',
    message: 'The child ended unexpectedly (SIGKILL).',
  });
});

test('an abort ends the child, with the reason of the signal', async (t) => {
  const controller = new AbortController();
  const onProgress = (): void => controller.abort(new Interruption('SIGINT'));
  await assert.rejects(
    run(t, "report('begun'); await new Promise((done) => setTimeout(done, 60_000)); return 0;", {
      onProgress,
      signal: controller.signal,
    }),
    /SIGINT/,
  );
});

test('a child that is stopped, that blocks or that waits for nothing is ended after a time without a sign of life', async (t) => {
  const hangs = [
    "process.kill(process.pid, 'SIGSTOP'); return 0;",
    'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); return 0;',
    'await new Promise((done) => setTimeout(done, 60_000)); return 0;',
    // What it has done before does not count.
    "report('begun'); await new Promise((done) => setTimeout(done, 60_000)); return 0;",
  ];
  const began = performance.now();
  await Promise.all(
    hangs.map((body) =>
      assert.rejects(run(t, body, { silenceSeconds: 3 }), {
        code: 'build-failed',
        message: 'The child showed no sign of life for 3.00 s, so it was ended.',
      }),
    ),
  );
  assert.ok(performance.now() - began < 15_000);
});

test('a child that computes or reports may take longer than that', async (t) => {
  const computes = `const end = performance.now() + 7000;
    while (performance.now() < end) {
      for (const from = performance.now(); performance.now() - from < 200; );
      await new Promise((done) => setTimeout(done, 10));
    }
    return 1;`;
  const reports = `for (let left = 14; left > 0; left -= 1) {
      report('still');
      await new Promise((done) => setTimeout(done, 500));
    }
    return 2;`;
  assert.deepEqual(
    await Promise.all([computes, reports].map((body) => run(t, body, { silenceSeconds: 5 }))),
    [1, 2],
  );
});

test('what computes below a child is a sign of its life, and what hangs below it ends with it', async (t) => {
  const folder = temporaryFolder(t);
  const below = (body: string): string => `
    const { writeFileSync } = await import('node:fs');
    const entry = ${JSON.stringify(folder)} + '/below-' + process.pid + '.ts';
    writeFileSync(entry, ${JSON.stringify(
      `import { serveTask } from ${JSON.stringify(new URL('./child-task.ts', import.meta.url).href)};
       await serveTask(async (job, report) => { ${body} });`,
    )});
    return await runTask(new URL('file://' + entry), 1, {
      name: 'The grandchild', failure: 'build-failed', onProgress: report,
    });`;
  const busy = `const end = performance.now() + 7000;
    while (performance.now() < end) {
      for (const from = performance.now(); performance.now() - from < 200; );
      await new Promise((done) => setTimeout(done, 10));
    }
    return 3;`;
  let grandchild = 0;
  const onProgress = (progress: string): void => void (grandchild = Number(progress));
  const [computed] = await Promise.all([
    run(t, below(busy), { silenceSeconds: 5 }),
    assert.rejects(
      run(t, below("report(String(process.pid)); process.kill(process.pid, 'SIGSTOP'); return 0;"), {
        silenceSeconds: 3,
        onProgress,
      }),
      /no sign of life/,
    ),
  ]);
  assert.equal(computed, 3);
  assert.ok(grandchild > 0 && existsSync(folder));
  await until(() => !isAlive(grandchild), 'the grandchild is ended');
});
