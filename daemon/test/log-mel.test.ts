/** Tests of the log-mel judge on signals whose spectra are known. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelDifferenceDecibels, logMel, logMelCorrelation } from './log-mel.ts';

const sampleRate = 24_000;

function signal(seconds: number, at: (time: number, index: number) => number): Float32Array {
  return Float32Array.from({ length: Math.round(seconds * sampleRate) }, (_, i) => at(i / sampleRate, i));
}

/** Uniform noise from -1 to 1, the same for one seed (a linear congruential generator). */
function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** A crude voice: harmonics of a gliding pitch under two moving formants, with pauses. */
function voiceLike(pitch: number, phase: number): Float32Array {
  let angle = phase;
  return signal(2, (time) => {
    angle += (2 * Math.PI * pitch * (1 + 0.2 * Math.sin(2 * Math.PI * 0.7 * time))) / sampleRate;
    const loudness = Math.max(0, Math.sin(2 * Math.PI * 1.5 * time)) ** 0.5;
    let sum = 0;
    for (let harmonic = 1; harmonic <= 30; harmonic += 1) {
      const frequency = harmonic * pitch;
      const formants = [600 + 200 * Math.sin(3 * time), 1800 + 400 * Math.cos(2 * time)];
      const gain = formants.reduce(
        (total, formant) => total + 1 / (1 + ((frequency - formant) / 150) ** 2),
        0,
      );
      sum += gain * Math.sin(harmonic * angle + phase * harmonic ** 2);
    }
    return 0.1 * loudness * sum;
  });
}

test('a pure tone lights up the band whose centre is nearest to it, in every frame', () => {
  const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
  for (const hertz of [440, 1000, 3000, 9000]) {
    const expected = (mel(hertz) / mel(sampleRate / 2)) * 81 - 1;
    for (const frame of logMel(
      signal(0.5, (t) => Math.sin(2 * Math.PI * hertz * t)),
      sampleRate,
    ).slice(0, -2)) {
      assert.equal(frame.length, 80);
      const loudest = frame.indexOf(Math.max(...frame));
      assert.ok(
        Math.abs(loudest - expected) <= 1,
        `${hertz} Hz: band ${loudest}, expected ${expected.toFixed(1)}`,
      );
    }
  }
});

test('frames are counted from the first sample to the last', () => {
  const ones = (count: number): number => logMel(new Float32Array(count).fill(1), sampleRate).length;
  assert.equal(ones(2), 1);
  assert.equal(ones(1024), 1);
  assert.equal(ones(1025), 2);
  assert.equal(ones(1024 + 256), 2);
  assert.equal(ones(106_800), 1 + Math.ceil((106_800 - 1024) / 256));
});

test('a difference of 20 dB between two tones is 20 dB between their bands', () => {
  const both = signal(0.5, (t) => Math.sin(2 * Math.PI * 1500 * t) + 0.1 * Math.sin(2 * Math.PI * 4500 * t));
  const quietOnly = signal(0.5, (t) => Math.sin(2 * Math.PI * 4500 * t));
  const band = logMel(quietOnly, sampleRate)[4]?.indexOf(0) ?? -1;
  const quiet = logMel(both, sampleRate)[4]?.[band] ?? 0;
  assert.ok(Math.abs(quiet + 20) < 2, `${quiet} dB`);
});

test('a signal agrees with itself, at any level', () => {
  const voice = voiceLike(140, 0);
  assert.ok(logMelCorrelation(voice, voice) > 1 - 1e-12);
  const louder = voice.map((sample) => sample * 1.5);
  assert.ok(logMelCorrelation(voice, louder) > 1 - 1e-6);
  assert.ok(Math.abs(levelDifferenceDecibels(voice, louder) - 3.52) < 0.01);
});

test('another phase changes the waveform but hardly the log-mel correlation', () => {
  const a = voiceLike(140, 0);
  const b = voiceLike(140, 1.3);
  let dot = 0;
  let energy = 0;
  for (const [index, sample] of a.entries()) {
    dot += sample * (b[index] ?? 0);
    energy += sample * sample;
  }
  assert.ok(Math.abs(dot / energy) < 0.6, 'the waveforms differ');
  assert.ok(logMelCorrelation(a, b) > 0.97);
});

test('noise, another sentence and a shifted copy are told apart', () => {
  const voice = voiceLike(140, 0);
  const random = noise(1);
  assert.ok(logMelCorrelation(voice, signal(2, random)) < 0.5);
  assert.ok(logMelCorrelation(voice, voice.toReversed()) < 0.9);
  const late = new Float32Array(voice.length);
  late.set(voice.subarray(0, -6000), 6000);
  assert.ok(logMelCorrelation(voice, late) < 0.9);
});

test('a longer signal is compared over the frames that both have', () => {
  const voice = voiceLike(140, 0);
  assert.ok(logMelCorrelation(voice, voice.subarray(0, 30_000)) > 1 - 1e-12);
});

test('nothing to judge is an error, not a good mark', () => {
  const tone = signal(0.1, (t) => Math.sin(2000 * t));
  const broken = tone.slice();
  broken[700] = NaN;
  assert.throws(() => logMelCorrelation(tone, new Float32Array(0)), RangeError);
  assert.throws(() => logMelCorrelation(tone, new Float32Array(2400)), /silence/);
  assert.throws(() => logMelCorrelation(tone, broken), /not finite/);
});
