import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose, at, numbers } from '../../test/numbers.ts';
import { array, zeros } from '../mlx/ops.ts';
import { StyledBlock } from './styled-block.ts';

const [length, inChannels, outChannels, styleSize] = [6, 3, 2, 4];
const next = numbers(11);
const x = next(length * inChannels);
const projection = next(outChannels * inChannels);

/**
 * Weights with which the residual branch is known: with γ = −1 a norm gives β whatever its input is, so that only the
 * shortcut and the last bias are left.
 */
const tensors = (upsamples: boolean) => ({
  ...arrays({
    'conv1.weight_v': { data: next(outChannels * 3 * inChannels), shape: [outChannels, 3, inChannels] },
    'conv1.weight_g': { data: next(outChannels), shape: [outChannels, 1, 1] },
    'conv1x1.weight': { data: projection, shape: [outChannels, 1, inChannels] },
    'norm1.fc.bias': { data: Float32Array.of(-1, -1, -1, 1, 1, 1), shape: [2 * inChannels] },
    'norm2.fc.bias': { data: Float32Array.of(-1, -1, 0, 0), shape: [2 * outChannels] },
    'conv2.weight': { data: next(outChannels * 3 * outChannels), shape: [outChannels, 3, outChannels] },
    'conv2.bias': { data: Float32Array.of(3, 5), shape: [outChannels] },
  }),
  'conv1.bias': zeros([outChannels]),
  'norm1.fc.weight': zeros([2 * inChannels, styleSize]),
  'norm2.fc.weight': zeros([2 * outChannels, styleSize]),
  ...(upsamples
    ? arrays({
        'pool.weight': { data: next(3 * inChannels), shape: [inChannels, 3, 1] },
        'pool.bias': { data: next(inChannels), shape: [inChannels] },
      })
    : {}),
});

for (const upsamples of [false, true]) {
  const factor = upsamples ? 2 : 1;
  test(`the shortcut of a block is a projection${upsamples ? ', repeated to twice the length' : ''}`, () => {
    withWeights(
      () => tensors(upsamples),
      (weights) => {
        const block = new StyledBlock(weights, { inChannels, outChannels, styleSize, upsamples });
        const y = block.forward(array(x, [1, length, inChannels]), array(next(styleSize), [1, styleSize]));
        assert.deepEqual(y.shape, [1, factor * length, outChannels]);
        // The second norm gives 0, so the residual branch is the second convolution's bias.
        const expected = Array.from({ length: factor * length * outChannels }, (_, index) => {
          const [step, out] = [Math.floor(index / outChannels / factor), index % outChannels];
          const projected = Array.from(
            { length: inChannels },
            (_, channel) => at(projection, out * inChannels + channel) * at(x, step * inChannels + channel),
          ).reduce((sum, value) => sum + value, 0);
          return (projected + at([3, 5], out)) / Math.SQRT2;
        });
        assertClose(y, expected);
      },
    );
  });
}
