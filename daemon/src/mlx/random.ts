/** The seed of MLX's random numbers. */

import { native } from './native.ts';

/** Seeds the default generator: the same seed gives the same noise, on the same backend. */
export function seedRandom(seed: number): void {
  native.seed(seed);
}
