/** What a trace shows, in sentences. */

import { formatBytes } from '../../format/bytes.ts';
import { formatList, formatPercent } from '../../format/numbers.ts';
import { orderWords } from '../../format/trace-words.ts';
import type { DenseCopies, OperationTrace } from '../../protocol/trace-document.ts';
import type { NamedTrace } from './named-traces.ts';
import { denseCopiesOf, hasPackedWeights, temporaryOfPackedProducts, weightCopies } from './weight-copies.ts';
import type { WeightCopy } from './weight-copies.ts';

const megabytes = (bytes: number): string => formatBytes(bytes, { unit: 'MB' });

/** How the trace compares to the same work without one. */
export function traceSentence({ model, trace }: NamedTrace): string {
  const { peakBytes, plainPeakBytes, sameAudio } = trace;
  const difference = peakBytes - plainPeakBytes;
  const share = plainPeakBytes === 0 ? '' : `, ${formatPercent(difference / plainPeakBytes, { sign: true })}`;
  return (
    `${model} in ${orderWords(trace)} peaks at ${megabytes(peakBytes)} while traced, and at ${megabytes(plainPeakBytes)} without a ` +
    `trace (${formatBytes(difference, { unit: 'MB', sign: true })}${share}). ` +
    (sameAudio
      ? 'The audio is the same, bit for bit.'
      : 'The audio is not the same: do not rely on this trace.')
  );
}

/** How many copies a sentence names. */
const namedCopies = 3;

const copyWords = ({ tensor, bytes }: DenseCopies['atPeak'][number]): string =>
  `${tensor} (${megabytes(bytes)})`;

const sumOf = (copies: readonly { readonly bytes: number }[]): number =>
  copies.reduce((sum, { bytes }) => sum + bytes, 0);

/** Whether a dense copy of a quantized weight is alive at the peak, how large the largest ever was, and of other copies. */
export function copySentences(trace: OperationTrace): string[] {
  const copies = weightCopies(trace);
  const others = copies.filter(({ form }) => form !== 'dense');
  return [
    hasPackedWeights(trace) ? denseSentence(denseCopiesOf(trace)) : 'The model has no quantized weight.',
    ...(hasPackedWeights(trace) ? temporarySentence(trace) : []),
    ...othersSentence(others),
  ];
}

export function denseSentence({ atPeak, largest }: DenseCopies): string {
  if (largest === undefined) {
    return 'No dense copy of a quantized weight is alive at the peak, nor at any other time.';
  }
  if (atPeak.length === 0) {
    return `No dense copy of a quantized weight is alive at the peak. The largest at any other time is that of ${copyWords(largest)}.`;
  }
  const named = atPeak.slice(0, namedCopies).map(copyWords);
  const rest = atPeak.length - named.length;
  return (
    `Dense copies of quantized weights are alive at the peak, ${megabytes(sumOf(atPeak))} together: ` +
    `${formatList(rest > 0 ? [...named, `${rest} more`] : named)}. The largest at any time is that of ${copyWords(largest)}.`
  );
}

function temporarySentence(trace: OperationTrace): string[] {
  const bytes = temporaryOfPackedProducts(trace);
  return bytes === 0
    ? []
    : [
        `A product with a quantized weight needs at most ${megabytes(bytes)} beside its inputs and its result.`,
      ];
}

function othersSentence(others: readonly WeightCopy[]): string[] {
  const [largest] = others;
  if (largest === undefined) {
    return [];
  }
  const atPeak = others.filter(({ isAliveAtPeak }) => isAliveAtPeak);
  return [
    `Weights widened or normalized, and rows of tables, take ${megabytes(sumOf(atPeak))} at the peak; the largest at any time is ` +
      `${largest.source.tensor} in ${largest.dtype} (${megabytes(largest.bytes)}).`,
  ];
}
