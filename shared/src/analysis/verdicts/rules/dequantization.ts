/** Hypothesis: MLX expands whole quantized weights when it multiplies by them. The guess that this project began with. */

import { formatBytes } from '../../../format/bytes.ts';
import { armName, judgeByIntervention, transientShift } from '../verdict.ts';
import { denseSentence } from '../../trace/sentences.ts';
import type { LayerTransient, TracedReading } from '../../../protocol/study-document.ts';
import type { Rule } from '../verdict.ts';

const total = (layers: readonly LayerTransient[], bytes: (layer: LayerTransient) => number): number =>
  layers.reduce((sum, layer) => sum + bytes(layer), 0);

/** How the layers measured alone bear on it: what their products took, beside what dense copies would. */
function layerSentence(layers: readonly LayerTransient[]): string {
  const largest = layers.reduce((a, b) => (b.denseBytes > a.denseBytes ? b : a));
  const taken = formatBytes(total(layers, (layer) => layer.quantizedBytes) / layers.length);
  const dense = formatBytes(total(layers, (layer) => layer.denseBytes) / layers.length);
  return (
    `Alone, MLX's product of a quantized layer took ${taken} on average, and a dense copy of its weight would be ${dense}; ` +
    `${largest.path}, the largest, took ${formatBytes(largest.quantizedBytes)} of ${formatBytes(largest.denseBytes)}, ` +
    `and ${formatBytes(largest.expandedBytes)} when it was deliberately expanded.`
  );
}

/** What the trace of the model as it was given shows. */
function tracedSentence({ peakBytes, denseCopies }: TracedReading): string {
  const shown = denseSentence(denseCopies);
  return `In a trace of its operations, with a peak of ${formatBytes(peakBytes)}, ${shown.charAt(0).toLowerCase()}${shown.slice(1)}`;
}

export const dequantization: Rule = {
  id: 'on-the-fly-dequantization',
  statement: 'MLX expands whole quantized weights on the fly.',
  part: 'always',
  judge(question) {
    const { evidence, facts, given } = question;
    const layers = evidence.layers[facts.model] ?? [];
    const traced = evidence.traced?.[facts.model];
    const denseBytes = total(layers, (layer) => layer.denseBytes);
    const opposite =
      'The quantized model taking more beyond its weights than the same values stored dense, by the size of the copies.';
    if (facts.bits === undefined) {
      return {
        status: 'refuted',
        prediction: 'It has quantized layers.',
        arms: [armName(given)],
        sentence: `${facts.model} has no quantized layers, so nothing is expanded.`,
        opposite: 'Quantized layers in its header.',
      };
    }
    return judgeByIntervention(question, {
      intervention: 'dense',
      // On a CPU the model as given multiplies by a product of Tidemark's own, and the guess is about MLX's.
      against: 'mlx-product',
      prediction:
        'The same values stored dense, in the same dtype, need less beyond their weights, because nothing is left to expand.',
      opposite,
      changesBaseline: false,
      measure: transientShift,
      wholeWithoutAnomaly: denseBytes,
      sentence: (effect, status) => {
        const finding =
          status === 'supported'
            ? `Stored dense, the same values took ${formatBytes(effect.estimate)} less beyond their weights than with MLX's own quantized products, which make these copies.`
            : `Stored dense, the same values took ${formatBytes(Math.abs(effect.estimate))} ${effect.estimate > 0 ? 'less' : 'more'} beyond their weights than with MLX's own quantized products, so no whole weights are expanded at the peak.`;
        return [
          finding,
          ...(layers.length === 0 ? [] : [layerSentence(layers)]),
          // Audio that is not the same is of other work.
          ...(traced?.sameAudio === true ? [tracedSentence(traced)] : []),
        ].join(' ');
      },
    });
  },
};
