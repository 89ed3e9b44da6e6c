/** What a person asks of the scheduler: to add, change, pause and remove schedules, and to check now. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Bench, day, hour, hourly, minute, nightly } from '../../test/scheduler-bench.ts';

describe('a person', () => {
  test('pauses one, which is then not due, and resumes it from now on', async () => {
    const bench = new Bench();
    bench.start(nightly, hourly);
    bench.scheduler.pause(2, true);
    assert.equal(bench.scheduler.list()[1]?.nextAt, undefined);
    await bench.clock.run(5 * hour);
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T03:00Z']);
    bench.scheduler.pause(2, false);
    assert.equal(bench.scheduler.list()[1]?.nextAt, '2026-06-01T06:00:30.000Z');
    assert.equal(bench.scheduler.list()[1]?.lastSkip, undefined);
  });

  test('pauses all, which leaves each one’s own setting', async () => {
    const bench = new Bench();
    bench.start(nightly, { ...hourly, paused: true });
    bench.scheduler.pause(undefined, true);
    assert.equal(bench.scheduler.isPaused, true);
    assert.equal(bench.scheduler.next(), undefined);
    assert.equal(bench.history.schedules()[0]?.nextAt, undefined);
    bench.restart();
    await bench.clock.run(2 * day);
    assert.deepEqual(bench.begun, []);
    bench.scheduler.pause(undefined, false);
    assert.deepEqual(
      bench.scheduler.list().map(({ paused, nextAt }) => ({ paused, nextAt })),
      [
        { paused: false, nextAt: '2026-06-03T03:00:00.000Z' },
        { paused: true, nextAt: undefined },
      ],
    );
  });

  test('changes the daemon’s settings, of which it is told', async () => {
    const bench = new Bench();
    bench.start(nightly);
    bench.history.changeSettings({ schedulesPaused: true });
    bench.scheduler.reconsider();
    assert.equal(bench.scheduler.next(), undefined);
    await bench.clock.run(day);
    assert.deepEqual(bench.begun, []);
  });

  test('changes a timing, from which it is planned anew; a name changes no plan', () => {
    const bench = new Bench();
    bench.random = 0.5;
    bench.start({ ...nightly, jitterSeconds: 600 });
    bench.random = 0.9;
    const renamed = bench.scheduler.set(1, { ...nightly, jitterSeconds: 600, name: 'renamed' });
    assert.equal(renamed.nextAt, '2026-06-01T03:05:00.000Z');
    const moved = bench.scheduler.set(1, { ...nightly, timing: { kind: 'cron', expression: '0 5 * * *' } });
    assert.equal(moved.nextAt, '2026-06-01T05:00:00.000Z');
  });

  test('is refused a timing that cannot be, and nothing is changed', () => {
    const bench = new Bench();
    bench.start(nightly);
    const wrong = { ...nightly, timing: { kind: 'cron', expression: '61 * * * *' } } as const;
    for (const id of [undefined, 1]) {
      assert.throws(() => bench.scheduler.set(id, wrong), { code: 'bad-input' });
    }
    assert.equal(bench.scheduler.list().length, 1);
    assert.equal(bench.only().nextAt, '2026-06-01T03:00:00.000Z');
  });

  test('is told of a schedule that is not there', () => {
    const bench = new Bench();
    bench.scheduler.start();
    for (const ask of [
      () => bench.scheduler.set(7, nightly),
      () => bench.scheduler.remove(7),
      () => bench.scheduler.pause(7, true),
      () => bench.scheduler.checkNow(7),
    ]) {
      assert.throws(ask, { code: 'not-found', message: 'There is no schedule 7.' });
    }
  });

  test('asks for a check now, which changes no plan, and for a second one in vain', async () => {
    const bench = new Bench();
    bench.start({ ...nightly, paused: true, skipOnBattery: true });
    bench.power = { source: 'battery' };
    bench.scheduler.checkNow(1);
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T00:00Z']);
    assert.throws(() => bench.scheduler.checkNow(1), {
      code: 'busy',
      message: 'A check of "nightly" is running already, as run 1.',
    });
    await bench.clock.run(3 * minute);
    bench.scheduler.pause(1, false);
    bench.scheduler.checkNow(1);
    assert.equal(bench.only().nextAt, '2026-06-01T03:00:00.000Z');
    assert.equal(bench.begun.length, 2);
  });

  test('asks for the check that waits, and it is not begun a second time', async () => {
    const bench = new Bench();
    bench.start(nightly);
    bench.isOccupied = true;
    await bench.clock.runUntil('2026-06-01T03:05:00Z');
    bench.scheduler.checkNow(1);
    bench.isOccupied = false;
    await bench.clock.run(hour);
    assert.equal(bench.begun.length, 1);
  });

  test('hears of each change', async () => {
    const bench = new Bench();
    bench.start(nightly);
    const changes = bench.changes;
    await bench.clock.runUntil('2026-06-01T02:00:00Z');
    assert.equal(bench.changes, changes);
    await bench.clock.runUntil('2026-06-01T03:00:00Z');
    assert.equal(bench.changes, changes + 1);
  });
});
