/** The cache's rule: its error rates over simulated runs of known truth, and its answers on what it must tell apart. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { simulatedCache } from '../../test/simulated-series.ts';
import type { CacheWorld } from '../../test/simulated-series.ts';
import type { ChannelVerdict } from '../protocol/leak-verdicts.ts';
import type { CacheRun, CacheSample } from './cache-growth.ts';
import { cacheNeedsConfirmation, judgeCache } from './cache-rule.ts';

/** As the loop does: with a confirmation run where the first one asks for it. */
function verdictOn(world: CacheWorld, length: number, seed: number): ChannelVerdict {
  const { first, confirmation } = simulatedCache(world, length, seed);
  const run = { first, ...(world.limit === undefined ? {} : { limitBytes: world.limit * 1e6 }) };
  return judgeCache(cacheNeedsConfirmation(run) ? { ...run, confirmation } : run);
}

const kindOf = ({ status, cache }: ChannelVerdict): string => cache?.cause ?? status;

interface Truth {
  readonly name: string;
  readonly world: (length: number) => CacheWorld;
  /** The verdict that is true. */
  readonly is: string;
  /** In percent, for 15, 40, 80 and 200 iterations: at least so many are called that, at most so many are called another kind. */
  readonly right: readonly number[];
  readonly wrong: readonly number[];
}

const third = (length: number): number => Math.ceil(length / 3);

/** What new texts add is 20 units; a noise of 0.5 is a fortieth of it. */
const truths: readonly Truth[] = [
  {
    name: 'one text, noise',
    world: () => ({ perNewText: 0, texts: 1, noise: 0.5 }),
    is: 'constant',
    right: [99, 99, 99, 99],
    wrong: [1, 1, 1, 1],
  },
  {
    name: 'new lengths that add nothing',
    world: (texts) => ({ perNewText: 0, texts, noise: 0.5 }),
    is: 'constant',
    right: [99, 99, 99, 99],
    wrong: [1, 1, 1, 1],
  },
  {
    name: 'noise that remembers',
    world: () => ({ perNewText: 0, texts: 1, noise: 0.5, memory: 0.5 }),
    is: 'constant',
    right: [99, 96, 95, 95],
    wrong: [1, 1, 1, 1],
  },
  {
    name: 'a limit that is reached',
    world: (length) => ({ perNewText: 20, texts: length, noise: 0.5, limit: 100 + 6 * length }),
    is: 'bounded',
    right: [100, 100, 100, 100],
    wrong: [0, 0, 0, 0],
  },
  {
    name: 'all lengths said in the first third',
    world: (length) => ({ perNewText: 20, texts: third(length), noise: 0.5 }),
    is: 'levels-off',
    right: [97, 99, 99, 99],
    wrong: [0, 0, 0, 0],
  },
  {
    name: 'the same under noise that remembers',
    world: (length) => ({ perNewText: 20, texts: third(length), noise: 0.5, memory: 0.5 }),
    is: 'levels-off',
    right: [97, 99, 99, 99],
    wrong: [0, 0, 0, 0],
  },
  {
    name: 'the same under noise of a fifth',
    world: (length) => ({ perNewText: 20, texts: third(length), noise: 4 }),
    is: 'levels-off',
    right: [0, 35, 93, 99],
    wrong: [0, 0, 0, 0],
  },
  {
    name: 'lengths drawn at random until most were said',
    world: (length) => ({ perNewText: 20, texts: Math.ceil(length / 6), noise: 0.5, isDrawn: true }),
    is: 'levels-off',
    right: [80, 96, 85, 90],
    wrong: [0, 1, 2, 2],
  },
  {
    name: 'new lengths that add less and less',
    world: (length) => ({ perNewText: 20, texts: length, fading: length / 10, noise: 0.1 }),
    is: 'levels-off',
    right: [99, 99, 99, 99],
    wrong: [0, 0, 0, 0],
  },
  {
    name: 'every length new, each adding as much',
    world: (texts) => ({ perNewText: 20, texts, noise: 0.5 }),
    is: 'new-shapes',
    right: [99, 99, 99, 99],
    wrong: [0, 0, 0, 0],
  },
  {
    name: 'the same under noise of two fifths',
    world: (texts) => ({ perNewText: 20, texts, noise: 8 }),
    is: 'new-shapes',
    right: [92, 99, 99, 99],
    wrong: [0, 0, 0, 0],
  },
  {
    name: 'growth on one text, of its noise',
    world: () => ({ perNewText: 0, texts: 1, perIteration: 1, noise: 1 }),
    is: 'seen-shapes',
    right: [95, 99, 99, 99],
    wrong: [1, 1, 1, 1],
  },
  {
    name: 'growth with new lengths, and on those said before',
    world: (length) => ({ perNewText: 20, texts: third(length), perIteration: 2.5, noise: 0.5 }),
    is: 'seen-shapes',
    right: [99, 99, 99, 99],
    wrong: [1, 1, 1, 1],
  },
  {
    name: 'the same, drawn at random',
    world: (length) => ({
      perNewText: 20,
      texts: third(length),
      perIteration: 4,
      noise: 0.5,
      isDrawn: true,
    }),
    is: 'seen-shapes',
    right: [99, 99, 99, 99],
    wrong: [1, 1, 1, 1],
  },
];

/**
 * Runs of each kind: the rates in docs/measure.md are of 400 of every length, which `CACHE_RULE_RUNS=400` repeats and prints in
 * some minutes. Long runs differ less from each other, and take longest to judge.
 */
const asked = process.env['CACHE_RULE_RUNS'];
const runsOf = (length: number): number =>
  asked === undefined ? (length <= 40 ? 400 : length <= 80 ? 60 : 12) : Number(asked);

describe('error rates', () => {
  for (const { name, world, is, right, wrong } of truths) {
    test(`${name}: ${is}`, () => {
      for (const [place, length] of [15, 40, 80, 200].entries()) {
        const runs = runsOf(length);
        const kinds = Array.from({ length: runs }, (_, trial) =>
          kindOf(verdictOn(world(length), length, 7919 * trial + length)),
        );
        const share = (isHit: (kind: string) => boolean): number => (100 * kinds.filter(isHit).length) / runs;
        const [hits, misses] = [
          share((kind) => kind === is),
          share((kind) => kind !== is && kind !== 'inconclusive'),
        ];
        if (asked !== undefined) {
          console.log(`${name} | ${is} | ${length} | ${hits} | ${misses}`);
        }
        // Of so many runs, one more than the rate lets expect is chance.
        const chance = 100 / runs;
        assert.ok(hits >= (right[place] ?? 100) - chance, `${length} iterations: ${hits}% right`);
        assert.ok(misses <= (wrong[place] ?? 0), `${length} iterations: ${misses}% wrong`);
      }
    });
  }
});

test('growth that fades half way is called neither endless nor over', () => {
  for (const length of [15, 40, 80]) {
    for (let trial = 0; trial < 50; trial += 1) {
      const world = { perNewText: 20, texts: length, fading: length / 2, noise: 0.1 };
      assert.equal(kindOf(verdictOn(world, length, trial)), 'inconclusive');
    }
  }
});

test('what texts add at their second and third time, less each time, levels off', () => {
  for (let trial = 0; trial < 20; trial += 1) {
    const verdict = verdictOn({ perNewText: 20, texts: 10, settling: 0.1, noise: 0.1 }, 40, trial);
    assert.equal(verdict.status, 'levels-off', verdict.reason ?? '');
  }
});

/** Iterations that end with so much in the cache, in MB, each with a new length or without. */
const samples = (megabytes: readonly number[], newShapes: (place: number) => number): CacheSample[] =>
  megabytes.map((each, place) => ({
    cacheBytes: each * 1e6,
    cacheBeforeBytes: (megabytes[place - 1] ?? megabytes[0] ?? 0) * 1e6,
    newShapes: newShapes(place),
    audioSeconds: 4,
    textIndex: place,
  }));

const steps = (length: number, at: (place: number) => number): number[] =>
  Array.from({ length }, (_, place) => at(place));

describe('without noise', () => {
  const judged = (
    megabytes: readonly number[],
    newShapes: (place: number) => number = () => 0,
    rest: Partial<CacheRun> = {},
  ): ChannelVerdict => judgeCache({ first: samples(megabytes, newShapes), ...rest });

  test('fewer than ten iterations, none, and a NaN are inconclusive with their reason', () => {
    assert.match(judged(steps(9, () => 5)).reason ?? '', /there are 9 measured iterations/);
    assert.match(judged([]).reason ?? '', /there are 0 measured iterations/);
    assert.match(judged(steps(15, (i) => (i === 3 ? Number.NaN : 5))).reason ?? '', /not a number/);
  });

  test('one text that fills the cache once is level, and so is an empty cache', () => {
    const { status, cache } = judged(steps(15, (i) => (i === 0 ? 0 : 33.5)));
    assert.equal(status, 'levels-off');
    assert.equal(cache?.levelBytes, 33.5e6);
    assert.equal(judged(steps(15, () => 0)).status, 'constant');
  });

  test('a limit is reached where the cache stays within 5% of it, whoever asked for it', () => {
    for (const limitAsked of [true, false]) {
      const { status, cache } = judged(
        steps(15, (i) => Math.min(500, 200 * i) - (i % 3)),
        () => 1,
        { limitBytes: 500e6, limitAsked },
      );
      assert.equal(status, 'bounded');
      assert.equal(cache?.limitBytes, 500e6);
      assert.equal(cache.limitAsked, limitAsked);
    }
    assert.equal(
      judged(
        steps(15, () => 0),
        undefined,
        { limitBytes: 0, limitAsked: true },
      ).status,
      'bounded',
    );
  });

  test('growth on the way to a limit that was asked for is open; to one of MLX it is without end', () => {
    const growing = steps(20, (i) => 100 * i);
    const asked = judged(growing, () => 1, { limitBytes: 8e9, limitAsked: true });
    assert.equal(asked.status, 'inconclusive');
    assert.match(asked.reason ?? '', /has not reached its limit/);
    assert.equal(judged(growing, () => 1, { limitBytes: 8e10 }).status, 'grows');
  });

  test('rates are per new length, per iteration with and without one, and per second of audio', () => {
    const { cache, status } = judged(
      steps(20, (i) => 100 * Math.min(i, 10)),
      (i) => (i > 0 && i <= 10 ? 1 : 0),
    );
    assert.equal(status, 'levels-off');
    assert.deepEqual(
      [
        cache?.newShapes,
        cache?.seenIterations,
        cache?.perNewShape?.estimate,
        cache?.perSeenIteration?.estimate,
      ],
      [10, 10, 100e6, 0],
    );
    assert.equal(cache?.perIteration?.estimate, 50e6);
    assert.equal(cache.perAudioSecond?.estimate, 12.5e6);
    assert.ok(cache.perIteration.low > 0 && cache.perIteration.high < 100e6);
    assert.deepEqual(cache.perNewShape, { estimate: 100e6, low: 100e6, high: 100e6 });
  });

  test('several new lengths in one iteration share what it added', () => {
    const { cache } = judged(
      steps(20, (i) => 100 * i),
      () => 2,
    );
    assert.equal(cache?.newShapes, 40);
    assert.ok(Math.abs((cache.perNewShape?.estimate ?? 0) / 1e6 - 1900 / 40) < 1e-6);
  });

  test('four bytes an iteration on one text are growth, once a confirmation run has borne it out', () => {
    const first = samples(
      steps(15, (i) => 33 + 4e-6 * i),
      () => 0,
    );
    const confirmation = samples(
      steps(30, (i) => 33 + 4e-6 * (15 + i)),
      () => 0,
    );
    assert.equal(cacheNeedsConfirmation({ first }), true);
    assert.match(judgeCache({ first }).reason ?? '', /no confirmation run/);
    const { status, cache, ratePerIteration } = judgeCache({ first, confirmation });
    assert.deepEqual([status, cache?.cause, Math.round(ratePerIteration)], ['grows', 'seen-shapes', 4]);
    const rest = confirmation.map((sample) => ({ ...sample, cacheBytes: 33e6 }));
    assert.notEqual(judgeCache({ first, confirmation: rest }).status, 'grows');
  });

  test('a few new lengths are too few to tell whether what they add ends', () => {
    const { status, reason } = judged(
      steps(12, (i) => 100 * Math.ceil(i / 2)),
      (i) => i % 2,
    );
    assert.equal(status, 'inconclusive');
    assert.match(reason ?? '', /only 6 of the iterations had one/);
  });
});
