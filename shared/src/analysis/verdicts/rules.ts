/** All hypotheses, in the order in which a reader meets them: the likeliest, the guess, then the others. */

import { dequantization } from './rules/dequantization.ts';
import { float32Rest } from './rules/float32-rest.ts';
import { leak } from './rules/leak.ts';
import { loadTransient } from './rules/load-transient.ts';
import { packedLayers } from './rules/packed-layers.ts';
import { peakNotReset } from './rules/peak-not-reset.ts';
import { queuedWork } from './rules/queued-work.ts';
import {
  allocatorCache,
  evaluationOrder,
  float32Activations,
  oneLazyGraph,
  weightNormTemporaries,
} from './rules/shared-causes.ts';
import { unequalWork } from './rules/unequal-work.ts';
import type { HypothesisId } from '../../protocol/study-document.ts';
import type { Rule } from './verdict.ts';

export const rules: readonly Rule[] = [
  float32Rest,
  dequantization,
  packedLayers,
  peakNotReset,
  unequalWork,
  queuedWork,
  float32Activations,
  loadTransient,
  allocatorCache,
  oneLazyGraph,
  evaluationOrder,
  weightNormTemporaries,
  leak,
];

/** What tables and charts call them. */
export const shortNames: Readonly<Record<HypothesisId, string>> = {
  'float32-rest': 'float32 left in the rest',
  'on-the-fly-dequantization': 'on-the-fly dequantization',
  'packed-layers': 'packed layers',
  'peak-not-reset': 'peak not reset',
  'unequal-work': 'unequal work',
  'queued-work': 'queued work',
  'float32-activations': 'float32 activations',
  'load-transient': 'load-time transient',
  'allocator-cache': 'allocator’s cache',
  'one-lazy-graph': 'one large lazy graph',
  'evaluation-order': 'order of evaluation',
  'weight-norm-temporaries': 'weight-norm temporaries',
  leak: 'a leak',
};
