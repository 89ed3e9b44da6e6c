/** What a recipe makes of a few small weights, against libmlx's own operations. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as mx from '../../mlx/ops.ts';
import { scope } from '../../mlx/scope.ts';
import { recipes, tensorBytesOf } from '../recipes.ts';
import type { Recipe } from '../recipes.ts';
import type { SourceTensor } from '../onnx/kokoro.ts';
import { elementCount } from '../safetensors/dtypes.ts';
import { checkpointTensors, mlxName } from './tensors.ts';

const ramp = (...shape: number[]): SourceTensor => ({
  shape,
  read: () => Float32Array.from({ length: elementCount(shape) }, (_, index) => Math.sin(index) / 3),
});

const source = new Map<string, SourceTensor>([
  ['bert_encoder.weight', ramp(2, 128)],
  ['bert_encoder.bias', ramp(2)],
  ['decoder.generator.m_source.l_linear.weight', ramp(1, 9)],
  ['decoder.encode.conv1.weight_v', ramp(2, 3, 5)],
  ['decoder.encode.conv1.weight_g', ramp(2, 1, 1)],
  ['decoder.generator.noise_convs.0.weight', ramp(2, 2, 4)],
  ['decoder.generator.noise_res.0.alpha1.0', ramp(1, 4, 1)],
  ['text_encoder.lstm.weight_ih_l0_reverse', ramp(4, 64)],
  ['text_encoder.cnn.0.1.gamma', ramp(4)],
]);

function make(name: string) {
  const recipe = recipes.find((candidate) => candidate.name === name);
  assert.ok(recipe);
  return new Map(checkpointTensors(source, recipe).map((tensor) => [tensor.name, tensor]));
}

const bytesOfTensor = (body: () => ReturnType<typeof mx.array>): Uint8Array =>
  scope(() => {
    const elements = body().toTypedArray();
    return new Uint8Array(elements.buffer);
  });

const original = (name: string) => {
  const tensor = source.get(name);
  assert.ok(tensor);
  return mx.array(tensor.read(), tensor.shape);
};

test('an unquantized checkpoint keeps the published names and layout', () => {
  const tensors = make('fp32');
  assert.deepEqual([...tensors.keys()], [...source.keys()]);
  for (const [name, tensor] of tensors) {
    assert.equal(tensor.dtype, 'F32');
    assert.deepEqual(tensor.shape, source.get(name)?.shape);
    assert.deepEqual(
      tensor.bytes(),
      bytesOfTensor(() => original(name)),
    );
  }
});

test('bfloat16 is rounded as MLX rounds', () => {
  for (const [name, tensor] of make('bf16')) {
    assert.equal(tensor.dtype, 'BF16');
    assert.deepEqual(
      tensor.bytes(),
      bytesOfTensor(() => mx.astype(original(name), 'bfloat16')),
    );
  }
});

test("a quantized checkpoint has mlx-audio's names, channels last, and packs what can be packed", () => {
  const tensors = make('4bit-fp32');
  assert.deepEqual(
    [...tensors.values()].map(({ name, dtype, shape }) => [name, dtype, shape]),
    [
      ['bert_encoder.weight', 'U32', [2, 16]],
      ['bert_encoder.scales', 'F32', [2, 2]],
      ['bert_encoder.biases', 'F32', [2, 2]],
      ['bert_encoder.bias', 'F32', [2]],
      ['decoder.generator.m_source.l_linear.weight', 'F32', [1, 9]],
      ['decoder.encode.conv1.weight_v', 'F32', [2, 5, 3]],
      ['decoder.encode.conv1.weight_g', 'F32', [2, 1, 1]],
      ['decoder.generator.noise_convs.0.weight', 'F32', [2, 4, 2]],
      ['decoder.generator.noise_res.0.alpha1.0', 'F32', [1, 4, 1]],
      ['text_encoder.lstm.Wx_backward', 'F32', [4, 64]],
      ['text_encoder.cnn.0.1.weight', 'F32', [4]],
    ],
  );
  const swapped = bytesOfTensor(() =>
    mx.contiguous(mx.transpose(original('decoder.encode.conv1.weight_v'), [0, 2, 1])),
  );
  assert.deepEqual(tensors.get('decoder.encode.conv1.weight_v')?.bytes(), swapped);
});

test('weights are quantized from what the rest is kept in', () => {
  for (const [recipeName, rest] of [
    ['8bit-fp32', 'float32'],
    ['6bit-bf16', 'bfloat16'],
  ] as const) {
    const options = { groupSize: 64, bits: Number(recipeName[0]) };
    const tensors = make(recipeName);
    const expected = (part: 'packed' | 'scales' | 'biases') =>
      bytesOfTensor(() => mx.quantize(mx.astype(original('bert_encoder.weight'), rest), options)[part]);
    assert.deepEqual(tensors.get('bert_encoder.weight')?.bytes(), expected('packed'));
    assert.deepEqual(tensors.get('bert_encoder.scales')?.bytes(), expected('scales'));
    assert.deepEqual(tensors.get('bert_encoder.biases')?.bytes(), expected('biases'));
    assert.equal(tensors.get('bert_encoder.scales')?.dtype, rest === 'float32' ? 'F32' : 'BF16');
  }
});

test("names go from PyTorch's to mlx-audio's", () => {
  assert.equal(mlxName('predictor.lstm.bias_hh_l0'), 'predictor.lstm.bias_hh_forward');
  assert.equal(mlxName('predictor.lstm.weight_hh_l0_reverse'), 'predictor.lstm.Wh_backward');
  assert.equal(mlxName('text_encoder.cnn.2.1.beta'), 'text_encoder.cnn.2.1.bias');
  assert.equal(mlxName('bert.pooler.weight'), 'bert.pooler.weight');
});

test("the recipes' sizes are those of the published recipes", () => {
  const sizes = Object.fromEntries(recipes.map((recipe: Recipe) => [recipe.name, tensorBytesOf(recipe)]));
  assert.deepEqual(sizes, {
    fp32: 327_053_640,
    bf16: 163_526_820,
    '8bit-fp32': 289_243_848,
    '6bit-fp32': 285_956_040,
    '4bit-fp32': 282_668_232,
    '8bit-bf16': 151_197_540,
    '6bit-bf16': 147_909_732,
    '4bit-bf16': 144_621_924,
  });
});
