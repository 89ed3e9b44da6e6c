/** Work in a child process: its result, its progress, and each way in which it fails. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
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
    `import { serveTask } from ${address('./child-task.ts')};
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
