import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose } from '../../test/close.ts';
import { numbers } from '../../test/numbers.ts';
import { array, astype } from '../mlx/ops.ts';
import { BidirectionalLstm } from './lstm.ts';

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

const at = (values: ArrayLike<number>, index: number): number => values[index] ?? NaN;
const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** One direction, step by step, in double precision. */
function run(weights: ReturnType<typeof direction>, order: readonly number[]): number[][] {
  const outputs: number[][] = [];
  let hidden = new Array<number>(hiddenSize).fill(0);
  let cell = new Array<number>(hiddenSize).fill(0);
  for (const step of order) {
    const gate = Array.from({ length: gates }, (_, row) => {
      let sum = at(weights.inputBias.data, row) + at(weights.hiddenBias.data, row);
      for (let column = 0; column < inFeatures; column += 1) {
        sum += at(weights.input.data, row * inFeatures + column) * at(x, step * inFeatures + column);
      }
      return hidden.reduce(
        (total, value, column) => total + at(weights.hidden.data, row * hiddenSize + column) * value,
        sum,
      );
    });
    cell = cell.map((value, unit) => {
      const [input, forget, candidate] = [0, 1, 2].map((part) => at(gate, part * hiddenSize + unit));
      return sigmoid(forget ?? NaN) * value + sigmoid(input ?? NaN) * Math.tanh(candidate ?? NaN);
    });
    hidden = cell.map((value, unit) => sigmoid(at(gate, 3 * hiddenSize + unit)) * Math.tanh(value));
    outputs[step] = hidden;
  }
  return outputs;
}

const steps = [...Array(length).keys()];
const forwardOutputs = run(forward, steps);
const backwardOutputs = run(backward, steps.toReversed());
const expected = steps.flatMap((step) => [...(forwardOutputs[step] ?? []), ...(backwardOutputs[step] ?? [])]);

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
      const y = new BidirectionalLstm(weights, inFeatures, hiddenSize).forward(
        array(x, [1, length, inFeatures]),
      );
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
    const y = new BidirectionalLstm(weights, inFeatures, hiddenSize).forward(input);
    assert.equal(y.dtype, 'float32');
    assertClose(y, expected, 0.05);
  });
});
