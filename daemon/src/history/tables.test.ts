/** Schedules, alerts, settings and past checks as the history keeps them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { isLeakCheck, judgeRun, summarizeLeaks } from '@tidemark/shared/analysis/leak-verdicts.ts';
import { alert, schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { ProfileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { exampleProfile, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import {
  exampleAlert,
  exampleRun,
  exampleSchedule,
  finishedRun,
  importLines,
  scheduleTrigger,
  withHistory,
} from '../../test/example-histories.ts';
import type { FinishedRun } from '../../test/example-histories.ts';
import type { History } from './history.ts';
import type { NewRun } from './runs.ts';

test('a schedule is kept as it was set, changed and removed', () => {
  withHistory((history) => {
    const added = history.schedules.add(exampleSchedule());
    assert.deepEqual(v.parse(schedule, added), added);
    assert.deepEqual(history.schedules.list(), [added]);
    const changed = history.schedules.change(added.id, exampleSchedule({ name: 'Weekly', paused: true }));
    assert.deepEqual(changed, { ...added, name: 'Weekly', paused: true });
    history.schedules.remove(added.id);
    assert.deepEqual(history.schedules.list(), []);
    assert.notEqual(history.schedules.add(exampleSchedule()).id, added.id);
  });
});

test('what came of a schedule is kept with it', () => {
  withHistory((history) => {
    const { id } = history.schedules.add(exampleSchedule());
    const at = '2026-03-02T03:00:00.000Z';
    history.schedules.noteDue(id, new Date(at));
    history.schedules.noteRun(id, 12, at);
    history.schedules.noteSkip(id, { at, reason: 'The Mac was on battery.', missed: 2 });
    const [noted] = history.schedules.list();
    assert.equal(noted?.nextAt, at);
    assert.deepEqual([noted.lastRunId, noted.lastRunAt], [12, at]);
    assert.deepEqual(noted.lastSkip, { at, reason: 'The Mac was on battery.', missed: 2 });
    assert.equal(history.schedules.noteDue(id, undefined).nextAt, undefined);
    // A change of its settings is no news of its runs.
    assert.equal(history.schedules.change(id, exampleSchedule({ name: 'Weekly' })).lastRunId, 12);
  });
});

test('a schedule or an alert that does not exist is not found', () => {
  withHistory((history) => {
    for (const ask of [
      () => history.schedules.change(3, exampleSchedule()),
      () => history.schedules.remove(3),
      () => history.schedules.noteDue(3, undefined),
      () => history.alerts.change(3, { state: 'resolved' }),
    ]) {
      assert.throws(ask, { code: 'not-found' });
    }
  });
});

test('alerts are listed newest first, those that were resolved only where they are asked for', () => {
  withHistory((history) => {
    const first = history.alerts.add(exampleAlert({ runIds: [4, 2, 9] }));
    assert.deepEqual(v.parse(alert, first), first);
    assert.deepEqual(first.runIds, [4, 2, 9]);
    const failure = exampleAlert({ kind: 'failure', baseline: undefined, observed: undefined });
    const second = history.alerts.add(failure);
    assert.deepEqual(history.alerts.list(), [second, first]);
    assert.deepEqual(history.alerts.counts(), { open: 2, acknowledged: 0 });
    const at = '2026-03-02T10:00:00.000Z';
    const acknowledged = history.alerts.change(first.id, { state: 'acknowledged', acknowledgedAt: at });
    assert.deepEqual(acknowledged, { ...first, state: 'acknowledged', acknowledgedAt: at });
    history.alerts.change(second.id, { state: 'resolved', resolvedAt: at, runIds: [1] });
    assert.deepEqual(history.alerts.counts(), { open: 0, acknowledged: 1 });
    assert.deepEqual(history.alerts.list(), [acknowledged]);
    assert.deepEqual(
      history.alerts.list({ all: true }).map(({ id, runIds }) => [id, runIds]),
      [
        [second.id, [1]],
        [first.id, [4, 2, 9]],
      ],
    );
  });
});

test('settings are the defaults but for what was set', () => {
  withHistory((history) => {
    assert.deepEqual(history.settings.get(), defaultDaemonSettings);
    history.settings.change({ idleUnloadSeconds: 60, alerts: { peakShare: 0.2 } });
    history.settings.change({ alerts: { sustainedChecks: 5 } });
    assert.deepEqual(history.settings.get(), {
      ...defaultDaemonSettings,
      idleUnloadSeconds: 60,
      alerts: { ...defaultDaemonSettings.alerts, peakShare: 0.2, sustainedChecks: 5 },
    });
  });
});

test('a setting out of its range is refused by its name, and nothing is changed', () => {
  withHistory((history) => {
    assert.throws(
      () => history.settings.change({ idleUnloadSeconds: 60, hostTimeoutSeconds: 1 }),
      /hostTimeoutSeconds/,
    );
    assert.deepEqual(history.settings.get(), defaultDaemonSettings);
  });
});

const judged = (() => {
  const profile = exampleProfile({ measured: Array.from({ length: 15 }, () => ({})) });
  return { ...profile, leaks: judgeRun({ iterations: profile.iterations, iterationsAsked: 15 }) };
})();

test("a schedule's checks come newest first with their host, complete ones unless all are asked for", () => {
  withHistory((history) => {
    const run = { trigger: scheduleTrigger(2) };
    finishedRun(history, { run, hostInstance: 'a' });
    finishedRun(history, { run, hostInstance: 'b', end: { state: 'failed' } });
    finishedRun(history, { run, hostInstance: 'b' });
    finishedRun(history, { run: { trigger: scheduleTrigger(3) } });
    const places = (options: Parameters<typeof history.runs.checksOf>[1]) =>
      history.runs.checksOf(2, options).map(({ id, hostInstance }) => [id, hostInstance]);
    assert.deepEqual(places({ limit: 10 }), [
      [3, 'b'],
      [1, 'a'],
    ]);
    assert.deepEqual(places({ limit: 1 }), [[3, 'b']]);
    assert.deepEqual(places({ limit: 10, before: 3 }), [[1, 'a']]);
    assert.deepEqual(places({ limit: 10, all: true }).length, 3);
    assert.equal('hostInstance' in (history.runs.get(1) ?? {}), false);
  });
});

const peaksOf = (history: History, limit: number): number[] =>
  history.runs.recentPeaks(limit).recentPeaks.map(({ runId }) => runId);

test('recent peaks are those of profiles of this machine, oldest first', () => {
  withHistory((history) => {
    assert.deepEqual(history.runs.recentPeaks(2), { recentPeaks: [] });
    finishedRun(history);
    history.runs.add(exampleRun());
    finishedRun(history);
    finishedRun(history);
    importLines(history, [JSON.stringify(exampleProfile({ name: 'fp32' }))]);
    assert.deepEqual(peaksOf(history, 2), [3, 4]);
    const { recentPeaks, recentPeaksOf } = history.runs.recentPeaks(1);
    const [{ at, model, peakBytes, activeBytes } = {}] = recentPeaks;
    assert.equal(at, history.runs.get(4)?.endedAt);
    assert.deepEqual([model, peakBytes, activeBytes], ['bf16', 600_000_000, 160_500_000]);
    const work = { model: 'bf16', voice: 'af_heart', text: 'Hello.', iterations: 5, warmupIterations: 1 };
    assert.deepEqual(recentPeaksOf, work);
  });
});

const request = (parameters: object) => ({ request: { kind: 'profile', parameters } });

const otherWork: readonly [what: string, run: Partial<NewRun>][] = [
  ['model', { models: ['fp32'], ...request({ model: 'fp32' }) }],
  ['voice', { voice: 'bf_emma' }],
  ['text', { text: 'Another sentence.' }],
  ['phonemes in the place of a text', { text: undefined, ...request({ phonemes: 'həlˈO.' }) }],
  ['number of iterations', { iterations: 6 }],
  ['number of warm-up iterations', { warmupIterations: 0 }],
  ['seed', request({ seed: 1 })],
  ['speed', request({ speed: 2 })],
  ['way of drawing noise', request({ deterministic: true })],
  ['attribution', request({ attribute: 'stages' })],
  ['process', request({ host: 'fresh' })],
  ['MLX', request({ mlx: { opsPerBuffer: 5 } })],
];

for (const [what, run] of otherWork) {
  test(`recent peaks leave out runs with another ${what}`, () => {
    withHistory((history) => {
      const usual = { run: request({}) };
      finishedRun(history, usual);
      finishedRun(history, { run });
      finishedRun(history, usual);
      assert.deepEqual(peaksOf(history, 30), [1, 3]);
      finishedRun(history, { run });
      assert.deepEqual(peaksOf(history, 30), [2, 4]);
    });
  });
}

test('a setting that is the default is the same work whether it was said or not', () => {
  withHistory((history) => {
    finishedRun(history, { run: request({}) });
    finishedRun(history, { run: request({ host: 'held', speed: 1, seed: 0, deterministic: false }) });
    assert.deepEqual(peaksOf(history, 30), [1, 2]);
  });
});

test('the last check is the newest whole profile that was judged', () => {
  withHistory((history) => {
    assert.equal(history.runs.lastCheck(), undefined);
    const { id, endedAt } = finishedRun(history, { document: judged, run: { iterations: 15 } });
    finishedRun(history, { end: { state: 'interrupted' } });
    const last = history.runs.lastCheck();
    assert.deepEqual([last?.runId, last?.at, last?.model, last?.leak], [id, endedAt, 'bf16', 'no-leak']);
    assert.match(last?.finding ?? '', /^No leak/);
  });
});

/** A profile whose active memory rises by so much per iteration, judged by the rule. */
function profileOf(measured: number, growth = 0): ProfileDocument {
  const profile = exampleProfile({
    measured: Array.from({ length: measured }, (_, place) => ({ activeBytes: 160_500_000 + growth * place })),
  });
  const confirmation = Array.from({ length: 2 * measured }, (_, place) => ({
    ...exampleSample(measured + place),
    activeBytes: 160_500_000 + growth * (measured + place),
  }));
  const leaks = judgeRun({ iterations: profile.iterations, iterationsAsked: measured, confirmation });
  return { ...profile, leaks };
}

describe('after a clean scheduled check', () => {
  const check = { document: profileOf(15), run: { iterations: 15, trigger: scheduleTrigger(1) } };
  const runs: readonly [what: string, isCheck: boolean, run: FinishedRun][] = [
    ['a manual profile of 3 iterations', false, { document: profileOf(3), run: { iterations: 3 } }],
    ['a manual profile of 9 iterations', false, { document: profileOf(9), run: { iterations: 9 } }],
    ['a manual profile of 10 iterations', true, { document: profileOf(10), run: { iterations: 10 } }],
    ['one of 15 with a planted leak', true, { document: profileOf(15, 4096), run: { iterations: 15 } }],
    [
      'a scheduled one of 3 iterations',
      true,
      { document: profileOf(3), run: { iterations: 3, trigger: scheduleTrigger(1) } },
    ],
    [
      'a canceled one',
      false,
      { document: profileOf(15), run: { iterations: 15 }, end: { state: 'cancelled' } },
    ],
    ['a failed one', false, { document: profileOf(15), run: { iterations: 15 }, end: { state: 'failed' } }],
    [
      'a scheduled one that was interrupted',
      false,
      {
        document: profileOf(15),
        run: { iterations: 15, trigger: scheduleTrigger(1) },
        end: { state: 'interrupted' },
      },
    ],
    [
      'a study',
      false,
      { document: profileOf(15), run: { iterations: 15, kind: 'study', models: ['bf16', 'fp32'] } },
    ],
  ];
  for (const [what, isCheck, run] of runs) {
    test(`${what} is ${isCheck ? 'the last check' : 'no check'}`, () => {
      withHistory((history) => {
        const { id } = finishedRun(history, check);
        const next = finishedRun(history, run);
        const last = history.runs.lastCheck();
        assert.equal(last?.runId, isCheck ? next.id : id);
        assert.equal(last.leak, isCheck ? next.leak : 'no-leak');
        assert.equal(isLeakCheck(next), isCheck);
      });
    });
  }

  test('a planted leak is found, so that the check says so', () => {
    assert.equal(summarizeLeaks(profileOf(15, 4096).leaks ?? []), 'leak');
    assert.equal(summarizeLeaks(profileOf(9, 4096).leaks ?? []), 'inconclusive');
  });

  test('an imported one is no check of this machine', () => {
    withHistory((history) => {
      const { id } = finishedRun(history, check);
      importLines(history, [JSON.stringify(profileOf(15, 4096))]);
      assert.equal(history.runs.lastCheck()?.runId, id);
      assert.equal(history.runs.list().runs.filter(isLeakCheck).length, 1);
    });
  });
});

test('the table of runs finds as checks what the rule calls so, for each kind, end, trigger and length', () => {
  withHistory((history) => {
    for (const kind of ['profile', 'study'] as const) {
      for (const state of ['complete', 'cancelled', 'interrupted', 'failed'] as const) {
        for (const trigger of [scheduleTrigger(1), { kind: 'request', client: 'raycast' } as const]) {
          for (const iterations of [1, 9, 10, 15]) {
            for (const document of [profileOf(iterations), exampleProfile()]) {
              const record = finishedRun(history, {
                document,
                run: { kind, trigger, iterations },
                end: { state },
              });
              const isFound = history.runs.lastCheck()?.runId === record.id;
              assert.equal(isFound, isLeakCheck(record), JSON.stringify(record));
            }
          }
        }
      }
    }
  });
});
