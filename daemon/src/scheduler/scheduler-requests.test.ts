/** What a person asks of the scheduler: to add, change, pause and remove schedules, and to check now. */

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

describe('a person', () => {
  test('pauses one, which is then not due, and resumes it from now on', async () => {
    using world = worldWith(nightly, hourly);
    world.scheduler.pause(2, true);
    assert.equal(world.scheduler.list()[1]?.nextAt, undefined);
    await world.clock.run(5 * hour);
    assert.deepEqual(world.begun, ['nightly 2026-06-01T03:00Z']);
    world.scheduler.pause(2, false);
    assert.equal(world.scheduler.list()[1]?.nextAt, '2026-06-01T06:00:30.000Z');
    assert.equal(world.scheduler.list()[1]?.lastSkip, undefined);
  });

  test('pauses all, which leaves each one’s own setting', async () => {
    using world = worldWith(nightly, { ...hourly, paused: true });
    world.scheduler.pause(undefined, true);
    assert.equal(world.scheduler.isPaused, true);
    assert.equal(world.scheduler.next(), undefined);
    assert.equal(world.history.schedules.list()[0]?.nextAt, undefined);
    world.restart();
    await world.clock.run(2 * day);
    assert.deepEqual(world.begun, []);
    world.scheduler.pause(undefined, false);
    assert.deepEqual(
      world.scheduler.list().map(({ paused, nextAt }) => ({ paused, nextAt })),
      [
        { paused: false, nextAt: '2026-06-03T03:00:00.000Z' },
        { paused: true, nextAt: undefined },
      ],
    );
  });

  test('changes the daemon’s settings, of which it is told', async () => {
    using world = worldWith(nightly);
    world.history.settings.change({ schedulesPaused: true });
    world.scheduler.reconsider();
    assert.equal(world.scheduler.next(), undefined);
    await world.clock.run(day);
    assert.deepEqual(world.begun, []);
  });

  test('changes a timing, from which it is planned anew; a name changes no plan', () => {
    using world = new SchedulerSimulation();
    world.random = 0.5;
    world.start({ ...nightly, jitterSeconds: 600 });
    world.random = 0.9;
    const renamed = world.scheduler.set(1, { ...nightly, jitterSeconds: 600, name: 'renamed' });
    assert.equal(renamed.nextAt, '2026-06-01T03:05:00.000Z');
    const moved = world.scheduler.set(1, { ...nightly, timing: { kind: 'cron', expression: '0 5 * * *' } });
    assert.equal(moved.nextAt, '2026-06-01T05:00:00.000Z');
  });

  test('is refused a timing that cannot be, and nothing is changed', () => {
    using world = worldWith(nightly);
    const wrong = { ...nightly, timing: { kind: 'cron', expression: '61 * * * *' } } as const;
    for (const id of [undefined, 1]) {
      assert.throws(() => world.scheduler.set(id, wrong), { code: 'bad-input' });
    }
    assert.equal(world.scheduler.list().length, 1);
    assert.equal(world.only().nextAt, '2026-06-01T03:00:00.000Z');
  });

  test('is told of a schedule that is not there', () => {
    using world = new SchedulerSimulation();
    world.scheduler.start();
    for (const ask of [
      () => world.scheduler.set(7, nightly),
      () => world.scheduler.remove(7),
      () => world.scheduler.pause(7, true),
      () => world.scheduler.checkNow(7),
    ]) {
      assert.throws(ask, { code: 'not-found', message: 'There is no schedule 7.' });
    }
  });

  test('asks for a check now, which changes no plan, and for a second one in vain', async () => {
    using world = worldWith({ ...nightly, paused: true, skipOnBattery: true });
    world.power = { source: 'battery' };
    world.scheduler.checkNow(1);
    assert.deepEqual(world.begun, ['nightly 2026-06-01T00:00Z']);
    assert.throws(() => world.scheduler.checkNow(1), {
      code: 'busy',
      message: 'A check of "nightly" is already running as run 1.',
    });
    await world.clock.run(3 * minute);
    world.scheduler.pause(1, false);
    world.scheduler.checkNow(1);
    assert.equal(world.only().nextAt, '2026-06-01T03:00:00.000Z');
    assert.equal(world.begun.length, 2);
  });

  test('asks for the check that waits, and it is not begun a second time', async () => {
    using world = worldWith(nightly);
    world.isOccupied = true;
    await world.clock.runUntil('2026-06-01T03:05:00Z');
    world.scheduler.checkNow(1);
    world.isOccupied = false;
    await world.clock.run(hour);
    assert.equal(world.begun.length, 1);
  });

  test('hears of each change', async () => {
    using world = worldWith(nightly);
    const changes = world.changes;
    await world.clock.runUntil('2026-06-01T02:00:00Z');
    assert.equal(world.changes, changes);
    await world.clock.runUntil('2026-06-01T03:00:00Z');
    assert.equal(world.changes, changes + 1);
  });
});
