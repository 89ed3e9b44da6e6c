/** Linear layers and tables of vectors, each plain or quantized: quantized where their weights have scales. */

import {
  add,
  blockedQuantizedMatmul,
  dequantize,
  linear,
  matmul,
  quantizedMatmul,
  take,
  transpose,
} from '../mlx/ops.ts';
import { layer } from './layer.ts';
import type { Layer } from './layer.ts';
import type { QuantizedProduct, Weights } from './weights.ts';

/**
 * x Wᵀ + b: [..., in] → [..., out]. A plain weight of a narrower dtype than `x` is widened by MLX in a copy, for as long as
 * the product takes. A packed weight is read as it is: no expanded copy is made.
 */
export function linearFrom(weights: Weights, inFeatures: number, outFeatures: number): Layer {
  if (weights.isQuantized) {
    const { packed, scales, biases, options, product } = weights.quantized(outFeatures, inFeatures);
    const bias = weights.tensor('bias', [outFeatures]);
    const multiply = products[product];
    return layer(weights.path, (x) => add(multiply(x, packed, scales, biases, options), bias));
  }
  const weight = weights.tensor('weight', [outFeatures, inFeatures]);
  const bias = weights.tensor('bias', [outFeatures]);
  return layer(weights.path, (x) => linear(x, weight, bias));
}

/** The products of a packed weight. `expanded`: with a dense copy of it, as a check of what finds dense copies needs one. */
const products: Readonly<Record<QuantizedProduct, typeof quantizedMatmul>> = {
  mlx: quantizedMatmul,
  blocked: blockedQuantizedMatmul,
  expanded: (x, packed, scales, biases, options) =>
    matmul(x, transpose(dequantize(packed, scales, biases, options))),
};

/** `count` vectors, looked up by int32 indices: [...] → [..., width]. Of a packed table only the rows looked up are expanded. */
export function embeddingFrom(weights: Weights, count: number, width: number): Layer {
  if (weights.isQuantized) {
    const { packed, scales, biases, options } = weights.quantized(count, width);
    return layer(weights.path, (indices) =>
      dequantize(take(packed, indices, 0), take(scales, indices, 0), take(biases, indices, 0), options),
    );
  }
  const weight = weights.tensor('weight', [count, width]);
  return layer(weights.path, (indices) => take(weight, indices, 0));
}
