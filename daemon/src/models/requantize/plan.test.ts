/** Plans by headers alone, for checkpoints that are quantized in more ways than one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tinyConfig } from '../../../test/tiny-kokoro.ts';
import { parseConfig } from '../../kokoro/config.ts';
import { tensorBytes } from '../safetensors/dtypes.ts';
import type { SafetensorsDType } from '../safetensors/dtypes.ts';
import type { TensorEntry } from '../safetensors/header.ts';
import { changesOf, planRequantization, warningsOf } from './plan.ts';

const entry = (name: string, dtype: SafetensorsDType, ...shape: number[]): TensorEntry => ({
  name,
  dtype,
  shape,
  offset: 0,
  bytes: tensorBytes({ dtype, shape }),
});

/** A [8, 128] weight in groups of 64. */
const packed = (path: string, bits: number, dtype: SafetensorsDType = 'F32'): TensorEntry[] => [
  entry(`${path}.weight`, 'U32', 8, (128 * bits) / 32),
  entry(`${path}.scales`, dtype, 8, 2),
  entry(`${path}.biases`, dtype, 8, 2),
  entry(`${path}.bias`, 'F32', 8),
];

const mixed = [
  ...packed('first', 4),
  ...packed('second', 8),
  entry('third.weight', 'F32', 8, 128),
  entry('conv.weight_v', 'F32', 4, 3, 2),
  entry('conv.weight_g', 'F32', 4, 1, 1),
  entry('conv.bias', 'F32', 4),
  entry('bert.embeddings.position_ids', 'I64', 1, 512),
];

const config = parseConfig({
  ...tinyConfig,
  quantization: { group_size: 64, bits: 4, second: { group_size: 64, bits: 8 }, third: false },
});

const plan = (request: Partial<Parameters<typeof planRequantization>[2]>, entries = mixed) =>
  planRequantization(entries, config, { fuseWeightNorm: false, ...request });

test('of a mixed checkpoint each module is kept, packed or packed again for itself', () => {
  const { packing, kept, packed: fresh, repacked, tensorBytes } = plan({ bits: 4 });
  assert.deepEqual([packing, kept, fresh], [{ bits: 4, groupSize: 64 }, ['first'], ['third']]);
  assert.deepEqual(repacked, [{ path: 'second', from: { bits: 8, groupSize: 64 } }]);
  const one = (8 * 128 * 4) / 8 + 2 * 8 * 2 * 4;
  assert.equal(tensorBytes, 3 * one + 2 * 8 * 4 + (24 + 4 + 4) * 4);
});

test('without bits nothing is packed, and the rest is cast: biases of packed layers, but not their scales', () => {
  const { packing, kept, castTensors, tensorBytes, isQuantized } = plan({ rest: 'bfloat16' });
  assert.deepEqual([packing, kept, isQuantized], [undefined, ['first', 'second'], true]);
  assert.equal(castTensors, 2 + 1 + 3);
  const scales = 2 * 8 * 2 * 4;
  assert.equal(tensorBytes, 512 + 1024 + 2 * scales + 2 * (2 * 8 + 8 * 128 + 24 + 4 + 4));
});

test('fusing drops the magnitude, and cast counts what is left', () => {
  const { fusedConvolutions, castTensors, tensorBytes } = plan(
    { fuseWeightNorm: true, rest: 'bfloat16' },
    mixed.slice(-4),
  );
  assert.deepEqual([fusedConvolutions, castTensors, tensorBytes], [1, 2, 2 * (24 + 4)]);
});

test('packed again takes the rest’s dtype for its scales', () => {
  const source = packed('second', 8, 'F16');
  assert.equal(plan({ bits: 4, rest: 'float32' }, source).tensorBytes, 512 + 2 * 8 * 2 * 4 + 8 * 4);
  assert.equal(plan({ bits: 4 }, source).tensorBytes, 512 + 2 * 8 * 2 * 2 + 8 * 4);
});

test('a column count that is no multiple of the group stays as it is', () => {
  const { packed: fresh, kept } = plan({ bits: 8, groupSize: 128 }, [
    entry('a.weight', 'F32', 8, 128),
    entry('b.weight', 'F32', 8, 192),
  ]);
  assert.deepEqual([fresh, kept], [['a'], []]);
});

test('changes are phrases in the singular and the plural', () => {
  assert.deepEqual(changesOf(plan({ bits: 4, rest: 'bfloat16', fuseWeightNorm: true })), [
    '1 layer quantized at 4 bits in groups of 64',
    '1 layer dequantized and quantized again at 4 bits in groups of 64',
    'packed weights of 1 layer kept bit for bit',
    '4 tensors cast to bfloat16',
    'weight norm fused in 1 convolution',
  ]);
});

test('an unquantized checkpoint in the layout of a quantized one is warned of', () => {
  const entries = [entry('text_encoder.lstm.Wx_forward', 'F32', 4, 4)];
  assert.match(
    warningsOf(plan({ rest: 'bfloat16' }, entries), entries).join(' '),
    /mlx-audio does not expect/,
  );
});
