/** Measures each quantized layer alone: what its product takes beyond active memory, beside a dense copy's size. */

import type { LayerTransient } from '@tidemark/shared/protocol/study-document.ts';
import { packedModules } from '../kokoro/alterations.ts';
import type { PackedModule } from '../kokoro/alterations.ts';
import { quantizationAt } from '../kokoro/config.ts';
import type { Kokoro } from '../kokoro/kokoro.ts';
import { clearCache, memorySnapshot, resetPeak, synchronize } from '../mlx/memory.ts';
import {
  array,
  contiguous,
  dequantize,
  matmul,
  quantizedMatmul,
  randomNormal,
  take,
  transpose,
} from '../mlx/ops.ts';
import { evaluate, scope } from '../mlx/scope.ts';
import type { DType, Tensor } from '../mlx/tensor.ts';

/** Bytes of an element of the dtypes that scales can have. */
const elementBytes: Partial<Record<DType, number>> = { float32: 4, bfloat16: 2, float16: 2 };

/** What evaluating `build` takes beyond active memory and beyond its own result, in bytes. */
function transientOf(build: () => Tensor): number {
  clearCache();
  const { activeBytes } = memorySnapshot();
  resetPeak();
  const result = scope(build);
  evaluate(result);
  synchronize();
  const transient = memorySnapshot().peakBytes - activeBytes - result.nbytes;
  result.dispose();
  return Math.max(0, transient);
}

/**
 * For every packed weight of the model: a product with a random float32 input of `tokens` rows (activations are float32
 * nearly everywhere), or a look-up of as many rows where the weight is an embedding, as the network uses it.
 */
export function layerTransients(model: Kokoro, tokens: number): LayerTransient[] {
  return packedModules(model.weights(), (path) => quantizationAt(model.config, path)).map((module) =>
    measureModule(module, tokens),
  );
}

function measureModule(
  { path, packed, scales, biases, options }: PackedModule,
  tokens: number,
): LayerTransient {
  const columns = (packed.dim(1) * 32) / options.bits;
  const denseBytes = packed.dim(0) * columns * (elementBytes[scales.dtype] ?? Number.NaN);
  if (/embeddings?(\.|$)/.test(path) && /(_embeddings|\.embedding)$/.test(path)) {
    const indices = scope(() =>
      array(
        Array.from({ length: tokens }, (_, row) => row % packed.dim(0)),
        [tokens],
        'int32',
      ),
    );
    const quantizedBytes = transientOf(() =>
      dequantize(take(packed, indices, 0), take(scales, indices, 0), take(biases, indices, 0), options),
    );
    const expandedBytes = transientOf(() =>
      contiguous(take(dequantize(packed, scales, biases, options), indices, 0)),
    );
    indices.dispose();
    return { path, denseBytes, quantizedBytes, expandedBytes };
  }
  const input = scope(() => randomNormal([tokens, columns]));
  evaluate(input);
  const quantizedBytes = transientOf(() => quantizedMatmul(input, packed, scales, biases, options));
  const expandedBytes = transientOf(() =>
    matmul(input, transpose(dequantize(packed, scales, biases, options))),
  );
  input.dispose();
  return { path, denseBytes, quantizedBytes, expandedBytes };
}
