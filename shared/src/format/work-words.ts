/** What runs have in common whose figures can be held against each other, in words. */

import type { DaemonStatus } from '../protocol/daemon/status.ts';
import { counted } from './numbers.ts';
import { spokenWords } from './workload.ts';

type Work = NonNullable<DaemonStatus['recentPeaksOf']>;

/** A folder by its own name: its whole path would fill the line. */
export const shortModel = (model: string): string =>
  model.startsWith('/') ? (model.split('/').findLast((part) => part !== '') ?? model) : model;

/** `bf16 with af_heart, 15 iterations of “This is a memory profiling test…”`. */
export function workWords({ model, voice, text, workload, iterations }: Work): string {
  const said = spokenWords({ text, workload }, 40);
  return `${shortModel(model)} with ${voice}, ${counted(iterations, 'iteration')} of ${said}`;
}

/** What a person calls an iteration: warm-up and measured ones are counted apart, from 1. */
export const iterationLabel = (index: number, warmupIterations: number): string =>
  index < warmupIterations ? `warm-up ${index + 1}` : `iteration ${index - warmupIterations + 1}`;
