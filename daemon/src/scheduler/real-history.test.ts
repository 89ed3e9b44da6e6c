/** Scheduler and alerts over the history on a disk: what they need of it is there after each restart. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { exampleSchedule, finishedRun } from '../../test/example-histories.ts';
import { openHistory } from '../history/history.ts';
import type { History } from '../history/history.ts';
import { AlertKeeper } from '../alerts/alert-keeper.ts';
import { ControlledClock } from '../../test/controlled-clock.ts';
import { Scheduler } from './scheduler.ts';

const minute = 60_000;
const hour = 60 * minute;

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A daemon as far as checks go: each is over as soon as it begins, with the peak that the test sets. */
class Days {
  readonly folder: string;
  readonly clock = new ControlledClock('2026-03-01T12:00:00Z');
  readonly begun: string[] = [];
  peakBytes = 600_000_000;
  told: string[] = [];
  history: History;
  scheduler: Scheduler;
  alerts: AlertKeeper;

  constructor(context: TestContext) {
    this.folder = mkdtempSync(join(tmpdir(), 'tidemark-schedule-'));
    context.after(() => {
      this.scheduler.stop();
      this.history.close();
      rmSync(this.folder, { recursive: true });
    });
    ({ history: this.history, scheduler: this.scheduler, alerts: this.alerts } = this.open());
  }

  open(): { history: History; scheduler: Scheduler; alerts: AlertKeeper } {
    const { clock } = this;
    const { history } = openHistory(this.folder, { now: () => clock.now() });
    const alerts = new AlertKeeper({
      history,
      clock,
      notify: () => Promise.resolve(),
      onAlert: ({ kind, state }) => void this.told.push(`${kind} ${state}`),
    });
    const scheduler = new Scheduler({
      history,
      clock,
      power: () => Promise.resolve({ source: 'mains' }),
      isBusy: () => false,
      startCheck: (schedule) => this.check(schedule),
      log: silent,
      machineTimeZone: () => 'UTC',
    });
    scheduler.start();
    return { history, scheduler, alerts };
  }

  restart(): void {
    this.scheduler.stop();
    this.history.close();
    ({ history: this.history, scheduler: this.scheduler, alerts: this.alerts } = this.open());
  }

  check({ id: scheduleId, name: scheduleName, iterations, warmupIterations }: Schedule): RunRecord {
    this.begun.push(this.clock.now().toISOString().slice(0, 16));
    const run = finishedRun(this.history, {
      run: { trigger: { kind: 'schedule', scheduleId, scheduleName }, iterations, warmupIterations },
      document: exampleProfile({
        measured: Array.from({ length: 5 }, () => ({ peakBytes: this.peakBytes })),
      }),
    });
    this.alerts.afterCheck(run);
    return run;
  }
}

test('a month of nights across daylight-saving time, a restart a day, and each night has one check', async (context) => {
  const days = new Days(context);
  days.scheduler.set(
    undefined,
    exampleSchedule({
      jitterSeconds: 0,
      timing: { kind: 'cron', expression: '30 2 * * *', timeZone: 'Europe/Berlin' },
    }),
  );
  await days.clock.runUntil('2026-03-01T12:15:00Z');
  days.clock.jump(12 * hour);
  for (let place = 0; place < 31; place += 1) {
    // Awake from 00:15 to 01:45 UTC.
    await days.clock.run(1.5 * hour);
    days.restart();
    days.clock.jump(22.5 * hour);
  }
  assert.equal(days.begun.length, 31);
  assert.equal(new Set(days.begun.map((each) => each.slice(0, 10))).size, 31);
  assert.deepEqual(days.begun.slice(26, 29), ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']);
  const [schedule] = days.scheduler.list();
  assert.equal(schedule?.lastRunId, 31);
  assert.equal(schedule.nextAt, '2026-04-02T00:30:00.000Z');
});

test('an alert outlives restarts: raised once, acknowledged once, resolved once', async (context) => {
  const days = new Days(context);
  days.scheduler.set(undefined, exampleSchedule({ jitterSeconds: 0 }));
  const nights = async (count: number, peakBytes: number): Promise<void> => {
    days.peakBytes = peakBytes;
    for (let place = 0; place < count; place += 1) {
      days.clock.jump(24 * hour);
      await days.clock.run(minute);
      days.restart();
    }
  };
  await nights(8, 600_000_000);
  await nights(2, 690_000_000);
  assert.deepEqual(days.told, []);
  await nights(3, 690_000_000);
  assert.deepEqual(days.told, ['peak open']);
  const [alert] = days.alerts.list();
  assert.deepEqual(
    [alert?.baseline, alert?.observed, alert?.runIds],
    [600_000_000, 690_000_000, [9, 10, 11]],
  );
  days.alerts.acknowledge();
  await nights(3, 600_000_000);
  assert.deepEqual(days.told, ['peak open', 'peak acknowledged', 'peak resolved']);
  assert.deepEqual(days.alerts.list(), []);
});

test('a daemon that is killed right after a run is in the history does not begin it again', async (context) => {
  const days = new Days(context);
  const { id } = days.scheduler.set(undefined, exampleSchedule({ jitterSeconds: 0 }));
  await days.clock.runUntil('2026-03-02T01:59:00Z');
  const next = days.scheduler.list()[0]?.nextAt;
  assert.equal(next, '2026-03-02T02:00:00.000Z');
  days.scheduler.stop();
  await days.clock.runUntil('2026-03-02T02:00:01Z');
  days.check(days.scheduler.list()[0] ?? assert.fail());
  await days.clock.run(minute);
  days.restart();
  await days.clock.run(hour);
  assert.equal(days.begun.length, 1);
  const schedule = days.scheduler.list().find((each) => each.id === id);
  assert.equal(schedule?.lastRunAt, '2026-03-02T02:00:01.000Z');
  assert.equal(schedule.nextAt, '2026-03-03T02:00:00.000Z');
});
