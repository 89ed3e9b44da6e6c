import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose, at, numbers } from '../../test/numbers.ts';
import { array } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import { ShortTimeFourier } from './stft.ts';

const [size, hop, length] = [20, 5, 60];
const bins = size / 2 + 1;
const samples = numbers(9)(length);

/** One frame's sum of windowed samples times e^(−2πi·bin·n/size), sample by sample, with the ends mirrored. */
function bin(frame: number, index: number): { magnitude: number; phase: number } {
  let [re, im] = [0, 0];
  for (let n = 0; n < size; n += 1) {
    const position = Math.abs(frame * hop + n - size / 2);
    const mirrored = position < length ? position : 2 * (length - 1) - position;
    const value = at(samples, mirrored) * 0.5 * (1 - Math.cos((2 * Math.PI * n) / size));
    re += value * Math.cos((2 * Math.PI * index * n) / size);
    im -= value * Math.sin((2 * Math.PI * index * n) / size);
  }
  return { magnitude: Math.hypot(re, im), phase: Math.atan2(im, re) };
}

test('the transform is the windowed Fourier sum of each frame, centered and mirrored at the ends', () => {
  scope(() => {
    const { magnitude, phase } = new ShortTimeFourier(size, hop).transform(array(samples, [1, length]));
    const frames = length / hop + 1;
    assert.deepEqual(magnitude.shape, [1, frames, bins]);
    const expected = Array.from({ length: frames * bins }, (_, index) =>
      bin(Math.floor(index / bins), index % bins),
    );
    assertClose(
      magnitude,
      expected.map((each) => each.magnitude),
    );
    // Angles are compared on the circle, and where the bin is not so faint that its angle is rounding.
    const angles = phase.toFloat32Array();
    expected.forEach(({ magnitude: size, phase: angle }, index) => {
      const turn = Math.abs(at(angles, index) - angle) % (2 * Math.PI);
      assert.ok(size < 1e-3 || Math.min(turn, 2 * Math.PI - turn) < 1e-3, `bin ${index}`);
    });
  });
});

test('the inverse gives back what was transformed', () => {
  scope(() => {
    const fourier = new ShortTimeFourier(size, hop);
    const back = fourier.inverse(fourier.transform(array(samples, [1, length])));
    assert.deepEqual(back.shape, [1, length]);
    assertClose(back, samples);
  });
});

test('the inverse of any spectrum is the overlapping sum over that of the squared windows', () => {
  scope(() => {
    const frames = 4;
    const next = numbers(10);
    const magnitude = next(frames * bins).map(Math.abs);
    const phase = next(frames * bins).map((value) => 3 * value);
    const total = (frames - 1) * hop + size;
    const [sum, weight] = [new Float64Array(total), new Float64Array(total)];
    for (let frame = 0; frame < frames; frame += 1) {
      for (let n = 0; n < size; n += 1) {
        let value = 0;
        for (let index = 0; index < bins; index += 1) {
          // The bins between the first and the last stand for their conjugates too; an imaginary part of those two is lost.
          const isEdge = index === 0 || index === bins - 1;
          const angle = at(phase, frame * bins + index);
          const turn = (2 * Math.PI * index * n) / size;
          const real = isEdge ? Math.cos(angle) * Math.cos(turn) : 2 * Math.cos(angle + turn);
          value += (at(magnitude, frame * bins + index) * real) / size;
        }
        const window = 0.5 * (1 - Math.cos((2 * Math.PI * n) / size));
        sum[frame * hop + n] = at(sum, frame * hop + n) + window * value;
        weight[frame * hop + n] = at(weight, frame * hop + n) + window * window;
      }
    }
    const expected = sum.map((value, index) => value / at(weight, index)).slice(size / 2, total - size / 2);
    const shape = [1, frames, bins];
    const spectrum = { magnitude: array(magnitude, shape), phase: array(phase, shape) };
    assertClose(new ShortTimeFourier(size, hop).inverse(spectrum), expected);
  });
});

test('a size that is no even multiple of the hop is refused', () => {
  assert.throws(() => new ShortTimeFourier(20, 3), RangeError);
  assert.throws(() => new ShortTimeFourier(15, 5), RangeError);
});
