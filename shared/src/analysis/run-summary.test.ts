/** The summary of a run. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleLoad, exampleProfile, exampleSample } from '../../test/example-documents.ts';
import type { IterationSample } from '../protocol/profile-document.ts';
import { summarizeRun } from './run-summary.ts';

/** The summary of measured iterations with these changes, after one of warm-up. */
function summaryOf(changes: readonly Partial<IterationSample>[]) {
  const { summary } = exampleProfile({ measured: changes });
  assert.ok(summary);
  return summary;
}

const activeSeries = (...series: readonly number[]) =>
  summaryOf(series.map((activeBytes) => ({ activeBytes }))).active;

test('the warm-up is left out of every figure', () => {
  const summary = summaryOf([{}, {}, {}]);
  assert.equal(summary.iterations, 3);
  assert.deepEqual(summary.peakBytes, { median: 600_000_000, minimum: 600_000_000, maximum: 600_000_000 });
  assert.deepEqual(summary.seconds, { median: 2, minimum: 2, maximum: 2 });
});

test('without a measured iteration there is no summary', () => {
  assert.equal(summarizeRun(exampleLoad, []), undefined);
  assert.equal(summarizeRun(exampleLoad, [exampleSample(0)]), undefined);
});

test('active memory is constant only when it is so to the byte', () => {
  assert.equal(activeSeries(100, 100, 100).course, 'constant');
  assert.equal(activeSeries(100, 101, 100).course, 'varied');
});

test('growth is the last less the first, whichever way it went', () => {
  const grown = activeSeries(100, 300, 164);
  assert.deepEqual(grown, {
    firstBytes: 100,
    lastBytes: 164,
    minimumBytes: 100,
    maximumBytes: 300,
    growthBytes: 64,
    course: 'grew',
  });
  const shrunk = activeSeries(164, 100);
  assert.equal(shrunk.course, 'shrank');
  assert.equal(shrunk.growthBytes, -64);
});

test('the median of an even number of byte counts is a whole number', () => {
  const { peakBytes } = summaryOf([{ peakBytes: 600_000_000 }, { peakBytes: 600_000_001 }]);
  assert.ok(Number.isInteger(peakBytes.median));
});

test('the transient is each peak less what was active before it', () => {
  const { transientBytes } = summaryOf([
    { activeBeforeBytes: 100, peakBytes: 400_000_000 },
    { activeBeforeBytes: 100_000_000, peakBytes: 400_000_000 },
    { activeBeforeBytes: 200_000_000, peakBytes: 400_000_000 },
  ]);
  assert.deepEqual(transientBytes, { minimum: 200_000_000, median: 300_000_000, maximum: 399_999_900 });
});

test('the real-time factor is seconds over seconds of audio', () => {
  assert.equal(summaryOf([{ seconds: 2, audioSeconds: 4 }]).realTimeFactor, 0.5);
  assert.equal(summaryOf([{ audioSeconds: 0 }]).realTimeFactor, undefined);
});

test('tensors beyond the weights and the voice are counted at their most', () => {
  assert.equal(summaryOf([{ liveTensors: 549 }, { liveTensors: 551 }, { liveTensors: 550 }]).extraTensors, 2);
});

test('tensors that the collector found during the warm-up are not blamed on the measured iterations', () => {
  const iterations = [
    exampleSample(0, { undisposedTensors: 3 }),
    exampleSample(1, { undisposedTensors: 3 }),
    exampleSample(2, { undisposedTensors: 5 }),
  ];
  assert.equal(summarizeRun(exampleLoad, iterations)?.undisposedTensors, 2);
});
