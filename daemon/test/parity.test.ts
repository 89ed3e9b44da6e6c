/** The network against mlx-audio's, tensor by tensor, each stage from mlx-audio's own inputs to it. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Kokoro } from '../src/kokoro/kokoro.ts';
import { alignmentIndices, wholeFrames } from '../src/kokoro/prosody.ts';
import type { Spectrum } from '../src/kokoro/stft.ts';
import { array, concatenate, slice, take, transpose } from '../src/mlx/ops.ts';
import { scope } from '../src/mlx/scope.ts';
import type { Tensor } from '../src/mlx/tensor.ts';
import { assertClose } from './numbers.ts';
import { Reference } from './reference.ts';
import { testModelFolder } from './test-models.ts';

/** Both are largest difference over largest magnitude, and Euclidean norms. */
const stageTolerance = 1e-3;
const spectrumTolerance = 1e-2;

for (const precision of ['fp32', 'bf16']) {
  describe(`the stages of ${precision}`, () => {
    const reference = new Reference(`short-${precision}`);
    let kokoro: Kokoro;
    before(async () => {
      kokoro = Kokoro.load(await testModelFolder(precision));
    });
    after(() => kokoro.dispose());

    /** A test of one stage, in a scope. */
    const stage = (name: string, body: () => void): void => void test(name, () => scope(body));

    /** Asserts that a channels-first rendering of `actual` has mlx-audio's values, shape and dtype. */
    const matches = (actual: Tensor, name: string, tolerance = stageTolerance): void => {
      const shape = reference.shape(name);
      assert.deepEqual(actual.shape, shape);
      assert.equal(actual.dtype, reference.dtypeAtRunTime(name));
      assertClose(actual, reference.numbers(name), tolerance, name);
    };
    const channelsFirst = (x: Tensor): Tensor => transpose(x, [0, 2, 1]);
    const decoderStyle = (): Tensor => slice(reference.tensor('ref_s'), 1, 0, kokoro.config.style_dim);
    const prosodyStyle = (): Tensor => slice(reference.tensor('ref_s'), 1, kokoro.config.style_dim);
    const frameTokens = (): Tensor =>
      array(alignmentIndices(reference.integers('pred_dur')), undefined, 'int32');
    const spectrum = (magnitude: string, phase: string): Spectrum => ({
      magnitude: reference.channelsLast(magnitude),
      phase: reference.channelsLast(phase),
    });

    stage('tokens', () => {
      const { phonemes = '' } = reference.metadata;
      assert.deepEqual(kokoro.tokenize(phonemes), [...reference.integers('input_ids')]);
    });

    stage('bert', () => {
      matches(kokoro.network.albert.forward(reference.tensor('input_ids')), 'bert');
    });

    stage('bert encoder', () => {
      matches(channelsFirst(kokoro.network.encodeHidden.forward(reference.tensor('bert'))), 'd_en');
    });

    stage('duration encoder', () => {
      const { durationEncoder } = kokoro.network.predictor;
      matches(durationEncoder.forward(reference.channelsLast('d_en'), prosodyStyle()), 'd');
    });

    stage('durations', () => {
      const durations = kokoro.network.predictor.durations(reference.tensor('d'), 1);
      matches(durations, 'duration');
      const frames = wholeFrames(durations);
      assert.equal(frames.dtype, 'int32');
      assert.deepEqual([...frames.toTypedArray()], [...reference.integers('pred_dur')]);
    });

    stage('pitch and energy', () => {
      const frames = take(reference.tensor('d'), frameTokens(), 1);
      const { pitch, energy } = kokoro.network.predictor.curves(frames, prosodyStyle());
      matches(pitch, 'F0');
      matches(energy, 'N');
    });

    stage('text encoder', () => {
      const encoded = kokoro.network.textEncoder.forward(reference.tensor('input_ids'));
      matches(channelsFirst(encoded), 't_en');
      matches(channelsFirst(take(encoded, frameTokens(), 1)), 'asr');
    });

    stage('decoder', () => {
      const curves = { pitch: reference.tensor('F0'), energy: reference.tensor('N') };
      const decoded = kokoro.network.decoder.forward(reference.channelsLast('asr'), curves, decoderStyle());
      matches(channelsFirst(decoded), 'dec_pre_gen');
    });

    if (precision !== 'fp32') {
      return;
    }

    stage('source', () => {
      matches(kokoro.network.source.forward(reference.tensor('F0'), { noise: false }), 'har_source');
    });

    stage("source's spectrum", () => {
      const { magnitude, phase } = kokoro.network.fourier.transform(reference.tensor('har_source'));
      matches(channelsFirst(magnitude), 'har_spec');
      // Where a bin is all but empty its angle is rounding; π and −π are the same.
      const [angles, expected] = [channelsFirst(phase).toFloat32Array(), reference.numbers('har_phase')];
      const turns = angles.map((angle, index) => {
        const turn = Math.abs(angle - (expected[index] ?? NaN));
        return Math.min(turn, Math.abs(2 * Math.PI - turn));
      });
      const magnitudes = reference.numbers('har_spec');
      assert.ok(turns.every((turn, index) => turn < stageTolerance || (magnitudes[index] ?? NaN) < 1e-6));
    });

    stage('generator', () => {
      const { magnitude, phase } = spectrum('har_spec', 'har_phase');
      const generated = kokoro.network.generator.forward(
        reference.channelsLast('dec_pre_gen'),
        concatenate([magnitude, phase], 2),
        decoderStyle(),
      );
      matches(channelsFirst(generated.magnitude), 'gen_spec', spectrumTolerance);
      matches(channelsFirst(generated.phase), 'gen_phase', spectrumTolerance);
    });

    stage('waveform', () => {
      const audio = kokoro.network.fourier.inverse(spectrum('gen_spec', 'gen_phase'));
      assertClose(audio, reference.numbers('audio'), stageTolerance, 'audio');
    });
  });
}
