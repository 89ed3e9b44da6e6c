/** The fault script: that it finds what is lost, and that a few kills and bursts of errors lose nothing. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { openHistory } from '../../daemon/src/history/history.ts';
import type { History } from '../../daemon/src/history/history.ts';
import { finishedRun, runAtWork } from '../../daemon/test/example-histories.ts';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { layOutDay } from './day.ts';
import { countCalls, endProcess, processesWith, straceVersion } from './injection.ts';
import { Ledger } from './ledger.ts';
import { Draws } from './random.ts';
import { Rounds } from './rounds.ts';

/** Serves a history as the daemon does. */
function serving(history: History): Pick<DaemonClient, 'call'> {
  const answers: Record<string, (parameters: never) => unknown> = {
    listRuns: (filter: object) => history.runs.list(filter),
    getRun: ({ runId }: { runId: number }) => history.runs.detail(runId),
    listSchedules: () => ({ schedules: history.schedules.list(), paused: false }),
    getSettings: () => history.settings.get(),
    listAlerts: (filter: { all?: boolean }) => ({ alerts: history.alerts.list(filter) }),
  };
  return {
    call: (method, parameters) => Promise.resolve(answers[method]?.(parameters as never) as never),
  };
}

test('the ledger misses what a history has lost, and nothing of a whole one', async () => {
  const mishaps: readonly (readonly [string, (history: History) => void, RegExp])[] = [
    ['nothing', () => undefined, /^$/],
    ['a run', (history) => history.runs.remove(5), /^run 5$/],
    ['a schedule', (history) => history.schedules.remove(2), /^schedule 2: nothing in the place of /],
    [
      'a setting',
      (history) => void history.settings.change({ retentionRuns: 700 }),
      /^setting retentionRuns: 700 /,
    ],
    ['an alert', (history) => void history.alerts.change(1, { state: 'open' }), /^alert 1: open /],
  ];
  for (const [what, happen, expected] of mishaps) {
    const folder = temporaryFolder();
    using ledger = new Ledger(join(folder, 'ledger.jsonl'));
    layOutDay(join(folder, 'home'), ledger, 50);
    using history = openHistory(join(folder, 'home')).history;
    history.alerts.change(1, { state: 'acknowledged', acknowledgedAt: new Date().toISOString() });
    ledger.note({ kind: 'alert', alert: history.alerts.get(1) });
    happen(history);
    const { lost, untold, items } = await ledger.check(serving(history), (ended) => ended);
    assert.match([...lost, ...untold].join('\n'), expected, what);
    assert.ok(items > 50);
    const again = await ledger.check(serving(history), (ended) => ended);
    assert.deepEqual([...again.lost, ...again.untold], [], 'what is lost is counted once');
  }
});

test('the ledger misses samples and ends that were told, removals that are undone, and numbers given twice', async () => {
  const folder = temporaryFolder();
  using ledger = new Ledger(join(folder, 'ledger.jsonl'));
  using history = openHistory(folder).history;
  const { id, uid } = runAtWork(history, 2);
  const ended = finishedRun(history);
  const removed = finishedRun(history);
  ledger.note({ kind: 'run', id, uid });
  ledger.note({ kind: 'samples', id, count: 9 });
  ledger.note({ kind: 'ended', record: { ...ended, state: 'cancelled' } });
  ledger.note({ kind: 'run', id: removed.id, uid: removed.uid });
  ledger.note({ kind: 'removing', id: removed.id });
  ledger.note({ kind: 'removed', id: removed.id });
  ledger.note({ kind: 'run', id, uid: ended.uid });
  ledger.note({ kind: 'imported', uids: [ended.uid, '9f0c9f2e-0000-4000-8000-000000000000'] });
  ledger.note({ kind: 'run', id: 99, uid: '9f0c9f2e-0000-4000-8000-000000000001' });
  const { lost, untold } = await ledger.check(serving(history), () => []);
  assert.deepEqual(lost, [
    'the number 1 was given to two runs',
    'an imported run (9f0c9f2e-0000-4000-8000-000000000000)',
    'run 99',
    'the removal of run 3',
    'the end of run 2: state "complete" in the place of "cancelled"',
    'run 1: another run has its number',
  ]);
  assert.deepEqual(untold, []);
  const later = runAtWork(history, 2);
  ledger.note({ kind: 'run', id: later.id, uid: later.uid });
  ledger.note({ kind: 'samples', id: later.id, count: 9 });
  const next = await ledger.check(serving(history), () => []);
  assert.deepEqual(next.untold, [`run ${later.id}: 3 samples of 9`]);
});

test(
  'a process that is left is found by its environment',
  { skip: process.platform !== 'linux' },
  async () => {
    const mark = `TIDEMARK_HOME=${temporaryFolder()}`;
    assert.deepEqual(processesWith(mark), []);
    const [name = '', value = ''] = mark.split('=');
    const child = spawn('sleep', ['60'], { env: { [name]: value }, stdio: 'ignore' });
    await once(child, 'spawn');
    assert.deepEqual(processesWith(mark), [child.pid]);
    endProcess(child.pid ?? 0, 'SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(processesWith(mark), []);
  },
);

test('system calls are counted for each thread', () => {
  const traced =
    '12 write(1, "a") = 1\n12 write(1, "b") = 1\n13 write(1) = 1\n13 <... read resumed>) = 0\nfsync(3) = 0\n';
  assert.deepEqual(
    [...countCalls(traced)],
    [
      ['write', 2],
      ['fsync', 1],
    ],
  );
});

test(
  'a few kills at system calls and bursts of errors lose nothing and leave nothing',
  { skip: straceVersion() === undefined && 'there is no strace to kill and to inject errors with' },
  async () => {
    await using rounds = new Rounds(temporaryFolder(), new Draws(12), 20);
    await rounds.countCalls();
    const none = { lost: [], silent: [], processes: [], files: [], starts: [], ends: [] };
    for (const next of [() => rounds.kill(), () => rounds.burst()]) {
      let met = 0;
      for (let attempt = 0; met < 3; attempt += 1) {
        assert.ok(attempt < 20, 'the drawn system calls do not come');
        const { lost, silent, processes, files, starts, ends, ...round } = await next();
        assert.deepEqual({ lost, silent, processes, files, starts, ends }, none, JSON.stringify(round));
        assert.ok(round.items > 20);
        met += round.isMet ? 1 : 0;
      }
    }
    assert.deepEqual(await rounds.finish(), none);
  },
);
