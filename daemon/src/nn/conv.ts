/** One-dimensional convolutions over [batch, length, channels], and their weights. */

import { add, conv1d, convTranspose1d, transpose, weightNorm } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { layer } from './layer.ts';
import type { Layer } from './layer.ts';
import type { KernelShape, Weights } from './weights.ts';

export interface ConvShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly bias?: boolean;
}

/** [batch, length, in] → [batch, ⌊(length + 2 · padding − dilation · (kernelSize − 1) − 1) / stride⌋ + 1, out]. */
export function convFrom(weights: Weights, shape: ConvShape): Layer {
  const { inChannels, outChannels, kernelSize, bias: hasBias = true, ...options } = shape;
  const kernel = kernelFrom(weights, { outer: outChannels, kernelSize, inner: inChannels });
  if (!hasBias) {
    return layer(weights.path, (x) => conv1d(x, kernel(), options));
  }
  const bias = weights.tensor('bias', [outChannels]);
  return layer(weights.path, (x) => add(conv1d(x, kernel(), options), bias));
}

interface ConvTransposeShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;
}

/**
 * [batch, length, in] → [batch, (length − 1) · stride − 2 · padding + kernelSize, out]. PyTorch stores such a weight with
 * the input's channels outermost, and its weight normalization is over them.
 */
export function convTransposeFrom(weights: Weights, shape: ConvTransposeShape): Layer {
  const { inChannels, outChannels, kernelSize, ...options } = shape;
  const kernel = kernelFrom(weights, { outer: inChannels, kernelSize, inner: outChannels });
  const bias = weights.tensor('bias', [outChannels]);
  return layer(weights.path, (x) => add(convTranspose1d(x, transpose(kernel(), [2, 1, 0]), options), bias));
}

/**
 * A convolution's weight, [outer, kernelSize, inner]: stored as it is, or as a direction and a magnitude `weight_g` (weight
 * normalization).
 *
 * mlx-audio keeps these two in its checkpoints and computes their product in each call, in their dtype; so the temporaries
 * of that are part of what a run takes, as in mlx-audio.
 */
export function kernelFrom(weights: Weights, shape: KernelShape): () => Tensor {
  if (weights.has('weight')) {
    const weight = weights.kernel('weight', shape);
    return () => weight;
  }
  const direction = weights.kernel('weight_v', shape);
  const magnitude = weights.tensor('weight_g', [shape.outer, 1, 1]);
  return () => weightNorm(direction, magnitude);
}
