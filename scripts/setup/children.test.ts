/** Programs that set-up runs end when it is told to end, with all that they started. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { run } from './children.js';

test('a program ends as a status and its words, whether it fails, is missing or succeeds', async () => {
  assert.deepEqual(await run('sh', ['-c', 'echo out; echo error >&2; exit 3']), {
    status: 3,
    output: 'out\nerror\n',
  });
  assert.equal((await run('no-such-program', [])).status, 127);
  assert.deepEqual(await run('cat', [], { input: 'in' }), { status: 0, output: 'in' });
});

test('an interruption ends what a program has started, too, before it is reported', async (t) => {
  const note = join(temporaryFolder(t), 'pid');
  const interruption = new AbortController();
  // The inner shell outlives a signal that is sent to the outer one alone.
  const script = `sh -c 'echo $$ > "${note}"; sleep 60' & wait`;
  const running = run('sh', ['-c', script], { signal: interruption.signal });
  while (!existsSync(note) || readFileSync(note, 'utf8') === '') {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const grandchild = Number(readFileSync(note, 'utf8'));
  interruption.abort();
  await assert.rejects(running, { name: 'Interrupted' });
  assert.equal(await isRunning(grandchild), false);
});

/** A process that has ended stays listed, as a zombie, until its parent or the system takes note. */
async function isRunning(pid: number): Promise<boolean> {
  if (process.platform === 'linux') {
    const stat = `/proc/${pid}/stat`;
    return existsSync(stat) && !readFileSync(stat, 'utf8').includes(') Z ');
  }
  const { output } = await run('ps', ['-o', 'stat=', '-p', String(pid)]);
  return output.trim() !== '' && !output.trim().startsWith('Z');
}

test('nothing is started after an interruption', async () => {
  await assert.rejects(run('true', [], { signal: AbortSignal.abort() }), { name: 'Interrupted' });
});
