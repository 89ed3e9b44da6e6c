import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { array, zeros } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import { liveTensors } from '../mlx/tensor.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { Checkpoint } from './weights.ts';
import type { CheckpointOptions } from './weights.ts';

function checkpointOf(
  make: () => Record<string, Tensor>,
  options: Partial<CheckpointOptions> = {},
): Checkpoint {
  return new Checkpoint(new Map(Object.entries(scope(make))), { description: 'the folder', ...options });
}

/** The message of the error that assertFits throws. */
function misfit(checkpoint: Checkpoint): string {
  try {
    checkpoint.assertFits();
  } catch (error) {
    assert.ok(error instanceof TidemarkError);
    assert.equal(error.code, 'bad-checkpoint');
    return error.message;
  }
  return '';
}

test('a checkpoint whose keys are all used fits', () => {
  const checkpoint = checkpointOf(() => ({ 'a.weight': zeros([2, 3]) }));
  assert.deepEqual(checkpoint.root().at('a').tensor('weight', [2, 3]).shape, [2, 3]);
  checkpoint.assertFits();
  checkpoint.dispose();
});

test('one error lists missing, misshapen and unused keys', () => {
  const checkpoint = checkpointOf(() => ({
    'a.weight': zeros([2, 3]),
    'b.packed': zeros([2, 2], 'uint32'),
    'c.stray': zeros([1]),
  }));
  const weights = checkpoint.root();
  weights.at('a').tensor('weight', [3, 2]);
  weights.at('a').tensor('bias', [3]);
  weights.at('b').tensor('packed', [2, 2]);
  weights.at('d', 0).tensor(['Wx_forward', 'weight_ih_l0'], [4]);
  assert.equal(
    misfit(checkpoint),
    "the folder does not contain this network's weights: 2 missing (a.bias, d.0.Wx_forward); " +
      '2 with the wrong shape or type (a.weight is float32 [2, 3], not floating-point [3, 2], ' +
      'b.packed is uint32 [2, 2], not floating-point [2, 2]); 1 not part of the network (c.stray).',
  );
  checkpoint.dispose();
});

test('a long list of keys is cut and counted', () => {
  const checkpoint = checkpointOf(() => ({}));
  for (let index = 0; index < 1000; index += 1) {
    checkpoint.root().at('layer', index).tensor('weight', [1]);
  }
  const message = misfit(checkpoint);
  assert.match(message, /1000 missing \(layer\.0\.weight, .* and 994 more\)/);
  assert.ok(message.length < 300);
  checkpoint.dispose();
});

test('ignored keys are given up when the rest is read into memory', () => {
  const checkpoint = checkpointOf(() => ({ position_ids: zeros([4]), weight: zeros([1]) }), {
    ignores: (key) => key === 'position_ids',
  });
  checkpoint.root().tensor('weight', [1]);
  checkpoint.assertFits();
  checkpoint.materialize();
  assert.deepEqual([...checkpoint.tensors.keys()], ['weight']);
  checkpoint.dispose();
});

test('of several accepted names the first that is there is taken', () => {
  const checkpoint = checkpointOf(() => ({ gamma: array([5]) }));
  assert.deepEqual([...checkpoint.root().tensor(['weight', 'gamma'], [1]).toTypedArray()], [5]);
  checkpoint.assertFits();
  checkpoint.dispose();
});

test("a convolution's weight comes out the same in either order of its axes", () => {
  const lastOrder = checkpointOf(() => ({ weight: array([0, 1, 2, 3, 4, 5], [1, 2, 3]) }));
  const firstOrder = checkpointOf(() => ({ weight: array([0, 3, 1, 4, 2, 5], [1, 3, 2]) }));
  for (const checkpoint of [lastOrder, firstOrder]) {
    const kernel = checkpoint.root().kernel('weight', { outer: 1, kernelSize: 2, inner: 3 });
    assert.deepEqual(kernel.shape, [1, 2, 3]);
    assert.deepEqual([...kernel.toTypedArray()], [0, 1, 2, 3, 4, 5]);
    assert.equal(checkpoint.tensors.get('weight'), kernel);
    checkpoint.assertFits();
    checkpoint.dispose();
  }
});

test("a convolution's weight of ambiguous shape is read in the checkpoint's order", () => {
  for (const channelsFirst of [true, false]) {
    const checkpoint = checkpointOf(() => ({ weight: array([0, 1, 2, 3], [1, 2, 2]) }), { channelsFirst });
    const kernel = checkpoint.root().kernel('weight', { outer: 1, kernelSize: 2, inner: 2 });
    assert.deepEqual([...kernel.toTypedArray()], channelsFirst ? [0, 2, 1, 3] : [0, 1, 2, 3]);
    checkpoint.dispose();
  }
});

test("a convolution's weight of another shape is misshapen", () => {
  const checkpoint = checkpointOf(() => ({ weight: zeros([1, 5, 3]) }));
  checkpoint.root().kernel('weight', { outer: 1, kernelSize: 2, inner: 3 });
  assert.match(misfit(checkpoint), /weight is float32 \[1, 5, 3\], not floating-point \[1, 2, 3\]/);
  checkpoint.dispose();
});

test('quantized tensors without a quantization in the configuration are an error', () => {
  const checkpoint = checkpointOf(() => ({
    'fc.weight': zeros([2, 8], 'uint32'),
    'fc.scales': zeros([2, 1]),
    'fc.biases': zeros([2, 1]),
  }));
  const weights = checkpoint.root().at('fc');
  assert.ok(weights.isQuantized);
  weights.quantized(2, 64);
  assert.match(misfit(checkpoint), /fc\.scales is present, but the configuration has no quantization for it/);
  checkpoint.dispose();
});

test('quantized tensors of other bits than the configuration says are misshapen', () => {
  const checkpoint = checkpointOf(
    () => ({ weight: zeros([2, 8], 'uint32'), scales: zeros([2, 1]), biases: zeros([2, 1]) }),
    { quantizationAt: () => ({ groupSize: 64, bits: 8 }) },
  );
  checkpoint.root().quantized(2, 64);
  assert.match(misfit(checkpoint), /weight is uint32 \[2, 8\], not uint32 \[2, 16\]/);
  checkpoint.dispose();
});

test('a checkpoint frees all that it held, stand-ins too', () => {
  const before = liveTensors();
  const checkpoint = checkpointOf(() => ({ weight: zeros([1, 3, 2]), stray: zeros([1]) }));
  checkpoint.root().kernel('weight', { outer: 1, kernelSize: 2, inner: 3 });
  checkpoint.root().tensor('missing', [1000, 1000]);
  checkpoint.dispose();
  assert.equal(liveTensors(), before);
});
