/** Series of known truth for the rule's tests: six kinds that are no leak, and a steady leak in noise. */

/** A uniform generator in (0, 1) that repeats for a seed: Steele and Vigna's 32-bit mix of a Weyl sequence. */
export function seededUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32 + 2 ** -33;
  };
}

/** Standard normal numbers from uniform ones (Box and Muller 1958). */
export function seededNormal(seed: number): () => number {
  const uniform = seededUniform(seed);
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** `length` samples from iteration `start` on: the confirmation run goes on where the first one ended. */
export type SeriesKind = (length: number, start: number) => number[];

const series = (length: number, start: number, at: (iteration: number) => number): number[] =>
  Array.from({ length }, (_, index) => at(start + index));

/** The kinds that no rule may call a leak, in units of their noise's deviation. */
export function nullKinds(normal: () => number, uniform: () => number): ReadonlyMap<string, SeriesKind> {
  const stepAt = 3 + Math.floor(uniform() * 10);
  let correlated = 0;
  return new Map<string, SeriesKind>([
    ['white noise', (length, start) => series(length, start, () => normal())],
    [
      'a warm-up that saturates',
      (length, start) => series(length, start, (i) => 10 * (1 - Math.exp(-i / 4)) + 0.3 * normal()),
    ],
    [
      'a slow, noisy warm-up',
      (length, start) => series(length, start, (i) => 6 * (1 - Math.exp(-i / 8)) + normal()),
    ],
    ['a single step', (length, start) => series(length, start, (i) => (i >= stepAt ? 5 : 0) + normal())],
    [
      'noise that remembers',
      (length, start) => series(length, start, () => (correlated = 0.5 * correlated + normal())),
    ],
    ['a saw-tooth', (length, start) => series(length, start, (i) => (i % 5) + 0.5 * normal())],
  ]);
}

/** A leak of `slope` per iteration under normal noise of deviation 1. */
export const steadyLeak =
  (slope: number, normal: () => number): SeriesKind =>
  (length, start) =>
    series(length, start, (i) => slope * i + normal());

/** An iteration as the cache's rule reads it. */
export interface SimulatedCacheSample {
  readonly cacheBytes: number;
  readonly cacheBeforeBytes: number;
  readonly newShapes: number;
  readonly audioSeconds: number;
  readonly textIndex: number;
}

export interface CacheWorld {
  /** What a text adds when it is first said, of a mean of 1, by its seconds of audio of a mean of 5; 0 where nothing grows. */
  readonly perNewText: number;
  /** How many texts go by until what they add has fallen to 1 in e; absent where it does not fall. */
  readonly fading?: number;
  /** What every iteration adds, said before or not. */
  readonly perIteration?: number;
  /** Texts that are said in turn. */
  readonly texts: number;
  /** The deviation of what is read, around what is there. */
  readonly noise: number;
  /** The share of that noise that is carried on from iteration to iteration. */
  readonly memory?: number;
  readonly limit?: number;
  /** What a text adds at each further time, as a share of the time before. */
  readonly settling?: number;
  /** Drawn at random for each iteration, rather than said in turn. */
  readonly isDrawn?: boolean;
}

/** In bytes per unit: the rule reads bytes, of which it takes one to be nothing. */
const unit = 1_000_000;

/** A cache that is kept over `length` iterations, 100 units in it before the first, and then over those of a confirmation run. */
export function simulatedCache(
  world: CacheWorld,
  length: number,
  seed: number,
): { first: SimulatedCacheSample[]; confirmation: SimulatedCacheSample[] } {
  const [normal, uniform] = [seededNormal(seed), seededUniform(seed + 1e6)];
  const { perNewText, fading = Number.POSITIVE_INFINITY, perIteration = 0, texts, noise, memory = 0 } = world;
  const seconds = Array.from({ length: Math.min(texts, length) }, () => 1 + 8 * uniform());
  const said = new Set<number>();
  let [held, carried, before] = [100, 0, 100 * unit];
  const next = (_: unknown, place: number): SimulatedCacheSample => {
    const textIndex =
      world.isDrawn === true ? Math.floor(uniform() * seconds.length) : place % seconds.length;
    const audioSeconds = seconds[textIndex] ?? 0;
    const isNew = !said.has(textIndex);
    if (isNew) {
      const share = (audioSeconds / 5) * (0.85 + 0.3 * uniform());
      held += perNewText * share * Math.exp(-said.size / fading);
      said.add(textIndex);
    }
    held += perIteration;
    const visits = Math.floor(place / seconds.length);
    held += perNewText * (world.settling ?? 0) ** visits * (visits > 0 && !isNew ? 1 : 0);
    carried = memory * carried + normal();
    const cacheBeforeBytes = before;
    const there = Math.min(held, world.limit ?? Number.POSITIVE_INFINITY) + noise * carried;
    before = Math.max(0, Math.round(unit * there));
    return { cacheBytes: before, cacheBeforeBytes, newShapes: isNew ? 1 : 0, audioSeconds, textIndex };
  };
  const first = Array.from({ length }, next);
  const again = Math.max(2 * length, 3 * said.size);
  return { first, confirmation: Array.from({ length: again }, next) };
}

/** The share of so many trials that are hits. */
export function rate(trials: number, isHit: (trial: number) => boolean): number {
  return Array.from({ length: trials }, (_, trial) => isHit(trial)).filter(Boolean).length / trials;
}
