/** Whole sentences against mlx-audio's: the same length, and the same sound. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { likeness } from '../src/audio/log-mel.ts';
import { Kokoro } from '../src/kokoro/kokoro.ts';
import { scope } from '../src/mlx/scope.ts';
import { Reference } from './reference.ts';
import { testModelFolder } from './test-models.ts';

const samplesPerFrame = 600;

interface Case {
  readonly model: string;
  readonly reference: string;
  /** Whether every token must last as long, rather than the whole within one frame. */
  readonly equalDurations: boolean;
  readonly correlation: number;
}

const cases: readonly Case[] = [
  { model: 'fp32', reference: 'short-fp32', equalDurations: true, correlation: 0.995 },
  { model: 'fp32', reference: 'seed-text-fp32', equalDurations: true, correlation: 0.995 },
  { model: 'bf16', reference: 'short-bf16', equalDurations: false, correlation: 0.98 },
  { model: 'bf16', reference: 'seed-text-bf16', equalDurations: false, correlation: 0.98 },
  { model: '4bit-fp32', reference: 'seed-text-4bit-from-fp32', equalDurations: false, correlation: 0.98 },
  { model: '4bit-bf16', reference: 'seed-text-4bit-from-bf16', equalDurations: false, correlation: 0.98 },
];

const rootMeanSquare = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length);

for (const { model, reference: name, equalDurations, correlation } of cases) {
  test(`${model} sounds like ${name}`, async () => {
    using kokoro = Kokoro.load(await testModelFolder(model));
    const reference = new Reference(name);
    using style = scope(() => reference.tensor('ref_s'));
    const { phonemes = '' } = reference.metadata;
    const { durations, ...speech } = kokoro.synthesize(kokoro.tokenize(phonemes), style, {
      deterministic: true,
    });
    using audio = speech.audio;

    const [samples, expected] = [audio.toFloat32Array(), reference.numbers('audio')];
    assert.equal(audio.dtype, 'float32');
    assert.ok(Math.abs(samples.length - expected.length) <= samplesPerFrame, `${samples.length} samples`);
    if (equalDurations) {
      assert.deepEqual(durations, reference.integers('pred_dur'));
    }
    const agreement = likeness(samples, expected, kokoro.config.sample_rate)?.correlation ?? NaN;
    assert.ok(agreement > correlation, `log-mel correlation ${agreement}`);
    const levelDifference = 20 * Math.log10(rootMeanSquare(samples) / rootMeanSquare(expected));
    assert.ok(Math.abs(levelDifference) < 0.5, `${levelDifference} dB`);
  });
}
