/** How a network is built and evaluated: as mlx-audio does, or for the least memory. Nothing else asks which. */

import type { StrategyName } from '@tidemark/shared/protocol/workload.ts';
import { describeDevice } from '../mlx/device.ts';
import { evaluate, evaluateInOrder } from '../mlx/scope.ts';
import type { EvaluationStep } from '../mlx/scope.ts';
import type { Alterations } from './alterations.ts';
import { faithfulLayers } from './generator.ts';
import type { GeneratorLayers } from './generator.ts';
import { leanLayers } from './lean-layers.ts';

export interface Strategy {
  /** What is changed in the weights as they are loaded. */
  readonly alterations: Alterations;
  readonly generatorLayers: GeneratorLayers;
  /** Evaluates what a graph is to give, once nothing but that refers to it. */
  readonly evaluate: (values: unknown) => void;
}

/** mlx-audio's graph and dtypes, in the order in which MLX itself evaluates. */
const faithful: Strategy = {
  alterations: {},
  generatorLayers: faithfulLayers,
  evaluate,
};

/** Each operation as late as its result is needed, a few queued at a time, so that little is alive and nothing waits between two. */
const lean: Strategy = {
  alterations: { fuseWeightNorm: true },
  generatorLayers: leanLayers,
  evaluate: (values) =>
    evaluateInOrder(values, {
      order: 'depth-first',
      step: steps[describeDevice().type],
    }),
};

/**
 * What is queued together. Most operations are the LSTMs', thousands of small ones, which cost more to wait for than to run; the
 * generator's last ones make 5 to 11 MB each for a sentence. On a CPU each of those is waited for. A GPU would stand still between
 * two, so there some are queued while those before them run.
 */
const steps: Readonly<Record<'cpu' | 'gpu', EvaluationStep>> = {
  cpu: { operations: 40, bytes: 64_000 },
  gpu: { operations: 100, bytes: 32_000_000 },
};

export const strategies: Readonly<Record<StrategyName, Strategy>> = { faithful, lean };
