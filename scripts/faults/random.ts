/** Draws that a seed repeats. */

import { at, numbers } from '../../daemon/test/numbers.ts';

export class Draws {
  readonly #next: (count: number) => Float32Array;

  constructor(seed: number) {
    this.#next = numbers(seed);
  }

  /** Uniform in [0, 1). */
  share(): number {
    return Math.min((at(this.#next(1), 0) + 1) / 2, 1 - Number.EPSILON);
  }

  /** From `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.share() * (Math.max(least, most) - least + 1));
  }

  of<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.whole(0, choices.length - 1)] ?? choices[0];
  }

  /** Undefined where there is nothing to choose from. */
  maybeOf<T>(choices: readonly T[]): T | undefined {
    return choices[this.whole(0, choices.length - 1)];
  }
}
