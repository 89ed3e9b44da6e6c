/** How traces of operations are named. */

import type { OperationTrace } from '../protocol/trace-document.ts';

/** In which order a trace's operations ran: `MLX’s order`. */
export function orderWords({ order, queued }: Pick<OperationTrace, 'order' | 'queued'>): string {
  if (order === 'depth-first') {
    return 'depth-first order';
  }
  return queued === false ? 'MLX’s order without a queue' : 'MLX’s order';
}
