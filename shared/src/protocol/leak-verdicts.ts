/** What each channel of a run says about leaks. */

import * as v from 'valibot';
import { bytes, count, text } from './quantities.ts';

/** The series of a run in which a leak can show. */
export const leakChannels = [
  'activeBytes',
  'footprintBytes',
  'heapBytes',
  'liveTensors',
  /** Handles that were dropped: the collector frees them when it comes by, so memory depends on its mood. */
  'undisposedTensors',
  'openFileDescriptors',
] as const;

/** The objects that Python's collector tracks: a channel of hosts in Python, and only there. */
export const pythonChannel = 'trackedObjects';

/** What Python's own heap has allocated and not freed since the run began: a channel where that is traced, and only there. */
export const pythonHeapChannel = 'pythonHeapBytes';

/** What MLX's allocator holds for reuse: a channel where a run keeps it from one iteration to the next, and only there. */
export const cacheChannel = 'cacheBytes';

/** Of a watched program's Python: the objects of type mx.array among those that its collector tracks. */
export const arraysChannel = 'liveArrays';

/** In the order in which they are shown. */
export const judgedChannels = [
  ...leakChannels,
  arraysChannel,
  pythonChannel,
  pythonHeapChannel,
  cacheChannel,
] as const;

export type LeakChannel = (typeof judgedChannels)[number];

const leakStatus = v.picklist([
  /** Rising, and rising again in the confirmation run. */
  'leak',
  /** Not rising, and a leak above `smallestDetectable` would have shown. */
  'no-leak',
  /** Rising together with the allocator's cache, which can be returned. */
  'cache-growth',
  /** Grew at first, then stayed. */
  'plateau',
  /** Too short, interrupted, not numbers, or rising in a way that no confirmation has borne out. */
  'inconclusive',
  /** Of the kept cache alone, as the rest. It does not grow. */
  'constant',
  /** It grew, with new lengths as a rule, and then stayed. */
  'levels-off',
  /** It reached its limit, and stays there. */
  'bounded',
  /** It grows, and nothing shows that it will end. */
  'grows',
]);

export type LeakStatus = v.InferOutput<typeof leakStatus>;

const finite = v.pipe(v.number(), v.finite());

/** What one series says, before any confirmation. */
const trendReading = v.object({
  count,
  rising: v.boolean(),
  /** Bytes (or whatever the series counts) per iteration. */
  slope: finite,
  slopeLowerBound: finite,
  pValue: v.number(),
  firstHalfPValue: v.number(),
  secondHalfPValue: v.number(),
});

export type TrendReading = v.InferOutput<typeof trendReading>;

/** Bytes per unit of something, with a 95% interval. */
const rate = v.object({ estimate: finite, low: finite, high: finite });

export type Rate = v.InferOutput<typeof rate>;

/** What a kept cache did over the measured iterations. A shape is an utterance's tokens and samples. */
export const cacheReading = v.object({
  /** Of growth without end: that new shapes go on adding to it, or that shapes said before do. */
  cause: v.exactOptional(v.picklist(['new-shapes', 'seen-shapes'])),
  /** When the measured iterations began, after the last of them, and the most. */
  firstBytes: bytes,
  lastBytes: bytes,
  highestBytes: bytes,
  /** Where it stays: the median of the last third. */
  levelBytes: v.exactOptional(bytes),
  /** In force; whether it was asked for, or is MLX's own. */
  limitBytes: v.exactOptional(bytes),
  limitAsked: v.exactOptional(v.boolean()),
  /** Utterances of a shape that the run had not said before, and iterations without any. */
  newShapes: count,
  seenIterations: count,
  perNewShape: v.exactOptional(rate),
  perIteration: v.exactOptional(rate),
  /** Of all audio, new or not. */
  perAudioSecond: v.exactOptional(rate),
  /** Growth of the iterations that said nothing new. */
  perSeenIteration: v.exactOptional(rate),
  /** What would keep it small, from what these iterations left in it. Absent where there is nothing to do, or no data. */
  remedies: v.exactOptional(
    v.object({
      /** The most that one iteration added: a limit of this holds all that the largest text reuses. */
      limitBytes: v.exactOptional(bytes),
      /** Cleared after every so many iterations, it would not have passed `bytes`. */
      clear: v.exactOptional(v.object({ iterations: count, bytes })),
      /** With audio lengths rounded up to whole `seconds`: how many there would be, of how many, and what they would hold. */
      buckets: v.exactOptional(v.object({ seconds: finite, buckets: count, lengths: count, bytes })),
    }),
  ),
});

export type CacheReading = v.InferOutput<typeof cacheReading>;

/** A line of Python that allocated, and what of it was alive at the run's end beyond what was alive after its first iteration. */
const allocationSite = v.object({
  file: text,
  line: count,
  bytes,
  count: v.pipe(v.number(), v.safeInteger()),
});

export const allocationSites = v.array(allocationSite);

export type AllocationSite = v.InferOutput<typeof allocationSite>;

export const channelVerdict = v.object({
  channel: v.picklist(judgedChannels),
  status: leakStatus,
  /** Growth per iteration, in the channel's unit: of the confirmation run where there is one. */
  ratePerIteration: finite,
  /** The smallest steady leak per iteration that this run would have found; absent where it could have found none. */
  smallestDetectable: v.exactOptional(finite),
  first: v.exactOptional(trendReading),
  confirmation: v.exactOptional(trendReading),
  /** Why it is inconclusive, as a clause. */
  reason: v.exactOptional(text),
  /** Of a footprint: the cache, which was kept on purpose, was taken off before it was judged. */
  withoutCache: v.exactOptional(v.boolean()),
  /** Of a kept cache. */
  cache: v.exactOptional(cacheReading),
  /** Of Python's heap where it leaks: the lines that grew most, the first most of all. */
  sites: v.exactOptional(allocationSites),
});

export type ChannelVerdict = v.InferOutput<typeof channelVerdict>;
