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
