/** What a peak and a footprint are made of: parts that add up to the byte. */

import { formatBytes } from '../format/bytes.ts';
import type { WaterfallStep } from '../format/charts/bars.ts';
import type { ModelRecord } from '../protocol/provenance.ts';
import type { IterationSample, ProfileDocument } from '../protocol/profile-document.ts';

/** One iteration's peak. The parts add up to it. */
export interface PeakParts {
  /** The iteration whose peak is the median: medians of several quantities do not add up, the figures of one do. */
  readonly sample: IterationSample;
  /** By the checkpoint's header, in a fixed order of dtypes. */
  readonly weights: readonly { readonly dtype: string; readonly bytes: number }[];
  /** What loading added to the header's bytes (buffers are whole pages on Metal) or left out of them. */
  readonly loadingBytes: number;
  /** The voice, and whatever else was active before the iteration. */
  readonly otherActiveBytes: number;
  readonly transientBytes: number;
  readonly peakBytes: number;
}

/** What the process weighed after that iteration, with everything settled and the cache cleared, or kept. */
export interface FootprintParts {
  /** Before the weights were loaded: Node, MLX and their libraries. */
  readonly beforeLoadingBytes: number;
  /** Of the part that MLX says is active. */
  readonly activeBytes: number;
  /** A cache that was kept, where it lies in the process. */
  readonly cacheBytes?: number;
  /** What none of these accounts for; negative where pages were given back or never touched. */
  readonly unexplainedBytes: number;
  readonly footprintBytes: number;
}

/** Wide types first, packed ones after them, others by name. */
const dtypeOrder = ['float32', 'bfloat16', 'float16', 'uint32'];

export function weightsByDtype({ bytesByDtype }: ModelRecord): PeakParts['weights'] {
  const place = (dtype: string): number => {
    const known = dtypeOrder.indexOf(dtype);
    return known === -1 ? dtypeOrder.length : known;
  };
  return Object.entries(bytesByDtype)
    .filter(([, bytes]) => bytes > 0)
    .map(([dtype, bytes]) => ({ dtype, bytes }))
    .toSorted((a, b) => place(a.dtype) - place(b.dtype) || (a.dtype < b.dtype ? -1 : 1));
}

/** The measured iteration whose peak is the (lower) median; the last of the warm-up where there is no other. */
export function typicalSample({ iterations }: ProfileDocument): IterationSample | undefined {
  const measured = iterations.filter(({ warmup }) => !warmup);
  const ordered = measured.toSorted((a, b) => a.peakBytes - b.peakBytes);
  return ordered[Math.floor((ordered.length - 1) / 2)] ?? iterations.at(-1);
}

/** Undefined where the run has no iteration at all. */
export function peakParts(run: ProfileDocument): PeakParts | undefined {
  const sample = typicalSample(run);
  if (sample === undefined) {
    return undefined;
  }
  const { model, load } = run;
  return {
    sample,
    weights: weightsByDtype(model),
    loadingBytes: load.activeBytes - model.tensorBytes,
    otherActiveBytes: sample.activeBeforeBytes - load.activeBytes,
    transientBytes: sample.peakBytes - sample.activeBeforeBytes,
    peakBytes: sample.peakBytes,
  };
}

const part = (label: string, value: number): WaterfallStep => ({ label, value, kind: 'part' });

export const weightsLabel = (dtype: string): string =>
  dtype === 'uint32' ? 'weights, uint32 (packed)' : `weights, ${dtype}`;
export const loadingLabel = 'added or dropped by loading';
export const otherActiveLabel = 'voice and other active';

/** How the parts make up the peak, and the cache beside it. */
export const peakSteps = (parts: PeakParts, { attribution }: ProfileDocument): WaterfallStep[] => [
  ...parts.weights.map(({ dtype, bytes }) => part(weightsLabel(dtype), bytes)),
  ...(parts.loadingBytes === 0 ? [] : [part(loadingLabel, parts.loadingBytes)]),
  part(otherActiveLabel, parts.otherActiveBytes),
  // The part that peaked highest, by the borders between them, where they were set.
  part(
    attribution === undefined ? 'transient' : `transient, in ${attribution.aliveAtPeak.part}`,
    parts.transientBytes,
  ),
  { label: 'peak', value: parts.peakBytes, kind: 'total' },
  { label: 'cache, immediately after', value: parts.sample.cacheBytes, kind: 'aside' },
];

/** How the parts make up the footprint. */
export const footprintSteps = (parts: FootprintParts): WaterfallStep[] => [
  part('process before loading', parts.beforeLoadingBytes),
  part('active', parts.activeBytes),
  ...(parts.cacheBytes === undefined ? [] : [part('cache, kept', parts.cacheBytes)]),
  part('unexplained', parts.unexplainedBytes),
  { label: 'footprint', value: parts.footprintBytes, kind: 'total' },
];

/** Undefined where the run has no iteration at all. */
export function footprintParts(run: ProfileDocument): FootprintParts | undefined {
  const sample = typicalSample(run);
  if (sample === undefined) {
    return undefined;
  }
  const { footprintBeforeBytes: beforeLoadingBytes } = run.load;
  const { activeBytes, footprintBytes } = sample;
  const holdsCache = run.leaks?.some(({ withoutCache }) => withoutCache === true) === true;
  const cache = holdsCache ? { cacheBytes: sample.cacheBytes } : {};
  return {
    beforeLoadingBytes,
    activeBytes,
    ...cache,
    unexplainedBytes: footprintBytes - beforeLoadingBytes - activeBytes - (cache.cacheBytes ?? 0),
    footprintBytes,
  };
}

/** What the driver of a GPU counts beside MLX, after the iteration with the median peak; undefined where no driver says. */
export function deviceSentence(run: ProfileDocument): string | undefined {
  const { deviceBytes, activeBytes, cacheBytes } = typicalSample(run) ?? {};
  if (deviceBytes === undefined || activeBytes === undefined || cacheBytes === undefined) {
    return undefined;
  }
  const isKept = run.settings.keepCache === true;
  const ofMlx = activeBytes + (isKept ? cacheBytes : 0);
  return (
    `The GPU's driver counts ${formatBytes(deviceBytes, { unit: 'MB' })} for the process: MLX's active memory` +
    `${isKept ? ' and its cache' : ''}, and ${formatBytes(deviceBytes - ofMlx, { unit: 'MB' })} that MLX does not count, such as ` +
    "the driver's context, kernels, and its libraries' work space."
  );
}
