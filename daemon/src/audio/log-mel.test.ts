/** The likeness of two signals, on signals whose likeness is known, and beside the tests' own judge. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logMelCorrelation } from '../../test/log-mel.ts';
import { likeness } from './log-mel.ts';

const rate = 24_000;

/** Harmonics of a gliding fundamental, in phrases with silence between them. */
function voice(pitch: number, samples = 24_000, phase = 0): Float32Array {
  return Float32Array.from({ length: samples }, (_, index) => {
    const time = index / rate;
    const loudness = Math.max(0, Math.sin(2 * Math.PI * 2.5 * time));
    let sum = 0;
    for (let harmonic = 1; harmonic <= 20; harmonic += 1) {
      sum +=
        Math.sin(2 * Math.PI * harmonic * (pitch * time + 20 * time ** 2) + phase * harmonic ** 2) / harmonic;
    }
    return 0.1 * loudness * sum;
  });
}

test('a signal is like itself, at any level', () => {
  const signal = voice(120);
  assert.deepEqual(likeness(signal, signal, rate), { correlation: 1, distanceDecibels: 0 });
  const quieter = likeness(
    signal,
    signal.map((value) => value / 8),
    rate,
  );
  assert.ok(quieter && quieter.correlation > 0.999_999 && quieter.distanceDecibels < 1e-6);
});

test('other phases leave it nearly alike although the waveforms do not correlate, and another pitch does not', () => {
  const signal = voice(120);
  const drifted = likeness(signal, voice(120, 24_000, 1), rate);
  const other = likeness(signal, voice(190), rate);
  assert.ok(drifted && other);
  assert.ok(drifted.correlation > 0.97, `${drifted.correlation}`);
  assert.ok(other.correlation < 0.9, `${other.correlation}`);
  assert.ok(other.distanceDecibels > 2 * drifted.distanceDecibels);
});

test('a pure tone is found in the right place: its spectrum is that of the definition of the transform', () => {
  const tone = (hertz: number): Float32Array =>
    Float32Array.from({ length: 4096 }, (_, index) => Math.sin((2 * Math.PI * hertz * index) / rate));
  const near = likeness(tone(1000), tone(1010), rate);
  const far = likeness(tone(1000), tone(3000), rate);
  assert.ok(near && far && near.correlation > 0.98 && far.correlation < 0.5);
});

test('it ranks as the independent judge ranks', () => {
  const signal = voice(120);
  for (const other of [voice(121), voice(130), voice(160)]) {
    const ours = likeness(signal, other, rate)?.correlation ?? Number.NaN;
    const judged = logMelCorrelation(signal, other, rate);
    assert.ok(Math.abs(ours - judged) < 0.08, `${ours} and ${judged}`);
  }
});

test('of different lengths the time that both last is compared', () => {
  const found = likeness(voice(120), voice(120, 18_000), rate);
  assert.ok(found && found.correlation === 1);
});

test('silence, no samples and what is not finite have no likeness', () => {
  const signal = voice(120, 3000);
  assert.equal(likeness(signal, new Float32Array(3000), rate), undefined);
  assert.equal(likeness(signal, new Float32Array(0), rate), undefined);
  assert.equal(
    likeness(
      signal,
      signal.map((value, index) => (index === 7 ? Number.NaN : value)),
      rate,
    ),
    undefined,
  );
});
