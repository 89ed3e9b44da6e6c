import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bidirectionalLstm } from '../../test/by-definition.ts';
import type { LstmWeights } from '../../test/by-definition.ts';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose, numbers } from '../../test/numbers.ts';
import { array, astype } from '../mlx/ops.ts';
import { lstmFrom } from './lstm.ts';

const [length, inFeatures, hiddenSize] = [7, 5, 3];
const gates = 4 * hiddenSize;
const next = numbers(4);
const x = next(length * inFeatures);

const direction = () => ({
  input: { data: next(gates * inFeatures), shape: [gates, inFeatures] },
  hidden: { data: next(gates * hiddenSize), shape: [gates, hiddenSize] },
  inputBias: { data: next(gates), shape: [gates] },
  hiddenBias: { data: next(gates), shape: [gates] },
});
const forward = direction();
const backward = direction();

const weightsOf = ({ input, hidden, inputBias, hiddenBias }: ReturnType<typeof direction>): LstmWeights => ({
  input: input.data,
  hidden: hidden.data,
  biases: [inputBias.data, hiddenBias.data],
});
const expected = bidirectionalLstm(x, [weightsOf(forward), weightsOf(backward)], [inFeatures, hiddenSize]);

const pytorch = () =>
  arrays({
    weight_ih_l0: forward.input,
    weight_hh_l0: forward.hidden,
    bias_ih_l0: forward.inputBias,
    bias_hh_l0: forward.hiddenBias,
    weight_ih_l0_reverse: backward.input,
    weight_hh_l0_reverse: backward.hidden,
    bias_ih_l0_reverse: backward.inputBias,
    bias_hh_l0_reverse: backward.hiddenBias,
  });

const mlxAudio = () =>
  arrays({
    Wx_forward: forward.input,
    Wh_forward: forward.hidden,
    bias_ih_forward: forward.inputBias,
    bias_hh_forward: forward.hiddenBias,
    Wx_backward: backward.input,
    Wh_backward: backward.hidden,
    bias_ih_backward: backward.inputBias,
    bias_hh_backward: backward.hiddenBias,
  });

for (const [names, make] of [
  ["PyTorch's", pytorch],
  ["mlx-audio's", mlxAudio],
] as const) {
  test(`an LSTM with ${names} names runs over the steps in both directions`, () => {
    withWeights(make, (weights) => {
      const y = lstmFrom(weights, inFeatures, hiddenSize).forward(array(x, [1, length, inFeatures]));
      assert.deepEqual(y.shape, [1, length, 2 * hiddenSize]);
      assertClose(y, expected);
    });
  });
}

test('an LSTM gives float32 whatever its weights and input are', () => {
  const make = () =>
    Object.fromEntries(Object.entries(pytorch()).map(([name, tensor]) => [name, astype(tensor, 'bfloat16')]));
  withWeights(make, (weights) => {
    const input = astype(array(x, [1, length, inFeatures]), 'bfloat16');
    const y = lstmFrom(weights, inFeatures, hiddenSize).forward(input);
    assert.equal(y.dtype, 'float32');
    assertClose(y, expected, 0.05);
  });
});
