/** A bidirectional LSTM of one layer. */

import { lstm } from '../mlx/ops.ts';
import type { LstmDirection } from '../mlx/ops.ts';
import { layer } from './layer.ts';
import type { Layer } from './layer.ts';
import type { Weights } from './weights.ts';

/** [batch, length, in] → float32 [batch, length, 2 · hidden]: the zero states are float32, as in mlx-audio. */
export function lstmFrom(weights: Weights, inFeatures: number, hiddenSize: number): Layer {
  const forward = direction(weights, inFeatures, hiddenSize, 'forward');
  const backward = direction(weights, inFeatures, hiddenSize, 'backward');
  return layer(weights.path, (x) => lstm(x, forward, backward));
}

/** By mlx-audio's names, or by PyTorch's. */
function direction(
  weights: Weights,
  inFeatures: number,
  hiddenSize: number,
  name: 'forward' | 'backward',
): LstmDirection {
  const suffix = name === 'forward' ? 'l0' : 'l0_reverse';
  const gates = 4 * hiddenSize;
  return {
    inputWeight: weights.tensor([`Wx_${name}`, `weight_ih_${suffix}`], [gates, inFeatures]),
    hiddenWeight: weights.tensor([`Wh_${name}`, `weight_hh_${suffix}`], [gates, hiddenSize]),
    inputBias: weights.tensor([`bias_ih_${name}`, `bias_ih_${suffix}`], [gates]),
    hiddenBias: weights.tensor([`bias_hh_${name}`, `bias_hh_${suffix}`], [gates]),
  };
}
