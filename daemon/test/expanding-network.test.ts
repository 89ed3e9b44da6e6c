/** A network in which the guess is true: it expands all its packed weights and holds them. The verdict must say so. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { explain } from '@tidemark/shared/analysis/verdicts/explain.ts';
import type { Arm, Intervention, ModelFacts } from '@tidemark/shared/protocol/study-document.ts';
import { measure } from '../src/host/measure.ts';
import { packedModules } from '../src/kokoro/alterations.ts';
import type { Alterations } from '../src/kokoro/alterations.ts';
import { Kokoro } from '../src/kokoro/kokoro.ts';
import { Voice } from '../src/kokoro/voice.ts';
import { memorySnapshot } from '../src/mlx/memory.ts';
import { astype, dequantize } from '../src/mlx/ops.ts';
import { evaluate, keep, scope } from '../src/mlx/scope.ts';
import type { Tensor } from '../src/mlx/tensor.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { writeTinyKokoro } from './tiny-kokoro.ts';

const bits = 8;
const durations = [2, 3, 2, 3, 2, 2];

/** Every packed weight of the model as a dense copy in the dtype of activations; none for a model without packed weights. */
function expandAll(model: Kokoro): Tensor[] {
  return packedModules(model.weights(), () => ({ groupSize: 64, bits })).map(
    ({ packed, scales, biases, options }) =>
      scope(() => keep(astype(dequantize(packed, scales, biases, options), 'float32'))),
  );
}

interface ArmOptions {
  readonly model: string;
  readonly intervention: Intervention;
  readonly alterations?: Alterations;
  readonly expands: boolean;
}

/** A dozen measured iterations of a tiny network; one that `expands` holds dense copies of its weights while it speaks. */
async function runArm(
  folder: string,
  { model: name, intervention, alterations = {}, expands }: ArmOptions,
): Promise<Arm> {
  using model = Kokoro.load(folder, alterations);
  using voice = Voice.load(join(folder, 'voices', 'af_tiny.safetensors'));
  using style = voice.styleFor(4);
  const tokens = model.tokenize('ab c');
  const loadedBytes = memorySnapshot().activeBytes;
  const iterations = [];
  for (let iteration = 0; iteration < 12; iteration += 1) {
    iterations.push(
      await measure(() => {
        const held = expands ? expandAll(model) : [];
        evaluate(held);
        const { audio } = model.synthesize(tokens, style, { deterministic: true, durations });
        const samples = audio.dim(-1);
        [...held, audio].forEach((tensor) => tensor.dispose());
        return samples;
      }),
    );
  }
  return {
    model: name,
    intervention,
    loadedBytes,
    loadPeakBytes: loadedBytes,
    peakBytes: iterations.map(({ peakBytes }) => peakBytes),
    activeBytes: iterations.map(({ activeBytes }) => activeBytes),
    samples: iterations.map(({ result }) => result),
  };
}

const facts = (model: string, quantizedBits?: number): ModelFacts => ({
  model,
  tensorBytes: 1,
  bytesByDtype: { bfloat16: 1 },
  restBytesByDtype: { bfloat16: 1 },
  ...(quantizedBits && { bits: quantizedBits }),
});

async function verdictOn(expands: boolean) {
  const folder = temporaryFolder();
  const [dense, packed] = [join(folder, 'bf16'), join(folder, '8bit')];
  writeTinyKokoro(dense, { dtype: 'bfloat16' });
  writeTinyKokoro(packed, { dtype: 'bfloat16', bits });
  const arms = [
    await runArm(dense, { model: 'bf16', intervention: 'as-given', expands: false }),
    await runArm(packed, { model: '8bit', intervention: 'as-given', expands }),
    await runArm(packed, {
      model: '8bit',
      intervention: 'mlx-product',
      alterations: { quantizedProduct: 'mlx' },
      expands,
    }),
    await runArm(packed, { model: '8bit', intervention: 'dense', alterations: { dense: true }, expands }),
  ];
  const { explanations } = explain({
    baseline: 'bf16',
    models: [facts('bf16'), facts('8bit', bits)],
    arms,
    layers: {},
    unreset: [],
  });
  const explanation = explanations[0];
  const verdict = explanation?.verdicts.find(({ hypothesis }) => hypothesis === 'on-the-fly-dequantization');
  assert.ok(explanation && verdict);
  return { explanation, verdict };
}

test('a network that expands its weights and holds them peaks higher, and dequantization is supported', async () => {
  const { explanation, verdict } = await verdictOn(true);
  assert.equal(explanation.isAnomaly, true);
  assert.equal(verdict.status, 'supported', verdict.sentence);
});

test('the same network without the copies is no anomaly, and dequantization is refuted', async () => {
  const { explanation, verdict } = await verdictOn(false);
  assert.equal(explanation.isAnomaly, false);
  assert.notEqual(verdict.status, 'supported', verdict.sentence);
});
