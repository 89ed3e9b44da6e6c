import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withWeights } from '../../test/checkpoint-of.ts';
import { array, seedRandom } from '../mlx/ops.ts';
import { HarmonicSource, linearTaps } from './harmonic-source.ts';

const options = { sampleRate: 24_000, samplesPerValue: 300 };

/** The samples for a pitch curve, with a merging layer that takes one harmonic alone. */
function excite(pitch: readonly number[], harmonic = 0, noise = false): Float32Array {
  let samples: Float32Array = new Float32Array();
  const merge = new Float32Array(9);
  merge[harmonic] = 1;
  withWeights(
    () => ({ 'l_linear.weight': array(merge, [1, 9]), 'l_linear.bias': array([0]) }),
    (weights) => {
      const source = new HarmonicSource(weights, options);
      samples = source.forward(array(pitch, [1, pitch.length]), { noise }).toFloat32Array();
    },
  );
  return samples;
}

/** Where the samples cross 0 upwards, for each second. */
const risesPerSecond = (samples: Float32Array): number => {
  const rises = samples.reduce(
    (count, sample, index) => count + ((samples[index - 1] ?? 0) < 0 && sample >= 0 ? 1 : 0),
    0,
  );
  return (rises * options.sampleRate) / samples.length;
};

const second = 80;

test('a steady pitch is a tone of its frequency, and each harmonic one of a multiple', () => {
  const pitch = new Array<number>(second).fill(200);
  for (const harmonic of [0, 1, 8]) {
    const samples = excite(pitch, harmonic);
    assert.equal(samples.length, 24_000);
    const expected = 200 * (harmonic + 1);
    const measured = risesPerSecond(samples);
    assert.ok(Math.abs(measured - expected) < 0.02 * expected, `${measured} for ${expected} Hz`);
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    assert.ok(loudest > 0.098 && loudest <= 0.1, `amplitude ${loudest}`);
  }
});

test('without noise, what is unvoiced is silent', () => {
  const samples = excite([0, 0, 9, 10]);
  assert.deepEqual([...samples], new Array(1200).fill(0));
});

test('noise is faint below a voiced stretch and a third of a sine elsewhere', () => {
  seedRandom(3);
  const spread = (samples: Float32Array): number =>
    Math.sqrt(samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length);
  const unvoiced = spread(excite(new Array<number>(second).fill(0), 0, true));
  assert.ok(Math.abs(unvoiced - 0.1 / 3) < 0.001, `unvoiced ${unvoiced}`);
  const pitch = new Array<number>(second).fill(200);
  const [clean, noisy] = [excite(pitch), excite(pitch, 0, true)];
  const voiced = spread(noisy.map((sample, index) => sample - (clean[index] ?? NaN)));
  assert.ok(Math.abs(voiced - 0.003) < 0.0002, `voiced ${voiced}`);
});

test('halving takes the mean of each pair', () => {
  const { low, high, fraction } = linearTaps(6, 3);
  assert.deepEqual([...low], [0, 2, 4]);
  assert.deepEqual([...high], [1, 3, 5]);
  assert.deepEqual([...fraction], [0.5, 0.5, 0.5]);
});

test('doubling repeats the ends and takes quarters between', () => {
  const { low, high, fraction } = linearTaps(3, 6);
  assert.deepEqual([...low], [0, 0, 0, 1, 1, 2]);
  assert.deepEqual([...high], [1, 1, 1, 2, 2, 2]);
  assert.deepEqual([...fraction], [0, 0.25, 0.75, 0.25, 0.75, 0.25]);
});

test('only as many outputs as asked for are placed', () => {
  assert.deepEqual(linearTaps(3, 6, 2).low, Int32Array.of(0, 0));
});

test('positions carry the rounding of float32 at the length of a sentence', () => {
  const exact = (100_000 + 0.5) * (357 / 107_100) - 0.5;
  const { low, fraction } = linearTaps(357, 107_100);
  const placed = (low[100_000] ?? NaN) + (fraction[100_000] ?? NaN);
  assert.notEqual(placed, exact);
  assert.ok(Math.abs(placed - exact) < 1e-4);
});
