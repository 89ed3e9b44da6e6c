/** The likeness of two signals, and the spectrogram behind it, on signals for which they are known. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numbers } from '../../test/numbers.ts';
import { likeness, logMelCells } from './log-mel.ts';

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

test('noise, the same speech backwards and a late copy of it are told apart', () => {
  const signal = voice(120, 72_000);
  const late = new Float32Array(signal.length);
  late.set(signal.subarray(0, -6000), 6000);
  for (const [other, most] of [
    [numbers(1)(signal.length), 0.5],
    [signal.toReversed(), 0.9],
    [late, 0.9],
  ] as const) {
    const correlation = likeness(signal, other, rate)?.correlation ?? NaN;
    assert.ok(correlation < most, `${correlation}`);
  }
});

const bandCount = 64;
const sines = (...tones: readonly (readonly [hertz: number, amplitude: number])[]): Float32Array =>
  Float32Array.from({ length: 12_000 }, (_, index) =>
    tones.reduce(
      (sum, [hertz, amplitude]) => sum + amplitude * Math.sin((2 * Math.PI * hertz * index) / rate),
      0,
    ),
  );
const windowsOf = (samples: Float32Array): Float64Array[] => {
  const cells = logMelCells(samples, rate) ?? new Float64Array();
  return Array.from({ length: cells.length / bandCount }, (_, place) =>
    cells.subarray(place * bandCount, (place + 1) * bandCount),
  );
};
const loudestBand = (cells: Float64Array): number => cells.indexOf(Math.max(...cells));

test('a pure tone lights up the band whose peak is nearest to it, in every window', () => {
  const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
  for (const hertz of [440, 1000, 3000, 9000]) {
    const expected = (mel(hertz) / mel(rate / 2)) * (bandCount + 1) - 1;
    const windows = windowsOf(sines([hertz, 1]));
    assert.equal(windows.length, Math.floor((12_000 - 1024) / 300) + 1);
    for (const window of windows) {
      assert.ok(Math.abs(loudestBand(window) - expected) <= 1, `${hertz} Hz: band ${loudestBand(window)}`);
    }
  }
});

test('a difference of 20 dB between two tones is 20 dB between their bands', () => {
  const [alone = new Float64Array()] = windowsOf(sines([4500, 1]));
  const [both] = windowsOf(sines([1500, 1], [4500, 0.1]));
  const quiet = both?.[loudestBand(alone)] ?? NaN;
  assert.ok(Math.abs(quiet + 20) < 2, `${quiet} dB`);
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
