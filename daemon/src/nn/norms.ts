/** Normalizations: over the last axis, by fixed weights or by a style, and over time. */

import {
  add,
  expandDims,
  layerNorm,
  moments,
  multiply,
  reshape,
  rsqrt,
  scaleAndShift,
  split,
  subtract,
} from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { layer, observed } from './layer.ts';
import type { Layer } from './layer.ts';
import { linearFrom } from './linear.ts';
import type { Weights } from './weights.ts';

const adaptiveEpsilon = 1e-5;

/** Layer normalization over the last axis. The older names `gamma` and `beta` are accepted too. */
export function layerNormFrom(weights: Weights, width: number, epsilon: number): Layer {
  const weight = weights.tensor(['weight', 'gamma'], [width]);
  const bias = weights.tensor(['bias', 'beta'], [width]);
  return layer(weights.path, (x) => layerNorm(x, weight, bias, epsilon));
}

/** A layer whose weights are linear functions of the style of one utterance, [batch, style]. */
export interface StyledLayer {
  forward(x: Tensor, style: Tensor): Tensor;
}

/** A layer norm whose weight is 1 + γ and whose bias is β; `x` [1, length, width]. */
export function adaptiveLayerNormFrom(weights: Weights, styleSize: number, width: number): StyledLayer {
  const affine = linearFrom(weights.at('fc'), styleSize, 2 * width);
  return {
    forward: (x, style) => {
      const [gamma, beta] = split(reshape(affine.forward(style), [-1]), 2, 0) as [Tensor, Tensor];
      return layerNorm(x, add(gamma, 1), beta, adaptiveEpsilon);
    },
  };
}

/**
 * Adaptive instance normalization: each channel of `x` [batch, length, channels] is normalized over time, then scaled and
 * shifted by the style. (1 + γ) (x − mean) / √(variance + ε) + β (Huang and Belongie, 2017).
 *
 * All that the style and the statistics say of a channel is gathered in one scale and one shift first, so that the long
 * tensor is passed over twice rather than five times.
 */
export function adaptiveInstanceNormFrom(weights: Weights, styleSize: number, channels: number): StyledLayer {
  const affine = linearFrom(weights.at('fc'), styleSize, 2 * channels);
  const normalize = (x: Tensor, style: Tensor): Tensor => {
    const [gamma, beta] = split(expandDims(affine.forward(style), 1), 2, 2) as [Tensor, Tensor];
    const { mean, variance } = moments(x);
    const scale = multiply(add(gamma, 1), rsqrt(add(variance, adaptiveEpsilon)));
    return scaleAndShift(x, scale, subtract(beta, multiply(mean, scale)));
  };
  return { forward: (x, style) => observed(weights.path, x, () => normalize(x, style)) };
}
