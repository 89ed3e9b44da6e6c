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

/**
 * On a CPU one operation at a time, each as late as its result is needed. A GPU would stand still between two: there, a command
 * buffer of a few operations is filled while the one before runs, and the temporaries of both are alive.
 */
const lean: Strategy = {
  alterations: { fuseWeightNorm: true },
  generatorLayers: leanLayers,
  evaluate: (values) =>
    evaluateInOrder(values, {
      order: 'depth-first',
      ...(describeDevice().type === 'gpu' ? { step: gpuStep } : {}),
    }),
};

/** The LSTMs' steps are thousands of small operations, and the generator's last ones a few of 5 to 11 MB for a sentence. */
const gpuStep: EvaluationStep = { operations: 100, bytes: 32_000_000 };

export const strategies: Readonly<Record<StrategyName, Strategy>> = { faithful, lean };
