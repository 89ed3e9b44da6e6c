/** Which checks the scheduler begins: one at a time, none on battery where that is set, spread by jitter, and through trouble. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import fc from 'fast-check';
import {
  SchedulerSimulation,
  worldWith,
  day,
  hour,
  hourly,
  minute,
  nightly,
} from '../../test/schedule-simulation.ts';

const every = (seconds: number, name = `every ${seconds} s`): typeof nightly => ({
  ...nightly,
  name,
  timing: { kind: 'every', seconds },
});

describe('one at a time', () => {
  test('what is due behind another run begins when that has ended, at once', async () => {
    using world = worldWith(nightly);
    await world.clock.runUntil('2026-06-01T02:59:00Z');
    world.isOccupied = true;
    await world.clock.runUntil('2026-06-01T03:07:11Z');
    assert.deepEqual(world.begun, []);
    assert.deepEqual(world.scheduler.next()?.at, '2026-06-01T03:00:00.000Z');
    world.isOccupied = false;
    world.scheduler.afterRun(world.addRun(world.only()));
    await world.clock.run(0);
    assert.deepEqual(world.begun, ['nightly 2026-06-01T03:07Z']);
    assert.equal(world.only().lastSkip, undefined);
  });

  test('two that are due at once follow each other, the older due time first', async () => {
    using world = new SchedulerSimulation('2026-06-01T00:00:00Z');
    world.start(
      nightly,
      { ...nightly, name: 'second' },
      { ...nightly, name: 'earlier', timing: { kind: 'cron', expression: '59 2 * * *' } },
    );
    await world.clock.runUntil('2026-06-01T04:00:00Z');
    assert.deepEqual(world.begun, [
      'earlier 2026-06-01T02:59Z',
      'nightly 2026-06-01T03:01Z',
      'second 2026-06-01T03:03Z',
    ]);
    assert.equal(world.mostAtWork, 1);
  });

  test('a check that the queue does not show yet is waited for all the same', async () => {
    using world = new SchedulerSimulation('2026-06-01T00:00:00Z');
    world.isSlow = true;
    world.start(nightly, { ...nightly, name: 'second' });
    await world.clock.runUntil('2026-06-01T04:00:00Z');
    assert.deepEqual(world.begun, ['nightly 2026-06-01T03:00Z', 'second 2026-06-01T03:02Z']);
  });

  test('a check that takes longer than its interval waits once, and says what it stands for', async () => {
    using world = new SchedulerSimulation('2026-06-01T00:00:00Z');
    world.checkMilliseconds = 5 * minute + 10_000;
    world.start(every(120));
    await world.clock.run(20 * minute);
    assert.deepEqual(world.begun, [
      'every 120 s 2026-06-01T00:02Z',
      'every 120 s 2026-06-01T00:07Z',
      'every 120 s 2026-06-01T00:12Z',
      'every 120 s 2026-06-01T00:17Z',
    ]);
    assert.deepEqual(
      world.only().lastSkip?.reason,
      'Another run was in progress: one check replaces 2 scheduled checks.',
    );
    assert.equal(world.mostAtWork, 1);
  });

  test('a queue that is full is tried again, and costs no due time', async () => {
    using world = worldWith(nightly);
    world.refusal = new TidemarkError('busy', 'The queue is full.');
    await world.clock.runUntil('2026-06-01T03:05:00Z');
    world.refusal = undefined;
    await world.clock.run(10_000);
    assert.deepEqual(world.begun, ['nightly 2026-06-01T03:05Z']);
  });

  test('however many there are and however long they take: never two at once, none twice for a due time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 60, max: 4000 }), fc.integer({ min: 0, max: 900 })), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.integer({ min: 1, max: 1200 }),
        fc.array(
          fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 0, max: 30_000 }), fc.boolean()),
          { maxLength: 6 },
        ),
        async (schedules, checkSeconds, events) => {
          using world = new SchedulerSimulation('2026-06-01T00:00:00Z');
          world.checkMilliseconds = checkSeconds * 1000;
          world.random = 0.7;
          world.start(
            ...schedules.map(([seconds, jitterSeconds], place) => ({
              ...every(seconds, `schedule ${place}`),
              jitterSeconds,
            })),
          );
          let passed = 0;
          for (const [minutes, sleptSeconds, restarts] of events) {
            await world.clock.run(minutes * minute);
            world.clock.jump(sleptSeconds * 1000);
            passed += minutes * 60 + sleptSeconds;
            if (restarts) {
              world.restart();
            }
          }
          await world.clock.run(hour);
          passed += 3600;
          assert.ok(world.mostAtWork <= 1);
          for (const [place, [seconds]] of schedules.entries()) {
            const begun = world.begun.filter((each) => each.startsWith(`schedule ${place} `)).length;
            assert.ok(begun <= passed / seconds, `${begun} checks of one each ${seconds} s in ${passed} s`);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('power', () => {
  test('on battery a check is left out where that is set, with why and when it is tried again', async () => {
    using world = new SchedulerSimulation();
    world.timeZone = 'Europe/Berlin';
    world.start({ ...nightly, skipOnBattery: true }, { ...nightly, name: 'regardless' });
    world.power = { source: 'battery', charge: 0.54 };
    await world.clock.runUntil('2026-06-01T04:00:00Z');
    assert.deepEqual(world.begun, ['regardless 2026-06-01T01:00Z']);
    const { lastSkip, nextAt } = world.only();
    assert.deepEqual(lastSkip, {
      at: '2026-06-01T01:00:00.000Z',
      reason: 'The machine was on battery (54%); the next attempt is at 2 Jun 2026, 03:00.',
      missed: 1,
    });
    assert.equal(nextAt, '2026-06-02T01:00:00.000Z');
    world.power = { source: 'mains', charge: 0.6 };
    await world.clock.runUntil('2026-06-02T02:00:00Z');
    assert.equal(world.begun.length, 3);
  });

  test('low power mode is another matter than the battery', async () => {
    using world = worldWith({ ...nightly, skipInLowPowerMode: true });
    world.power = { source: 'battery', lowPowerMode: false };
    await world.clock.runUntil('2026-06-01T04:00:00Z');
    world.power = { source: 'mains', lowPowerMode: true };
    await world.clock.runUntil('2026-06-02T04:00:00Z');
    assert.deepEqual(world.begun, ['nightly 2026-06-01T03:00Z']);
    assert.match(world.only().lastSkip?.reason ?? '', /^The machine was in low power mode; /);
  });

  test('a sleep that ends on battery leaves out all that was missed', async () => {
    using world = worldWith({ ...nightly, skipOnBattery: true });
    world.power = { source: 'battery' };
    world.clock.jump(3 * day);
    await world.clock.run(minute);
    assert.deepEqual(world.begun, []);
    assert.equal(world.only().lastSkip?.missed, 3);
  });

  test('what is not known stops no check', async () => {
    for (const power of [{ source: 'unknown' } as const, new Error('no pmset')]) {
      using world = worldWith({ ...nightly, skipOnBattery: true, skipInLowPowerMode: true });
      world.power = power;
      await world.clock.runUntil('2026-06-01T04:00:00Z');
      assert.equal(world.begun.length, 1);
    }
  });

  test('a schedule that is paused or removed while the system is asked is not begun', async () => {
    for (const change of ['pause', 'remove', 'stop', 'begin'] as const) {
      using world = worldWith({ ...nightly, skipOnBattery: true });
      let answer = (): void => undefined;
      world.powerWait = new Promise((resolve) => (answer = resolve));
      await world.clock.runUntil('2026-06-01T03:00:00Z');
      switch (change) {
        case 'pause':
          world.scheduler.pause(1, true);
          break;
        case 'remove':
          world.scheduler.remove(1);
          break;
        case 'stop':
          world.scheduler.stop();
          break;
        case 'begin':
          world.scheduler.checkNow(1);
      }
      answer();
      await world.clock.run(hour);
      assert.equal(world.begun.length, change === 'begin' ? 1 : 0, change);
    }
  });
});

describe('jitter', () => {
  test('is drawn anew each time, up to what is set', async () => {
    using world = new SchedulerSimulation();
    world.random = 0.25;
    world.start({ ...nightly, jitterSeconds: 1200 });
    assert.equal(world.only().nextAt, '2026-06-01T03:05:00.000Z');
    world.random = 0.999;
    await world.clock.runUntil('2026-06-01T03:10:00Z');
    assert.equal(world.only().nextAt, '2026-06-02T03:19:58.800Z');
  });

  test('never reaches the due time after, however long it is', async () => {
    using world = new SchedulerSimulation('2026-06-01T00:00:00Z');
    world.random = 0.999_999;
    world.start({ ...hourly, jitterSeconds: 86_400 });
    await world.clock.run(10 * hour);
    assert.equal(world.begun.length, 9);
    assert.equal(world.only().lastSkip, undefined);
  });
});

describe('trouble', () => {
  test('a check that cannot be begun is left out with why, and the next one is tried', async () => {
    using world = worldWith(nightly);
    world.refusal = new TidemarkError('memory-ceiling', 'The host weighs more than the ceiling.');
    await world.clock.runUntil('2026-06-01T04:00:00Z');
    assert.equal(
      world.only().lastSkip?.reason,
      'It could not be started: The host weighs more than the ceiling; the next attempt is at 2 Jun 2026, 03:00.',
    );
    world.refusal = undefined;
    await world.clock.runUntil('2026-06-02T04:00:00Z');
    assert.deepEqual(world.begun, ['nightly 2026-06-02T03:00Z']);
  });

  test('a full disk makes no check run twice and stops none', async () => {
    using world = worldWith(nightly);
    const refuse = (): never => {
      throw new TidemarkError('not-writable', 'The disk is full.');
    };
    Object.assign(world.history.schedules, { noteRun: refuse, noteSkip: refuse, noteDue: refuse });
    await world.clock.runUntil('2026-06-03T04:00:00Z');
    assert.deepEqual(
      world.begun.map((each) => each.slice(8)),
      ['2026-06-01T03:00Z', '2026-06-02T03:00Z', '2026-06-03T03:00Z'],
    );
    assert.ok(world.logged.includes('The state of a schedule could not be written to the history.'));
  });

  test('a history that cannot be read is tried again', async () => {
    using world = worldWith(nightly);
    const { schedules } = world.history;
    const read = schedules.list.bind(schedules);
    await world.clock.runUntil('2026-06-01T02:59:45Z');
    schedules.list = () => {
      throw new TidemarkError('history', 'The history cannot be read.');
    };
    await world.clock.run(5 * minute);
    assert.deepEqual(world.begun, []);
    schedules.list = read;
    await world.clock.run(minute);
    assert.equal(world.begun.length, 1);
  });
});
