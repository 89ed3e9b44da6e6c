/** Alerts over a schedule's checks: raised when sure, once, and resolved; acknowledged; with a cool-down and a notification. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { CheckRecord } from '../history/run-queries.ts';
import { AlertSimulation, hour, nightly, usualFigures } from '../../test/schedule-simulation.ts';

const higher = { peakBytes: 732_600_000 };
const failed: Partial<CheckRecord> = {
  state: 'failed',
  error: { code: 'host-died', message: 'The model host ended.', hint: 'Try it again.' },
};

/** So many usual checks, and three with a higher peak. */
function raisedAfter(checks: number): AlertSimulation {
  const watch = new AlertSimulation();
  watch.checks(checks);
  watch.checks(3, higher);
  return watch;
}

describe('a level above the schedule’s own history', () => {
  test('is raised with the third check in a row, with its figures, its runs and what to do', () => {
    using watch = new AlertSimulation();
    watch.checks(10);
    watch.checks(2, higher);
    assert.deepEqual(watch.told, []);
    watch.check(higher);
    const { id, raisedAt, ...alert } = watch.only();
    assert.deepEqual([id, raisedAt], [1, '2026-06-01T13:00:00.000Z']);
    assert.deepEqual(alert, {
      kind: 'peak',
      scheduleId: 1,
      scheduleName: 'nightly',
      model: 'bf16',
      state: 'open',
      reason:
        'Peak memory of bf16 was 732.6 MB in 3 consecutive checks, 10.0% above the baseline of 666.0 MB from earlier checks.',
      hint: 'Run `tidemark compare 10 13` to see what changed.',
      baseline: 666_000_000,
      observed: 732_600_000,
      runIds: [11, 12, 13],
    });
    assert.deepEqual(watch.told, ['peak open']);
    assert.deepEqual(
      watch.notified.map(({ id }) => id),
      [1],
    );
  });

  test('is told once, however long it stays', () => {
    using watch = new AlertSimulation();
    watch.checks(10);
    watch.checks(60, higher);
    assert.deepEqual(watch.told, ['peak open']);
    assert.equal(watch.notified.length, 1);
  });

  test('resolves after three checks well below, and not while it hovers', () => {
    using watch = raisedAfter(10);
    watch.checks(20, { peakBytes: 690_000_000 });
    assert.equal(watch.only().state, 'open');
    watch.checks(2);
    assert.equal(watch.only().state, 'open');
    watch.check();
    const { state, resolvedAt } = watch.only();
    assert.deepEqual([state, resolvedAt], ['resolved', '2026-06-02T12:00:00.000Z']);
    assert.deepEqual(watch.told, ['peak open', 'peak resolved']);
    assert.equal(watch.notified.length, 1);
  });

  test('is resolved by the figure that it was raised against, where the checks before it are gone', () => {
    using watch = raisedAfter(10);
    for (let id = 1; id <= 10; id += 1) {
      watch.history.runs.remove(id);
    }
    watch.checks(3);
    assert.equal(watch.only().state, 'resolved');
  });

  test('of active memory counts from 2%, of a time from 50%, each with its own words', () => {
    using watch = new AlertSimulation();
    watch.checks(10);
    watch.checks(3, { activeBytes: 167_000_000, secondsPerIteration: 9.2 });
    assert.equal(
      watch.only().reason,
      'Active memory of bf16 was 167.0 MB in 3 consecutive checks, 2.1% above the baseline of 163.5 MB from earlier checks.',
    );
    watch.checks(3, { secondsPerIteration: 9.4 });
    const [seconds] = watch.history.alerts.list();
    assert.equal(
      seconds?.reason,
      'Time per iteration of bf16 was 9.40 s in 3 consecutive checks, 51.6% above the baseline of 6.20 s from earlier checks.',
    );
    assert.equal(seconds.observed, 9.4);
  });

  test('is held against checks of the same work only', () => {
    using watch = new AlertSimulation();
    watch.checks(10, {}, { text: 'Short.' });
    watch.checks(4, higher, { text: 'A much longer text.' });
    watch.checks(4, higher, { models: ['fp32'] });
    watch.checks(4, higher, { iterations: 3 });
    assert.deepEqual(watch.told, []);
  });

  test('is not looked for in runs that a person started, whatever their length', () => {
    using watch = new AlertSimulation();
    watch.checks(10);
    const trigger = { kind: 'request', client: 'cli' } as const;
    watch.checks(4, higher, { trigger, leak: 'leak' });
    watch.checks(4, higher, { trigger, leak: 'inconclusive', iterations: 3 });
    watch.checks(1);
    assert.deepEqual(watch.told, []);
    watch.checks(3, higher);
    assert.deepEqual(watch.told, ['peak open']);
  });

  test('in the noise of 300 checks is nothing', () => {
    using watch = new AlertSimulation();
    for (let place = 0; place < 300; place += 1) {
      watch.check({ peakBytes: Math.round(666e6 * (1 + 0.014 * Math.sin(place * place))) });
    }
    assert.deepEqual(watch.told, []);
  });
});

describe('acknowledged', () => {
  test('an alert stays so without being raised again, and resolves like any other', () => {
    using watch = raisedAfter(50);
    assert.deepEqual(
      watch.keeper.acknowledge().map(({ state, acknowledgedAt }) => [state, acknowledgedAt]),
      [['acknowledged', '2026-06-03T05:00:00.000Z']],
    );
    watch.checks(15, higher);
    assert.equal(watch.only().state, 'acknowledged');
    watch.checks(3);
    assert.deepEqual(watch.told, ['peak open', 'peak acknowledged', 'peak resolved']);
  });

  test('much worse than what was acknowledged is raised, once the cool-down is over', () => {
    using watch = raisedAfter(50);
    watch.keeper.acknowledge(1);
    watch.checks(3, { peakBytes: 900_000_000 });
    assert.equal(watch.history.alerts.list().length, 1);
    watch.checks(24, { peakBytes: 900_000_000 });
    const [worse, first] = watch.history.alerts.list({ all: true });
    assert.deepEqual([worse?.state, worse?.observed, first?.state], ['open', 900_000_000, 'resolved']);
    assert.equal(watch.notified.length, 2);
  });

  test('a level that has become the usual one resolves its alert, and is not raised again', () => {
    using watch = raisedAfter(50);
    watch.keeper.acknowledge(1);
    watch.checks(100, higher);
    assert.deepEqual(watch.told, ['peak open', 'peak acknowledged', 'peak resolved']);
  });

  test('all open ones at once; one by its id; one that is not there is an error', () => {
    using watch = new AlertSimulation();
    watch.checks(10);
    watch.checks(3, { ...higher, activeBytes: 200_000_000 });
    assert.equal(watch.keeper.acknowledge(2).length, 1);
    assert.deepEqual(
      watch.keeper.acknowledge().map(({ id }) => id),
      [1],
    );
    assert.deepEqual(watch.keeper.acknowledge(), []);
    assert.equal(watch.keeper.acknowledge(2)[0]?.state, 'acknowledged');
    assert.throws(() => watch.keeper.acknowledge(9), {
      code: 'not-found',
      message: 'There is no alert 9.',
    });
  });
});

test('after an alert is over, no other of its kind is raised within the cool-down', () => {
  using watch = raisedAfter(50);
  watch.checks(3);
  watch.checks(23, higher);
  assert.deepEqual(watch.told, ['peak open', 'peak resolved']);
  watch.check(higher);
  assert.deepEqual(watch.told, ['peak open', 'peak resolved', 'peak open']);
});

test('an alert of a year to come, by a clock that was wrong, holds up no other', () => {
  using watch = new AlertSimulation();
  watch.check({}, { leak: 'leak' });
  watch.checks(3);
  watch.clock.jump(-365 * 24 * hour);
  watch.check({}, { leak: 'leak' });
  assert.deepEqual(watch.told, ['leak open', 'leak resolved', 'leak open']);
});

describe('a leak', () => {
  const leaking: Partial<CheckRecord> = {
    leak: 'leak',
    finding: 'Active memory grows by 16.4 kB an iteration.',
  };

  test('that a check has confirmed is raised at once, and resolves after three clean checks', () => {
    using watch = new AlertSimulation();
    watch.check({}, leaking);
    const { kind, reason, hint, runIds } = watch.only();
    assert.deepEqual(
      { kind, reason, hint, runIds },
      {
        kind: 'leak',
        reason: 'A check of bf16 found a leak. Active memory grows by 16.4 kB an iteration.',
        hint: 'Run `tidemark show 1` to see which channels grow.',
        runIds: [1],
      },
    );
    watch.checks(2);
    watch.check({}, { leak: 'inconclusive' });
    watch.checks(2);
    assert.equal(watch.only().state, 'open');
    watch.check();
    assert.equal(watch.only().state, 'resolved');
  });

  test('from check to check is found in active memory after 16 checks of one host', () => {
    using watch = new AlertSimulation();
    for (let place = 0; place < 15; place += 1) {
      watch.check({ activeBytes: usualFigures.activeBytes + 4096 * place });
    }
    assert.deepEqual(watch.told, []);
    watch.check({ activeBytes: usualFigures.activeBytes + 4096 * 15 });
    const { kind, reason, runIds, baseline, observed } = watch.only();
    assert.equal(kind, 'slow-leak');
    assert.equal(
      reason,
      "The idle model host's active memory grows by 4.1 kB per check: with bf16 loaded, it went from 163.5 MB to 163.6 MB over 16 checks.",
    );
    assert.deepEqual(
      [runIds.length, baseline, observed],
      [16, usualFigures.activeBytes, usualFigures.activeBytes + 61_440],
    );
  });

  test('is none where each host began anew, nor where the footprint levels out', () => {
    using watch = new AlertSimulation();
    for (let place = 0; place < 60; place += 1) {
      const figures = { activeBytes: usualFigures.activeBytes + 4096 * (place % 10) };
      watch.check(figures, { hostInstance: `host ${Math.floor(place / 10)}` });
    }
    for (let place = 0; place < 100; place += 1) {
      watch.check(
        { footprintBytes: 900_000_000 + 1_000_000 * Math.min(place, 10) },
        { hostInstance: 'last' },
      );
    }
    assert.deepEqual(watch.told, []);
  });

  test('from check to check is over when a new host has been level for 15 checks', () => {
    using watch = new AlertSimulation();
    for (let place = 0; place < 20; place += 1) {
      watch.check({ footprintBytes: 900_000_000 + 100_000 * place });
    }
    assert.equal(watch.only().state, 'open');
    watch.checks(14, {}, { hostInstance: 'b' });
    assert.equal(watch.only().state, 'open');
    watch.check({}, { hostInstance: 'b' });
    assert.equal(watch.only().state, 'resolved');
  });
});

describe('failures', () => {
  test('three in a row are raised with the last reason, and three checks that work resolve it', () => {
    using watch = new AlertSimulation();
    watch.check();
    watch.checks(2, {}, failed);
    assert.deepEqual(watch.told, []);
    watch.check({}, { ...failed, state: 'interrupted', signal: 'SIGKILL' });
    const { kind, reason, hint, runIds } = watch.only();
    assert.deepEqual(
      { kind, reason, hint, runIds },
      {
        kind: 'failure',
        reason: 'The last 3 checks of bf16 failed. The model host ended.',
        hint: 'Try it again.',
        runIds: [2, 3, 4],
      },
    );
    watch.checks(2);
    assert.equal(watch.only().state, 'open');
    watch.check();
    assert.equal(watch.only().state, 'resolved');
  });

  test('what a person or the daemon’s own end stopped is neither a failure nor a success', () => {
    using watch = new AlertSimulation();
    watch.checks(2, {}, failed);
    watch.checks(3, {}, { state: 'cancelled', reason: 'Somebody stopped it.' });
    watch.checks(3, {}, { state: 'interrupted', reason: 'The daemon ended.', signal: 'SIGTERM' });
    assert.deepEqual(watch.told, []);
    watch.check({}, failed);
    assert.deepEqual(watch.told, ['failure open']);
  });
});

describe('what an alert is about', () => {
  test('is over when the schedule checks another model, or says another text', () => {
    for (const change of [{ models: ['fp32'] }, { text: 'Something else.' }]) {
      using watch = raisedAfter(10);
      watch.check(higher, change);
      assert.equal(watch.only().state, 'resolved');
    }
  });

  test('is one schedule: another one’s checks neither raise nor resolve it', () => {
    using watch = new AlertSimulation();
    const [first, second] = [watch.schedule, watch.history.schedules.add({ ...nightly, name: 'second' })];
    for (let place = 0; place < 13; place += 1) {
      watch.schedule = first;
      watch.check(place < 10 ? {} : higher);
      watch.schedule = second;
      watch.check();
    }
    assert.equal(watch.only().scheduleName, 'nightly');
    assert.equal(watch.only().state, 'open');
  });

  test('is over when its schedule is removed, and another one’s is not', () => {
    using watch = new AlertSimulation();
    watch.check({}, { leak: 'leak' });
    watch.schedule = watch.history.schedules.add({ ...nightly, name: 'second' });
    watch.check({}, { leak: 'leak' });
    watch.keeper.afterRemoval(1);
    assert.deepEqual(
      watch.history.alerts.list({ all: true }).map(({ scheduleName, state }) => [scheduleName, state]),
      [
        ['second', 'open'],
        ['nightly', 'resolved'],
      ],
    );
  });

  test('is no run that a person began', () => {
    using watch = new AlertSimulation();
    watch.checks(3, {}, { ...failed, trigger: { kind: 'request', client: 'cli' } });
    watch.check({}, { leak: 'leak', trigger: { kind: 'request', client: 'cli' } });
    assert.deepEqual(watch.told, []);
  });
});

describe('the notification', () => {
  test('is left out where the settings say so, and the alert is not', async () => {
    using watch = new AlertSimulation();
    watch.history.settings.change({ notifications: false });
    watch.check({}, { leak: 'leak' });
    await watch.clock.run(0);
    assert.deepEqual(watch.notified, []);
    assert.equal(watch.only().state, 'open');
  });

  test('that fails is logged', async () => {
    using watch = new AlertSimulation();
    watch.notification = new Error('not authorised');
    watch.check({}, { leak: 'leak' });
    await watch.clock.run(0);
    assert.deepEqual(watch.logged, ['The notification for an alert could not be shown.']);
  });
});

test('the settings decide how long a level must last', () => {
  using watch = new AlertSimulation();
  watch.history.settings.change({ alerts: { sustainedChecks: 1, peakShare: 0.2 } });
  watch.checks(10);
  watch.check(higher);
  assert.deepEqual(watch.told, []);
  watch.check({ peakBytes: 800_000_000 });
  assert.match(watch.only().reason, /was 800\.0 MB in the last check, 20\.1% above/);
});

test('a history that cannot be written stops nobody, and is logged', () => {
  using watch = new AlertSimulation();
  watch.history.alerts.add = () => {
    throw new TidemarkError('not-writable', 'The disk is full.');
  };
  watch.check({}, { leak: 'leak' });
  assert.deepEqual(watch.logged, ['A check could not be examined for alerts.']);
});

test('an alert outlives restarts: raised once, acknowledged once, resolved once', () => {
  using watch = new AlertSimulation();
  const checks = (count: number, figures = {}): void => {
    for (let place = 0; place < count; place += 1) {
      watch.check(figures);
      watch.restart();
    }
  };
  checks(8);
  checks(2, higher);
  assert.deepEqual(watch.told, []);
  checks(3, higher);
  assert.deepEqual(watch.told, ['peak open']);
  const { baseline, observed, runIds } = watch.only();
  assert.deepEqual([baseline, observed, runIds], [666_000_000, 732_600_000, [9, 10, 11]]);
  watch.keeper.acknowledge();
  checks(3);
  assert.deepEqual(watch.told, ['peak open', 'peak acknowledged', 'peak resolved']);
  assert.deepEqual(watch.history.alerts.list(), []);
});
