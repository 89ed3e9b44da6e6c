/**
 * The generator's layers for the least memory: norm, activation, convolution, bias and residual are one operation, and what
 * stays at the utterance's full length is stored in bfloat16: a level's input, the sum of its blocks, and in each block a
 * running sum and what is between its two convolutions.
 */

import { astype, leanConv1d, leanConvTranspose1d } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { convFrom, kernelFrom } from '../nn/conv.ts';
import type { ConvShape } from '../nn/conv.ts';
import { observed } from '../nn/layer.ts';
import { linearFrom } from '../nn/linear.ts';
import type { Weights } from '../nn/weights.ts';
import { spectrumSlope, upsamplingSlope } from './generator.ts';
import type { GeneratorLayers } from './generator.ts';

/** In which the arrays of full length are stored. */
const stored = 'bfloat16';

/** Reads a convolution's weight and bias, in the order that its outer and inner channels have in the checkpoint. */
function convolutionFrom(
  weights: Weights,
  { outer, inner, kernelSize, outChannels }: Record<'outer' | 'inner' | 'kernelSize' | 'outChannels', number>,
): () => { weight: Tensor; bias: Tensor } {
  const kernel = kernelFrom(weights, { outer, kernelSize, inner });
  const bias = weights.tensor('bias', [outChannels]);
  return () => ({ weight: kernel(), bias });
}

const plainFrom = (
  weights: Weights,
  { inChannels, outChannels, kernelSize }: Pick<ConvShape, 'inChannels' | 'outChannels' | 'kernelSize'>,
): (() => { weight: Tensor; bias: Tensor }) =>
  convolutionFrom(weights, { outer: outChannels, inner: inChannels, kernelSize, outChannels });

export const leanLayers: GeneratorLayers = {
  upsampling(weights, { inChannels, outChannels, kernelSize, ...options }) {
    const conv = convolutionFrom(weights, { outer: inChannels, inner: outChannels, kernelSize, outChannels });
    return {
      forward: (x, harmonics) =>
        observed(weights.path, x, () =>
          leanConvTranspose1d(x, conv(), {
            residual: harmonics,
            slope: upsamplingSlope,
            ...options,
            dtype: stored,
          }),
        ),
    };
  },
  snakeConv(weights, part, round, { channels, kernelSize, dilation, styleSize }) {
    const affine = linearFrom(weights.at(`adain${part}`, round, 'fc'), styleSize, 2 * channels);
    const alpha = weights.tensor(`alpha${part}.${round}`, [1, channels, 1]);
    const at = weights.at(`convs${part}`, round);
    const conv = plainFrom(at, { inChannels: channels, outChannels: channels, kernelSize });
    return {
      forward: (x, style, residual) =>
        observed(at.path, x, () =>
          leanConv1d(x, conv(), {
            style: affine.forward(style),
            alpha,
            residual,
            padding: (dilation * (kernelSize - 1)) / 2,
            dilation,
            dtype: stored,
          }),
        ),
    };
  },
  harmonicsConv(weights, shape) {
    const { stride = 1, padding = 0 } = shape;
    if (stride > 1) {
      const conv = convFrom(weights, shape);
      return { forward: (x) => astype(conv.forward(x), stored) };
    }
    const conv = plainFrom(weights, shape);
    return {
      forward: (x) => observed(weights.path, x, () => leanConv1d(x, conv(), { padding, dtype: stored })),
    };
  },
  spectrumConv(weights, shape) {
    const conv = plainFrom(weights, shape);
    const { padding = 0 } = shape;
    return {
      forward: (x) =>
        observed(weights.path, x, () =>
          leanConv1d(x, conv(), { slope: spectrumSlope, padding, dtype: 'float32' }),
        ),
    };
  },
};
