/** Which checks the scheduler begins: one at a time, none on battery where that is set, spread by jitter, and through trouble. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import fc from 'fast-check';
import { Bench, day, hour, hourly, minute, nightly } from '../../test/scheduler-bench.ts';

const every = (seconds: number, name = `every ${seconds} s`): typeof nightly => ({
  ...nightly,
  name,
  timing: { kind: 'every', seconds },
});

describe('one at a time', () => {
  test('what is due behind another run begins when that has ended, at once', async () => {
    const bench = new Bench();
    bench.start(nightly);
    await bench.clock.runUntil('2026-06-01T02:59:00Z');
    bench.isOccupied = true;
    await bench.clock.runUntil('2026-06-01T03:07:11Z');
    assert.deepEqual(bench.begun, []);
    assert.deepEqual(bench.scheduler.next()?.at, '2026-06-01T03:00:00.000Z');
    bench.isOccupied = false;
    bench.scheduler.afterRun(bench.history.addRun(bench.only()));
    await bench.clock.run(0);
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T03:07Z']);
    assert.equal(bench.only().lastSkip, undefined);
  });

  test('two that are due at once follow each other, the older due time first', async () => {
    const bench = new Bench('2026-06-01T00:00:00Z');
    bench.start(
      nightly,
      { ...nightly, name: 'second' },
      { ...nightly, name: 'earlier', timing: { kind: 'cron', expression: '59 2 * * *' } },
    );
    await bench.clock.runUntil('2026-06-01T04:00:00Z');
    assert.deepEqual(bench.begun, [
      'earlier 2026-06-01T02:59Z',
      'nightly 2026-06-01T03:01Z',
      'second 2026-06-01T03:03Z',
    ]);
    assert.equal(bench.mostAtWork, 1);
  });

  test('a check that the queue does not show yet is waited for all the same', async () => {
    const bench = new Bench('2026-06-01T00:00:00Z');
    bench.isSlow = true;
    bench.start(nightly, { ...nightly, name: 'second' });
    await bench.clock.runUntil('2026-06-01T04:00:00Z');
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T03:00Z', 'second 2026-06-01T03:02Z']);
  });

  test('a check that takes longer than its interval waits once, and says what it stands for', async () => {
    const bench = new Bench('2026-06-01T00:00:00Z');
    bench.checkMilliseconds = 5 * minute + 10_000;
    bench.start(every(120));
    await bench.clock.run(20 * minute);
    assert.deepEqual(bench.begun, [
      'every 120 s 2026-06-01T00:02Z',
      'every 120 s 2026-06-01T00:07Z',
      'every 120 s 2026-06-01T00:12Z',
      'every 120 s 2026-06-01T00:17Z',
    ]);
    assert.deepEqual(
      bench.only().lastSkip?.reason,
      'Another run was at work: one check stands for 2 due times.',
    );
    assert.equal(bench.mostAtWork, 1);
  });

  test('a queue that is full is tried again, and costs no due time', async () => {
    const bench = new Bench();
    bench.start(nightly);
    bench.refusal = new TidemarkError('busy', 'The queue is full.');
    await bench.clock.runUntil('2026-06-01T03:05:00Z');
    bench.refusal = undefined;
    await bench.clock.run(10_000);
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T03:05Z']);
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
          const bench = new Bench('2026-06-01T00:00:00Z');
          bench.checkMilliseconds = checkSeconds * 1000;
          bench.random = 0.7;
          bench.start(
            ...schedules.map(([seconds, jitterSeconds], place) => ({
              ...every(seconds, `schedule ${place}`),
              jitterSeconds,
            })),
          );
          let passed = 0;
          for (const [minutes, sleptSeconds, restarts] of events) {
            await bench.clock.run(minutes * minute);
            bench.clock.jump(sleptSeconds * 1000);
            passed += minutes * 60 + sleptSeconds;
            if (restarts) {
              bench.restart();
            }
          }
          await bench.clock.run(hour);
          passed += 3600;
          assert.ok(bench.mostAtWork <= 1);
          for (const [place, [seconds]] of schedules.entries()) {
            const begun = bench.begun.filter((each) => each.startsWith(`schedule ${place} `)).length;
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
    const bench = new Bench();
    bench.timeZone = 'Europe/Berlin';
    bench.start({ ...nightly, skipOnBattery: true }, { ...nightly, name: 'regardless' });
    bench.power = { source: 'battery', charge: 0.54 };
    await bench.clock.runUntil('2026-06-01T04:00:00Z');
    assert.deepEqual(bench.begun, ['regardless 2026-06-01T01:00Z']);
    const { lastSkip, nextAt } = bench.only();
    assert.deepEqual(lastSkip, {
      at: '2026-06-01T01:00:00.000Z',
      reason: 'The machine was on battery (54%); the next try is at 2 Jun 2026, 03:00.',
      missed: 1,
    });
    assert.equal(nextAt, '2026-06-02T01:00:00.000Z');
    bench.power = { source: 'mains', charge: 0.6 };
    await bench.clock.runUntil('2026-06-02T02:00:00Z');
    assert.equal(bench.begun.length, 3);
  });

  test('low power mode is another matter than the battery', async () => {
    const bench = new Bench();
    bench.start({ ...nightly, skipInLowPowerMode: true });
    bench.power = { source: 'battery', lowPowerMode: false };
    await bench.clock.runUntil('2026-06-01T04:00:00Z');
    bench.power = { source: 'mains', lowPowerMode: true };
    await bench.clock.runUntil('2026-06-02T04:00:00Z');
    assert.deepEqual(bench.begun, ['nightly 2026-06-01T03:00Z']);
    assert.match(bench.only().lastSkip?.reason ?? '', /^The machine was in low power mode; /);
  });

  test('a sleep that ends on battery leaves out all that was missed', async () => {
    const bench = new Bench();
    bench.start({ ...nightly, skipOnBattery: true });
    bench.power = { source: 'battery' };
    bench.clock.jump(3 * day);
    await bench.clock.run(minute);
    assert.deepEqual(bench.begun, []);
    assert.equal(bench.only().lastSkip?.missed, 3);
  });

  test('what is not known stops no check', async () => {
    for (const power of [{ source: 'unknown' } as const, new Error('no pmset')]) {
      const bench = new Bench();
      bench.start({ ...nightly, skipOnBattery: true, skipInLowPowerMode: true });
      bench.power = power;
      await bench.clock.runUntil('2026-06-01T04:00:00Z');
      assert.equal(bench.begun.length, 1);
    }
  });

  test('a schedule that is paused or removed while the system is asked is not begun', async () => {
    for (const change of ['pause', 'remove', 'stop', 'begin'] as const) {
      const bench = new Bench();
      bench.start({ ...nightly, skipOnBattery: true });
      let answer = (): void => undefined;
      bench.powerWait = new Promise((resolve) => (answer = resolve));
      await bench.clock.runUntil('2026-06-01T03:00:00Z');
      switch (change) {
        case 'pause':
          bench.scheduler.pause(1, true);
          break;
        case 'remove':
          bench.scheduler.remove(1);
          break;
        case 'stop':
          bench.scheduler.stop();
          break;
        case 'begin':
          bench.scheduler.checkNow(1);
      }
      answer();
      await bench.clock.run(hour);
      assert.equal(bench.begun.length, change === 'begin' ? 1 : 0, change);
    }
  });
});

describe('jitter', () => {
  test('is drawn anew each time, up to what is set', async () => {
    const bench = new Bench();
    bench.random = 0.25;
    bench.start({ ...nightly, jitterSeconds: 1200 });
    assert.equal(bench.only().nextAt, '2026-06-01T03:05:00.000Z');
    bench.random = 0.999;
    await bench.clock.runUntil('2026-06-01T03:10:00Z');
    assert.equal(bench.only().nextAt, '2026-06-02T03:19:58.800Z');
  });

  test('never reaches the due time after, however long it is', async () => {
    const bench = new Bench('2026-06-01T00:00:00Z');
    bench.random = 0.999_999;
    bench.start({ ...hourly, jitterSeconds: 86_400 });
    await bench.clock.run(10 * hour);
    assert.equal(bench.begun.length, 9);
    assert.equal(bench.only().lastSkip, undefined);
  });
});

describe('trouble', () => {
  test('a check that cannot be begun is left out with why, and the next one is tried', async () => {
    const bench = new Bench();
    bench.start(nightly);
    bench.refusal = new TidemarkError('memory-ceiling', 'The host weighs more than the ceiling.');
    await bench.clock.runUntil('2026-06-01T04:00:00Z');
    assert.equal(
      bench.only().lastSkip?.reason,
      'It could not be begun: The host weighs more than the ceiling; the next try is at 2 Jun 2026, 03:00.',
    );
    bench.refusal = undefined;
    await bench.clock.runUntil('2026-06-02T04:00:00Z');
    assert.deepEqual(bench.begun, ['nightly 2026-06-02T03:00Z']);
  });

  test('a full disk makes no check run twice and stops none', async () => {
    const bench = new Bench();
    bench.start(nightly);
    bench.history.isFull = true;
    await bench.clock.runUntil('2026-06-03T04:00:00Z');
    assert.deepEqual(
      bench.begun.map((each) => each.slice(8)),
      ['2026-06-01T03:00Z', '2026-06-02T03:00Z', '2026-06-03T03:00Z'],
    );
    assert.ok(bench.logged.includes('What a schedule did cannot be written to the history.'));
  });

  test('a history that cannot be read is tried again', async () => {
    const bench = new Bench();
    bench.start(nightly);
    const read = bench.history.schedules.bind(bench.history);
    await bench.clock.runUntil('2026-06-01T02:59:45Z');
    bench.history.schedules = () => {
      throw new TidemarkError('history', 'The history cannot be read.');
    };
    await bench.clock.run(5 * minute);
    assert.deepEqual(bench.begun, []);
    bench.history.schedules = read;
    await bench.clock.run(minute);
    assert.equal(bench.begun.length, 1);
  });
});
