/** What would keep a kept cache small, reckoned from what the iterations of the run left in it. */

import type { CacheReading, ChannelVerdict } from '../protocol/leak-verdicts.ts';
import type { CacheSample } from './cache-growth.ts';

type Remedies = NonNullable<CacheReading['remedies']>;

/** As a person would set it: often enough to matter, rarely enough not to cost time. */
const utterancesBetweenClears = 10;

/** Seconds of audio that a bucket spans. */
const bucketSeconds = 1;

/**
 * Nothing where the cache has a limit or does not grow, and nothing that these iterations do not show:
 *
 * - the limit is the most that one iteration added, which is what the largest text leaves for its own next time;
 * - after each clearing the cache holds what the texts since then left, each as much as it added when it was first said;
 * - of the lengths that fall into a bucket, the one that added most is the one that all of them would use.
 */
export function cacheRemedies(
  {
    warmup,
    measured,
  }: { readonly warmup: readonly CacheSample[]; readonly measured: readonly CacheSample[] },
  status: ChannelVerdict['status'],
): Pick<CacheReading, 'remedies'> {
  if (status !== 'grows' && status !== 'levels-off') {
    return {};
  }
  const all = [...warmup, ...measured];
  const added = all.map((sample, place) => ({
    sample,
    bytes: Math.max(0, sample.cacheBytes - (all[place - 1]?.cacheBytes ?? sample.cacheBeforeBytes ?? 0)),
  }));
  const fresh = added.filter(({ sample: { newShapes = 0 }, bytes }) => newShapes > 0 && bytes > 0);
  if (fresh.length === 0) {
    return {};
  }
  const limitBytes = Math.max(...fresh.map(({ bytes }) => bytes));
  return { remedies: { limitBytes, ...clearing(measured, fresh), ...bucketing(fresh) } };
}

interface Added {
  readonly sample: CacheSample;
  readonly bytes: number;
}

/** The most that so many iterations in a row would leave. */
function clearing(measured: readonly CacheSample[], fresh: readonly Added[]): Pick<Remedies, 'clear'> {
  const iterations = utterancesBetweenClears;
  const bytesByText = new Map(fresh.map(({ sample, bytes }) => [sample.textIndex, bytes]));
  const isKnown = measured.every(({ textIndex }) => textIndex !== undefined && bytesByText.has(textIndex));
  if (!isKnown || measured.length <= iterations) {
    return {};
  }
  const windows = Array.from({ length: measured.length - iterations + 1 }, (_, from) =>
    [...new Set(measured.slice(from, from + iterations).map(({ textIndex }) => textIndex))].reduce(
      (sum: number, textIndex) => sum + (bytesByText.get(textIndex) ?? 0),
      0,
    ),
  );
  return { clear: { iterations, bytes: Math.max(...windows) } };
}

function bucketing(fresh: readonly Added[]): Pick<Remedies, 'buckets'> {
  const lengths = new Set(fresh.map(({ sample: { audioSeconds } }) => audioSeconds)).size;
  const mostByBucket = new Map<number, number>();
  for (const { sample, bytes } of fresh) {
    const bucket = Math.ceil(sample.audioSeconds / bucketSeconds);
    mostByBucket.set(bucket, Math.max(bytes, mostByBucket.get(bucket) ?? 0));
  }
  const buckets = mostByBucket.size;
  return buckets === lengths
    ? {}
    : {
        buckets: {
          seconds: bucketSeconds,
          buckets,
          lengths,
          bytes: [...mostByBucket.values()].reduce((sum, each) => sum + each, 0),
        },
      };
}
