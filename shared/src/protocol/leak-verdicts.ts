/** What each channel of a run says about leaks. */

import * as v from 'valibot';
import { count, text } from './quantities.ts';

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

export type LeakChannel = (typeof leakChannels)[number];

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

export const channelVerdict = v.object({
  channel: v.picklist(leakChannels),
  status: leakStatus,
  /** Growth per iteration, in the channel's unit: of the confirmation run where there is one. */
  ratePerIteration: finite,
  /** The smallest steady leak per iteration that this run would have found; absent where it could have found none. */
  smallestDetectable: v.exactOptional(finite),
  first: v.exactOptional(trendReading),
  confirmation: v.exactOptional(trendReading),
  /** Why it is inconclusive, as a clause. */
  reason: v.exactOptional(text),
});

export type ChannelVerdict = v.InferOutput<typeof channelVerdict>;
