/** Schedules, alerts, settings and past checks as the history keeps them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { judgeRun } from '@tidemark/shared/analysis/leak-verdicts.ts';
import { alert, schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import {
  exampleAlert,
  exampleRun,
  exampleSchedule,
  finishedRun,
  importLines,
  scheduleTrigger,
  withHistory,
} from '../../test/example-histories.ts';

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

test('recent peaks are those of profiles of this machine, oldest first', () => {
  withHistory((history) => {
    finishedRun(history);
    history.runs.add(exampleRun());
    finishedRun(history);
    finishedRun(history);
    importLines(history, [JSON.stringify(exampleProfile({ name: 'fp32' }))]);
    assert.deepEqual(
      history.runs.recentPeaks(2).map(({ runId }) => runId),
      [3, 4],
    );
    const [{ at, model, peakBytes, activeBytes } = {}] = history.runs.recentPeaks(1);
    assert.equal(at, history.runs.get(4)?.endedAt);
    assert.deepEqual([model, peakBytes, activeBytes], ['bf16', 600_000_000, 160_500_000]);
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
