/** Reproducible numbers for tests. */

/** A generator of numbers that look random, uniform in [-1, 1): Mulberry32. */
export function numbers(seed: number): (count: number) => Float32Array {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
  return (count) => Float32Array.from({ length: count }, next);
}
