/** How a person names a run of the history: `12`, or `#12`. */

import { InvalidArgumentError } from 'commander';

const pattern = /^#?(\d{1,15})$/;

/**
 * The run's number, or undefined for anything else. Digits alone are always a run: a file of such a name can be given
 * as `./12`.
 */
export function runReference(value: string): number | undefined {
  const number = Number(pattern.exec(value)?.[1]);
  return number >= 1 ? number : undefined;
}

/** For an argument that can only be a run. Throws an InvalidArgumentError. */
export function parseRunId(value: string): number {
  const id = runReference(value);
  if (id === undefined) {
    throw new InvalidArgumentError("Give a run's number, as in 12 or '#12'; `tidemark runs` lists them.");
  }
  return id;
}
