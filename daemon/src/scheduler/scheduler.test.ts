/** The scheduler under a clock that the test owns: daylight-saving time, sleep, jumps, travels and restarts. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  SchedulerSimulation,
  worldWith,
  day,
  hour,
  hourly,
  minute,
  nightly,
} from '../../test/schedule-simulation.ts';

test('a check is begun at each due time, to the second, and its answer has the next', async () => {
  using world = new SchedulerSimulation();
  const [schedule] = world.start(nightly);
  assert.equal(schedule?.nextAt, '2026-06-01T03:00:00.000Z');
  assert.deepEqual(world.scheduler.next(), {
    scheduleId: 1,
    name: 'nightly',
    at: '2026-06-01T03:00:00.000Z',
  });
  await world.clock.runUntil('2026-06-01T03:00:00Z');
  assert.deepEqual(world.begun, ['nightly 2026-06-01T03:00Z']);
  await world.clock.runUntil('2026-06-03T12:00:00Z');
  assert.deepEqual(world.begun.slice(1), ['nightly 2026-06-02T03:00Z', 'nightly 2026-06-03T03:00Z']);
  const { lastRunId, lastRunAt, nextAt, lastSkip } = world.only();
  assert.deepEqual(
    { lastRunId, lastRunAt, nextAt, lastSkip },
    {
      lastRunId: 3,
      lastRunAt: '2026-06-03T03:00:00.000Z',
      nextAt: '2026-06-04T03:00:00.000Z',
      lastSkip: undefined,
    },
  );
});

describe('daylight-saving time', () => {
  for (const [expression, timeZone, start, end, expected] of [
    ['30 2 * * *', 'Europe/Berlin', '03-28', '03-31', '03-28T01:30Z 03-29T01:00Z 03-30T00:30Z'],
    ['30 2 * * *', 'Europe/Berlin', '10-24', '10-27', '10-24T00:30Z 10-25T00:30Z 10-26T01:30Z'],
    ['30 2 * * *', 'America/New_York', '03-07', '03-10', '03-07T07:30Z 03-08T07:00Z 03-09T06:30Z'],
    ['30 1 * * *', 'America/New_York', '10-31', '11-03', '10-31T05:30Z 11-01T05:30Z 11-02T06:30Z'],
    ['10 2 * * *', 'Australia/Lord_Howe', '10-02', '10-05', '10-02T15:40Z 10-03T15:30Z 10-04T15:10Z'],
    ['40 1 * * *', 'Australia/Lord_Howe', '04-03', '04-06', '04-03T14:40Z 04-04T14:40Z 04-05T15:10Z'],
  ] as const) {
    test(`${expression} in ${timeZone} from ${start} runs once a day`, async () => {
      using world = new SchedulerSimulation(`2026-${start}T00:00Z`);
      world.start({ ...nightly, timing: { kind: 'cron', expression, timeZone } });
      await world.clock.runUntil(`2026-${end}T00:00Z`);
      assert.deepEqual(
        world.begun,
        expected.split(' ').map((each) => `nightly 2026-${each}`),
      );
    });
  }
});

describe('sleep', () => {
  test('three days of it cost one late check, within half a minute of waking, which says how many it stands for', async () => {
    using world = worldWith(nightly);
    await world.clock.runUntil('2026-06-01T12:00:00Z');
    world.clock.jump(3 * day);
    await world.clock.run(30_000);
    assert.deepEqual(world.begun, ['nightly 2026-06-01T03:00Z', 'nightly 2026-06-04T12:00Z']);
    assert.deepEqual(world.only().lastSkip, {
      at: '2026-06-04T12:00:30.000Z',
      reason: 'The machine was asleep or the daemon was not running: one check replaces 3 scheduled checks.',
      missed: 2,
    });
    await world.clock.runUntil('2026-06-05T12:00:00Z');
    assert.deepEqual(world.begun.slice(2), ['nightly 2026-06-05T03:00Z']);
  });

  test('a single due time in it is made up for, and none was missed', async () => {
    using world = worldWith(nightly);
    await world.clock.run(hour);
    world.clock.jump(4 * hour);
    await world.clock.run(minute);
    assert.deepEqual(world.begun, ['nightly 2026-06-01T05:01Z']);
    assert.equal(world.only().lastSkip, undefined);
  });

  test('of several schedules each is made up for once, one after the other', async () => {
    using world = worldWith(nightly, hourly);
    await world.clock.run(minute);
    world.clock.jump(2 * day);
    await world.clock.run(10 * minute);
    assert.deepEqual(world.begun, ['hourly 2026-06-03T00:02Z', 'nightly 2026-06-03T00:04Z']);
    assert.equal(world.mostAtWork, 1);
    assert.deepEqual(
      world.scheduler.list().map(({ lastSkip }) => lastSkip?.missed),
      [1, 47],
    );
  });

  test('a year of a check each minute is counted up to a thousand, and soon', async () => {
    using world = worldWith({ ...nightly, timing: { kind: 'cron', expression: '* * * * *' } });
    world.clock.jump(365 * day);
    await world.clock.run(minute);
    assert.equal(world.begun.length, 1);
    assert.equal(world.only().lastSkip?.missed, 1000);
  });
});

describe('a clock that is set', () => {
  test('back by an hour does not repeat the check that it has had', async () => {
    using world = worldWith(nightly);
    await world.clock.runUntil('2026-06-01T03:30:00Z');
    world.clock.jump(-hour);
    await world.clock.run(20 * hour);
    assert.deepEqual(world.begun, ['nightly 2026-06-01T03:00Z']);
    await world.clock.runUntil('2026-06-02T03:00:00Z');
    assert.equal(world.begun.at(-1), 'nightly 2026-06-02T03:00Z');
  });

  test('back by five hours was wrong, and what is due then is due', async () => {
    using world = worldWith(nightly);
    await world.clock.runUntil('2026-06-02T03:30:00Z');
    world.clock.jump(-5 * hour);
    await world.clock.runUntil('2026-06-02T03:00:00Z');
    assert.deepEqual(world.begun.slice(1), ['nightly 2026-06-02T03:00Z', 'nightly 2026-06-02T03:00Z']);
  });

  test('back by a year, since it was wrong, does not stop the checks for a year', async () => {
    using world = new SchedulerSimulation('2027-06-01T00:00:30Z');
    world.start(nightly, hourly);
    await world.clock.runUntil('2027-06-01T03:30:00Z');
    world.begun.length = 0;
    world.clock.jump(-365 * day);
    await world.clock.runUntil('2026-06-01T04:40:00Z');
    assert.deepEqual(world.begun, ['hourly 2026-06-01T04:00Z']);
    await world.clock.runUntil('2026-06-02T03:10:00Z');
    assert.ok(
      world.begun.includes('nightly 2026-06-02T03:00Z') || world.begun.includes('nightly 2026-06-02T03:02Z'),
    );
  });

  test('back while the daemon does not run is noticed when it starts', async () => {
    using world = new SchedulerSimulation('2027-06-01T00:00:30Z');
    world.start(nightly);
    await world.clock.run(hour);
    world.scheduler.stop();
    world.clock.jump(-365 * day);
    world.restart();
    assert.equal(world.only().nextAt, '2026-06-01T03:00:00.000Z');
  });

  test('back a little leaves an interval as long as it was', async () => {
    using world = new SchedulerSimulation('2026-06-01T00:00:00Z');
    world.start(hourly);
    await world.clock.runUntil('2026-06-01T01:05:00Z');
    world.clock.jump(-7 * minute);
    await world.clock.runUntil('2026-06-01T01:59:00Z');
    assert.deepEqual(world.begun, ['hourly 2026-06-01T01:00Z']);
    await world.clock.runUntil('2026-06-01T02:00:00Z');
    assert.equal(world.begun.length, 2);
  });

  test('forward by a month begins one check, and goes on from there', async () => {
    using world = worldWith(nightly);
    await world.clock.run(minute);
    world.clock.jump(30 * day);
    await world.clock.run(minute);
    assert.equal(world.begun.length, 1);
    assert.equal(world.only().nextAt, '2026-07-01T03:00:00.000Z');
    assert.equal(world.only().lastSkip?.missed, 29);
  });
});

describe('a machine that travels', () => {
  test('has its next check at the new place’s time, within half a minute of arriving', async () => {
    using world = new SchedulerSimulation('2026-06-01T16:00:00Z');
    world.timeZone = 'Europe/Berlin';
    world.start(nightly, {
      ...nightly,
      name: 'fixed',
      timing: { kind: 'cron', expression: '0 3 * * *', timeZone: 'Asia/Tokyo' },
    });
    assert.equal(world.only().nextAt, '2026-06-02T01:00:00.000Z');
    world.timeZone = 'America/New_York';
    await world.clock.run(30_000);
    assert.equal(world.only().nextAt, '2026-06-02T07:00:00.000Z');
    world.timeZone = 'Asia/Tokyo';
    await world.clock.run(30_000);
    assert.equal(world.only().nextAt, '2026-06-01T18:00:00.000Z');
    await world.clock.runUntil('2026-06-01T18:10:00Z');
    assert.deepEqual(world.begun, ['nightly 2026-06-01T18:00Z', 'fixed 2026-06-01T18:02Z']);
  });

  test('keeps an interval, and a jitter that was drawn', async () => {
    using world = new SchedulerSimulation();
    world.random = 0.5;
    world.start(
      { ...hourly, jitterSeconds: 600 },
      { ...nightly, timing: { kind: 'cron', expression: '0 * * * *', timeZone: 'UTC' }, jitterSeconds: 1200 },
    );
    const before = world.scheduler.list().map(({ nextAt }) => nextAt);
    world.random = 0.9;
    world.timeZone = 'Asia/Tokyo';
    await world.clock.run(minute);
    assert.deepEqual(
      world.scheduler.list().map(({ nextAt }) => nextAt),
      before,
    );
  });
});

describe('a restart', () => {
  test('a day, through a month of nights and a change of the clocks, leaves each night one check', async () => {
    using world = new SchedulerSimulation('2026-03-01T12:00:00Z');
    world.start({
      ...nightly,
      timing: { kind: 'cron', expression: '30 2 * * *', timeZone: 'Europe/Berlin' },
    });
    await world.clock.runUntil('2026-03-01T12:15:00Z');
    world.clock.jump(12 * hour);
    for (let place = 0; place < 31; place += 1) {
      // Awake from 00:15 to 01:45 UTC.
      await world.clock.run(1.5 * hour);
      world.restart();
      world.clock.jump(22.5 * hour);
    }
    assert.equal(new Set(world.begun.map((each) => each.slice(0, 'nightly 2026-03-28'.length))).size, 31);
    assert.equal(world.begun.length, 31);
    assert.deepEqual(world.begun.slice(26, 29), [
      'nightly 2026-03-28T01:30Z',
      'nightly 2026-03-29T01:00Z',
      'nightly 2026-03-30T00:30Z',
    ]);
    assert.deepEqual([world.only().lastRunId, world.only().nextAt], [31, '2026-04-02T00:30:00.000Z']);
  });

  test('begins once what came due meanwhile', async () => {
    using world = worldWith(nightly);
    await world.clock.run(hour);
    world.scheduler.stop();
    world.clock.jump(2 * day);
    world.restart();
    await world.clock.run(hour);
    assert.deepEqual(world.begun, ['nightly 2026-06-03T01:00Z']);
    assert.equal(world.only().lastSkip?.missed, 1);
  });

  test('forgets no plan and keeps the jitter that was drawn', async () => {
    using world = new SchedulerSimulation();
    world.random = 0.5;
    world.start({ ...nightly, jitterSeconds: 3600 });
    await world.clock.runUntil('2026-06-01T03:10:00Z');
    world.random = 0.1;
    world.restart();
    assert.equal(world.only().nextAt, '2026-06-01T03:30:00.000Z');
    await world.clock.runUntil('2026-06-01T05:00:00Z');
    assert.deepEqual(world.begun, ['nightly 2026-06-01T03:30Z']);
  });

  test('does not begin again a check that was begun and not yet noted', async () => {
    using world = new SchedulerSimulation();
    const [schedule] = world.start(nightly);
    assert.ok(schedule);
    await world.clock.runUntil('2026-06-01T02:59:59Z');
    world.scheduler.stop();
    await world.clock.run(1000);
    // As far as a daemon came that was killed right after the run was in the history.
    const run = world.addRun(schedule);
    world.history.runs.finish(run.id, { state: 'interrupted' });
    await world.clock.run(minute);
    world.restart();
    await world.clock.run(hour);
    assert.deepEqual(world.begun, []);
    const { lastRunId, lastRunAt, nextAt } = world.only();
    assert.deepEqual(
      { lastRunId, lastRunAt, nextAt },
      { lastRunId: run.id, lastRunAt: '2026-06-01T03:00:00.000Z', nextAt: '2026-06-02T03:00:00.000Z' },
    );
  });

  test('does not begin again a check that was noted, where only its next time was not', async () => {
    using world = new SchedulerSimulation();
    const [schedule] = world.start(nightly);
    await world.clock.runUntil('2026-06-01T03:00:00Z');
    assert.ok(schedule);
    world.history.schedules.noteDue(schedule.id, new Date('2026-06-01T03:00:00Z'));
    world.history.runs.finish(1, { state: 'interrupted' });
    world.restart();
    await world.clock.run(hour);
    assert.equal(world.begun.length, 1);
    assert.equal(world.only().nextAt, '2026-06-02T03:00:00.000Z');
  });

  test('does begin what came due, though the last check was at a time that is yet to come', async () => {
    using world = new SchedulerSimulation('2027-06-01T00:00:30Z');
    world.start(nightly);
    await world.clock.runUntil('2027-06-01T03:30:00Z');
    world.clock.jump(-365 * day);
    await world.clock.run(minute);
    world.scheduler.stop();
    world.clock.jump(day);
    world.restart();
    await world.clock.run(minute);
    assert.equal(world.begun.at(-1), 'nightly 2026-06-02T03:31Z');
  });

  test('does begin what was due and still waited for another run', async () => {
    using world = worldWith(nightly);
    world.isOccupied = true;
    await world.clock.runUntil('2026-06-01T03:10:00Z');
    world.restart();
    world.isOccupied = false;
    await world.clock.run(minute);
    assert.deepEqual(world.begun, ['nightly 2026-06-01T03:10Z']);
  });

  test('a stopped scheduler begins nothing and keeps no timer', async () => {
    using world = worldWith(nightly);
    await world.clock.run(minute);
    world.scheduler.stop();
    assert.equal(world.clock.timers, 0);
    await world.clock.run(2 * day);
    assert.deepEqual(world.begun, []);
  });
});
