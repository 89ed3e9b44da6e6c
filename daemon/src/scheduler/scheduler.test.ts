/** The scheduler under a clock that the test owns: daylight-saving time, sleep, jumps, travels and restarts. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Bench, day, hour, hourly, minute, nightly } from '../../test/scheduler-bench.ts';

test('a check is begun at each due time, to the second, and its answer has the next', async () => {
  const bench = new Bench();
  const [schedule] = bench.start(nightly);
  assert.equal(schedule?.nextAt, '2026-06-01T03:00:00.000Z');
  assert.deepEqual(bench.scheduler.next(), {
    scheduleId: 1,
    name: 'nightly',
    at: '2026-06-01T03:00:00.000Z',
  });
  await bench.clock.runUntil('2026-06-01T03:00:00Z');
  assert.deepEqual(bench.begun, ['nightly 2026-06-01T03:00Z']);
  await bench.clock.runUntil('2026-06-03T12:00:00Z');
  assert.deepEqual(bench.begun.slice(1), ['nightly 2026-06-02T03:00Z', 'nightly 2026-06-03T03:00Z']);
  const { lastRunId, lastRunAt, nextAt, lastSkip } = bench.only();
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

test('the history is told of each plan, run and next time, as a restart needs them', async () => {
  const bench = new Bench();
  bench.start(nightly);
  await bench.clock.runUntil('2026-06-01T04:00:00Z');
  const [stored] = bench.history.schedules();
  assert.equal(stored?.nextAt, '2026-06-02T03:00:00.000Z');
  assert.equal(stored.lastRunAt, '2026-06-01T03:00:00.000Z');
});

describe('daylight-saving time', () => {
  const cases: readonly [zone: string, expression: string, start: string, end: string, expected: string[]][] =
    [
      [
        'Europe/Berlin',
        '30 2 * * *',
        '2026-03-28T00:00Z',
        '2026-03-31T00:00Z',
        ['03-28T01:30Z', '03-29T01:00Z', '03-30T00:30Z'],
      ],
      [
        'Europe/Berlin',
        '30 2 * * *',
        '2026-10-24T00:00Z',
        '2026-10-27T00:00Z',
        ['10-24T00:30Z', '10-25T00:30Z', '10-26T01:30Z'],
      ],
      [
        'America/New_York',
        '30 2 * * *',
        '2026-03-07T00:00Z',
        '2026-03-10T00:00Z',
        ['03-07T07:30Z', '03-08T07:00Z', '03-09T06:30Z'],
      ],
      [
        'America/New_York',
        '30 1 * * *',
        '2026-10-31T00:00Z',
        '2026-11-03T00:00Z',
        ['10-31T05:30Z', '11-01T05:30Z', '11-02T06:30Z'],
      ],
      [
        'Australia/Lord_Howe',
        '10 2 * * *',
        '2026-10-02T00:00Z',
        '2026-10-05T00:00Z',
        ['10-02T15:40Z', '10-03T15:30Z', '10-04T15:10Z'],
      ],
      [
        'Australia/Lord_Howe',
        '40 1 * * *',
        '2026-04-03T00:00Z',
        '2026-04-06T00:00Z',
        ['04-03T14:40Z', '04-04T14:40Z', '04-05T15:10Z'],
      ],
    ];
  for (const [timeZone, expression, start, end, expected] of cases) {
    test(`${expression} in ${timeZone} from ${start} runs once a day`, async () => {
      const bench = new Bench(start);
      bench.start({ ...nightly, timing: { kind: 'cron', expression, timeZone } });
      await bench.clock.runUntil(end);
      assert.deepEqual(
        bench.begun,
        expected.map((each) => `nightly 2026-${each}`),
      );
    });
  }
});

describe('sleep', () => {
  test('three days of it cost one late check, within half a minute of waking, which says how many it stands for', async () => {
    const bench = new Bench();
    bench.start(nightly);
    await bench.clock.runUntil('2026-06-01T12:00:00Z');
    bench.clock.jump(3 * day);
    await bench.clock.run(30_000);
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T03:00Z', 'nightly 2026-06-04T12:00Z']);
    assert.deepEqual(bench.only().lastSkip, {
      at: '2026-06-04T12:00:30.000Z',
      reason: 'The machine slept, or the daemon did not run: one check stands for 3 due times.',
      missed: 2,
    });
    await bench.clock.runUntil('2026-06-05T12:00:00Z');
    assert.deepEqual(bench.begun.slice(2), ['nightly 2026-06-05T03:00Z']);
  });

  test('a single due time in it is made up for, and none was missed', async () => {
    const bench = new Bench();
    bench.start(nightly);
    await bench.clock.run(hour);
    bench.clock.jump(4 * hour);
    await bench.clock.run(minute);
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T05:01Z']);
    assert.equal(bench.only().lastSkip, undefined);
  });

  test('of several schedules each is made up for once, one after the other', async () => {
    const bench = new Bench();
    bench.start(nightly, hourly);
    await bench.clock.run(minute);
    bench.clock.jump(2 * day);
    await bench.clock.run(10 * minute);
    assert.deepEqual(bench.begun, ['hourly 2026-06-03T00:02Z', 'nightly 2026-06-03T00:04Z']);
    assert.equal(bench.mostAtWork, 1);
    assert.deepEqual(
      bench.scheduler.list().map(({ lastSkip }) => lastSkip?.missed),
      [1, 47],
    );
  });

  test('a year of a check each minute is counted up to a thousand, and soon', async () => {
    const bench = new Bench();
    bench.start({ ...nightly, timing: { kind: 'cron', expression: '* * * * *' } });
    bench.clock.jump(365 * day);
    await bench.clock.run(minute);
    assert.equal(bench.begun.length, 1);
    assert.equal(bench.only().lastSkip?.missed, 1000);
  });
});

describe('a clock that is set', () => {
  test('back by an hour does not repeat the check that it has had', async () => {
    const bench = new Bench();
    bench.start(nightly);
    await bench.clock.runUntil('2026-06-01T03:30:00Z');
    bench.clock.jump(-hour);
    await bench.clock.run(20 * hour);
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T03:00Z']);
    await bench.clock.runUntil('2026-06-02T03:00:00Z');
    assert.equal(bench.begun.at(-1), 'nightly 2026-06-02T03:00Z');
  });

  test('back by five hours was wrong, and what is due then is due', async () => {
    const bench = new Bench();
    bench.start(nightly);
    await bench.clock.runUntil('2026-06-02T03:30:00Z');
    bench.clock.jump(-5 * hour);
    await bench.clock.runUntil('2026-06-02T03:00:00Z');
    assert.deepEqual(bench.begun.slice(1), ['nightly 2026-06-02T03:00Z', 'nightly 2026-06-02T03:00Z']);
  });

  test('back by a year, since it was wrong, does not stop the checks for a year', async () => {
    const bench = new Bench('2027-06-01T00:00:30Z');
    bench.start(nightly, hourly);
    await bench.clock.runUntil('2027-06-01T03:30:00Z');
    bench.begun.length = 0;
    bench.clock.jump(-365 * day);
    await bench.clock.runUntil('2026-06-01T04:40:00Z');
    assert.deepEqual(bench.begun, ['hourly 2026-06-01T04:00Z']);
    await bench.clock.runUntil('2026-06-02T03:10:00Z');
    assert.ok(
      bench.begun.includes('nightly 2026-06-02T03:00Z') || bench.begun.includes('nightly 2026-06-02T03:02Z'),
    );
  });

  test('back while the daemon does not run is noticed when it starts', async () => {
    const bench = new Bench('2027-06-01T00:00:30Z');
    bench.start(nightly);
    await bench.clock.run(hour);
    bench.scheduler.stop();
    bench.clock.jump(-365 * day);
    bench.restart();
    assert.equal(bench.only().nextAt, '2026-06-01T03:00:00.000Z');
  });

  test('back a little leaves an interval as long as it was', async () => {
    const bench = new Bench('2026-06-01T00:00:00Z');
    bench.start(hourly);
    await bench.clock.runUntil('2026-06-01T01:05:00Z');
    bench.clock.jump(-7 * minute);
    await bench.clock.runUntil('2026-06-01T01:59:00Z');
    assert.deepEqual(bench.begun, ['hourly 2026-06-01T01:00Z']);
    await bench.clock.runUntil('2026-06-01T02:00:00Z');
    assert.equal(bench.begun.length, 2);
  });

  test('forward by a month begins one check, and goes on from there', async () => {
    const bench = new Bench();
    bench.start(nightly);
    await bench.clock.run(minute);
    bench.clock.jump(30 * day);
    await bench.clock.run(minute);
    assert.equal(bench.begun.length, 1);
    assert.equal(bench.only().nextAt, '2026-07-01T03:00:00.000Z');
    assert.equal(bench.only().lastSkip?.missed, 29);
  });
});

describe('a machine that travels', () => {
  test('has its next check at the new place’s time, within half a minute of arriving', async () => {
    const bench = new Bench('2026-06-01T16:00:00Z');
    bench.timeZone = 'Europe/Berlin';
    bench.start(nightly, {
      ...nightly,
      name: 'fixed',
      timing: { kind: 'cron', expression: '0 3 * * *', timeZone: 'Asia/Tokyo' },
    });
    assert.equal(bench.only().nextAt, '2026-06-02T01:00:00.000Z');
    bench.timeZone = 'America/New_York';
    await bench.clock.run(30_000);
    assert.equal(bench.only().nextAt, '2026-06-02T07:00:00.000Z');
    bench.timeZone = 'Asia/Tokyo';
    await bench.clock.run(30_000);
    assert.equal(bench.only().nextAt, '2026-06-01T18:00:00.000Z');
    await bench.clock.runUntil('2026-06-01T18:10:00Z');
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T18:00Z', 'fixed 2026-06-01T18:02Z']);
  });

  test('keeps an interval, and a jitter that was drawn', async () => {
    const bench = new Bench();
    bench.random = 0.5;
    bench.start(
      { ...hourly, jitterSeconds: 600 },
      { ...nightly, timing: { kind: 'cron', expression: '0 * * * *', timeZone: 'UTC' }, jitterSeconds: 1200 },
    );
    const before = bench.scheduler.list().map(({ nextAt }) => nextAt);
    bench.random = 0.9;
    bench.timeZone = 'Asia/Tokyo';
    await bench.clock.run(minute);
    assert.deepEqual(
      bench.scheduler.list().map(({ nextAt }) => nextAt),
      before,
    );
  });
});

describe('a restart', () => {
  test('begins once what came due meanwhile', async () => {
    const bench = new Bench();
    bench.start(nightly);
    await bench.clock.run(hour);
    bench.scheduler.stop();
    bench.clock.jump(2 * day);
    bench.restart();
    await bench.clock.run(hour);
    assert.deepEqual(bench.begun, ['nightly 2026-06-03T01:00Z']);
    assert.equal(bench.only().lastSkip?.missed, 1);
  });

  test('forgets no plan and keeps the jitter that was drawn', async () => {
    const bench = new Bench();
    bench.random = 0.5;
    bench.start({ ...nightly, jitterSeconds: 3600 });
    await bench.clock.runUntil('2026-06-01T03:10:00Z');
    bench.random = 0.1;
    bench.restart();
    assert.equal(bench.only().nextAt, '2026-06-01T03:30:00.000Z');
    await bench.clock.runUntil('2026-06-01T05:00:00Z');
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T03:30Z']);
  });

  test('does not begin again a check that was begun and not yet noted', async () => {
    const bench = new Bench();
    const [schedule] = bench.start(nightly);
    assert.ok(schedule);
    await bench.clock.runUntil('2026-06-01T02:59:59Z');
    bench.scheduler.stop();
    await bench.clock.run(1000);
    // As far as a daemon came that was killed right after the run was in the history.
    const run = bench.history.addRun(schedule, { state: 'interrupted' });
    await bench.clock.run(minute);
    bench.restart();
    await bench.clock.run(hour);
    assert.deepEqual(bench.begun, []);
    assert.equal(bench.only().lastRunId, run.id);
    assert.equal(bench.only().nextAt, '2026-06-02T03:00:00.000Z');
  });

  test('does not begin again a check that was noted, where only its next time was not', async () => {
    const bench = new Bench();
    const [schedule] = bench.start(nightly);
    await bench.clock.runUntil('2026-06-01T03:00:00Z');
    assert.ok(schedule);
    bench.history.noteScheduleDue(schedule.id, new Date('2026-06-01T03:00:00Z'));
    bench.history.endRun(1, { state: 'interrupted' });
    bench.restart();
    await bench.clock.run(hour);
    assert.equal(bench.begun.length, 1);
    assert.equal(bench.only().nextAt, '2026-06-02T03:00:00.000Z');
  });

  test('does begin what came due, though the last check was at a time that is yet to come', async () => {
    const bench = new Bench('2027-06-01T00:00:30Z');
    bench.start(nightly);
    await bench.clock.runUntil('2027-06-01T03:30:00Z');
    bench.clock.jump(-365 * day);
    await bench.clock.run(minute);
    bench.scheduler.stop();
    bench.clock.jump(day);
    bench.restart();
    await bench.clock.run(minute);
    assert.equal(bench.begun.at(-1), 'nightly 2026-06-02T03:31Z');
  });

  test('does begin what was due and still waited for another run', async () => {
    const bench = new Bench();
    bench.start(nightly);
    bench.isOccupied = true;
    await bench.clock.runUntil('2026-06-01T03:10:00Z');
    bench.restart();
    bench.isOccupied = false;
    await bench.clock.run(minute);
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T03:10Z']);
  });

  test('a stopped scheduler begins nothing and keeps no timer', async () => {
    const bench = new Bench();
    bench.start(nightly);
    await bench.clock.run(minute);
    bench.scheduler.stop();
    assert.equal(bench.clock.timers, 0);
    await bench.clock.run(2 * day);
    assert.deepEqual(bench.begun, []);
  });
});
