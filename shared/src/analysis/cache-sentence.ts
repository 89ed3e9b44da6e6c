/** Sentences about a kept cache: what it does, how fast, and what to do about it, each with figures of the run itself. */

import { formatBytes } from '../format/bytes.ts';
import { counted, formatCount } from '../format/numbers.ts';
import type { CacheReading, ChannelVerdict, Rate } from '../protocol/leak-verdicts.ts';

/** `Cache: grows with new lengths and levels off at 5.11 GB: …`. Empty for a verdict that is not on a kept cache. */
export function cacheSentence(verdict: ChannelVerdict): string {
  return verdict.channel === 'cacheBytes' ? `Cache: ${cacheClause(verdict)}.` : '';
}

/** The same without its subject and its period. */
export function cacheClause({ status, cache, reason, ratePerIteration, first }: ChannelVerdict): string {
  if (cache === undefined || status === 'inconclusive') {
    return `undetermined, because ${reason ?? 'the series cannot be read'}${toLimit(cache)}`;
  }
  const { levelBytes = cache.lastBytes, limitBytes = 0, limitAsked, newShapes, cause } = cache;
  const level = formatBytes(levelBytes);
  const over = first === undefined ? '' : ` over ${counted(first.count, 'iteration')}`;
  switch (status) {
    case 'constant':
      return `constant at ${level}${over}${newShapes === 0 ? '' : `, although ${lengths(newShapes)} came`}`;
    case 'bounded':
      return `bounded by ${limitAsked === true ? 'its' : 'MLX’s own'} limit of ${formatBytes(limitBytes)}`;
    case 'levels-off':
      return cache.perNewShape === undefined || newShapes === 0
        ? `grows at first and levels off at ${level}`
        : `grows with new lengths and levels off at ${level}; ${perNewLength(cache)}`;
    case 'grows':
      return cause === 'seen-shapes'
        ? `grows without end, on lengths that were said before too: by ${formatBytes(ratePerIteration)} per iteration, to ${formatBytes(cache.lastBytes)}${over}`
        : `grows without end, with each new length: ${perNewLength(cache)}, to ${formatBytes(cache.lastBytes)}${over}`;
    case 'leak':
    case 'no-leak':
    case 'cache-growth':
    case 'plateau':
      // Of the other channels.
      return '';
  }
}

const lengths = (count: number): string => `${formatCount(count)} new ${count === 1 ? 'length' : 'lengths'}`;

function perNewLength({ perNewShape, perSeenIteration, newShapes, seenIterations }: CacheReading): string {
  const seen =
    perSeenIteration === undefined || seenIterations < 2
      ? ''
      : `, and ${rateText(perSeenIteration)} per iteration without one`;
  return perNewShape === undefined ? '' : `${lengths(newShapes)} added ${rateText(perNewShape)} each${seen}`;
}

/** How far it is to a limit that was asked for. */
function toLimit(cache: CacheReading | undefined): string {
  return cache?.limitAsked === true && cache.limitBytes !== undefined && cache.lastBytes < cache.limitBytes
    ? ` (it is at ${formatBytes(cache.lastBytes)}, and its limit is ${formatBytes(cache.limitBytes)})`
    : '';
}

/** `614.2 MB (570.1 MB to 658.3 MB)`, with a 95% interval; the figure alone where its ends read the same. */
export function rateText({ estimate, low, high }: Rate): string {
  const [from, to] = [formatBytes(low), formatBytes(high)];
  return from === to ? formatBytes(estimate) : `${formatBytes(estimate)} (${from} to ${to})`;
}

/** What each rate is per, in the order in which they are shown. */
export function cacheRates(cache: CacheReading): (readonly [per: string, rate: Rate])[] {
  const { perNewShape, perSeenIteration, perIteration, perAudioSecond } = cache;
  return (
    [
      ['new length', perNewShape],
      ['iteration without a new length', perSeenIteration],
      ['iteration', perIteration],
      ['second of audio', perAudioSecond],
    ] as const
  ).flatMap(([per, rate]) => (rate === undefined ? [] : [[per, rate] as const]));
}

/** What keeps the cache small, most useful first, by what the run left in it. Empty where there is nothing to do. */
export function cacheRemedySentences({ cache }: ChannelVerdict): string[] {
  const { limitBytes, clear, buckets } = cache?.remedies ?? {};
  return [
    ...(limitBytes === undefined
      ? []
      : [
          `Set a cache limit: ${formatBytes(wholeMegabytes(limitBytes))} holds all that the largest text of this run left for reuse ` +
            `(\`mx.set_cache_limit(${wholeMegabytes(limitBytes)})\`; to try it, \`--cache-limit ${wholeMegabytes(limitBytes) / 1e6}MB\`).`,
        ]),
    ...(clear === undefined
      ? []
      : [
          `Or clear the cache (\`mx.clear_cache()\`) after every ${clear.iterations} utterances: the ${clear.iterations} in a row that left most in this run left ${formatBytes(clear.bytes)}.`,
        ]),
    ...(buckets === undefined
      ? []
      : [
          `Or pad audio to whole ${buckets.seconds === 1 ? 'seconds' : `multiples of ${buckets.seconds} s`}: the ${formatCount(buckets.lengths)} lengths of this run become ${formatCount(buckets.buckets)}, ` +
            `and the largest of each left ${formatBytes(buckets.bytes)} together.`,
        ]),
  ];
}

/** Never below what it was measured to be. */
const wholeMegabytes = (bytes: number): number => Math.ceil(bytes / 1e6) * 1e6;
