/** How traces of operations are named. */

import type { AliveKind, OperationTrace } from '../protocol/trace-document.ts';

/** In which order a trace's operations ran: `MLX’s order`. */
export function orderWords({ order, queued }: Pick<OperationTrace, 'order' | 'queued'>): string {
  if (order === 'depth-first') {
    return 'depth-first order';
  }
  return queued === false ? 'MLX’s order without a queue' : 'MLX’s order';
}

/** What is alive, by kind. */
export const aliveWords: Readonly<Record<AliveKind, string>> = {
  weight: 'weights',
  input: 'inputs',
  activation: 'activations',
  'from-weights': 'made from weights',
  temporary: 'temporaries',
  unknown: 'other',
};
