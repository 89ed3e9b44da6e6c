/** What a kept cache grew by, iteration by iteration: with new shapes and without, as rates with their intervals. */

import type { CacheReading } from '../protocol/leak-verdicts.ts';
import type { IterationSample } from '../protocol/profile-document.ts';
import { ratioOf } from './statistics.ts';

/** What the rule reads of an iteration. */
export type CacheSample = Pick<IterationSample, 'cacheBytes' | 'audioSeconds'> &
  Partial<Pick<IterationSample, 'cacheBeforeBytes' | 'newShapes' | 'samples' | 'textIndex'>>;

export interface CacheRun {
  /** Measured iterations in order, the warm-up dropped. */
  readonly first: readonly CacheSample[];
  /** Those of the confirmation run: what it says, the first run has said before. */
  readonly confirmation?: readonly CacheSample[] | undefined;
  readonly limitBytes?: number | undefined;
  /** Whether a person asked for that limit; otherwise it is MLX's own. */
  readonly limitAsked?: boolean | undefined;
}

export const bytesOf = (samples: readonly CacheSample[]): number[] =>
  samples.map(({ cacheBytes }) => cacheBytes);

export const isNew = ({ newShapes = 0 }: CacheSample): boolean => newShapes > 0;

export interface Growth {
  readonly rates: Pick<CacheReading, 'perNewShape' | 'perIteration' | 'perAudioSecond' | 'perSeenIteration'>;
  /** What each iteration with new shapes added, in order, with its seconds of audio. */
  readonly added: readonly Pair[];
  /** What each of the others did. */
  readonly seen: readonly number[];
}

type Pair = readonly [amount: number, units: number];

/** `start` is what the cache held before the first of them. */
export function growthOf({ first }: CacheRun, start: number): Growth {
  const steps = first.map((sample, place) => ({
    sample,
    bytes: sample.cacheBytes - (first[place - 1]?.cacheBytes ?? start),
  }));
  const ofNew = steps.filter(({ sample }) => isNew(sample));
  const ofSeen = steps.filter(({ sample }) => !isNew(sample));
  const seen = ofSeen.map(({ bytes }) => bytes);
  const rateOf = (name: keyof Growth['rates'], pairs: readonly Pair[]): Growth['rates'] => {
    const found = ratioOf(pairs);
    return found === undefined ? {} : { [name]: found };
  };
  return {
    rates: {
      ...rateOf(
        'perNewShape',
        ofNew.map(({ bytes, sample: { newShapes = 0 } }) => [bytes, newShapes]),
      ),
      ...rateOf(
        'perIteration',
        steps.map(({ bytes }) => [bytes, 1]),
      ),
      ...rateOf(
        'perAudioSecond',
        steps.map(({ bytes, sample: { audioSeconds } }) => [bytes, audioSeconds]),
      ),
      ...rateOf(
        'perSeenIteration',
        seen.map((bytes) => [bytes, 1]),
      ),
    },
    added: ofNew.map(({ bytes, sample: { audioSeconds } }) => [bytes, audioSeconds]),
    seen,
  };
}
