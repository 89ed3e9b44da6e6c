/** A study on a GPU, simulated with the figures of an H100: default peaks that wander with the queue, and drained ones that repeat. */

import { explain } from '../src/analysis/verdicts/explain.ts';
import { peakMakeups } from '../src/analysis/verdicts/peak-makeup.ts';
import { ownInterventions } from '../src/protocol/study-document.ts';
import type {
  Arm,
  Intervention,
  ModelFacts,
  Queue,
  StudyAnswer,
  StudyEvidence,
} from '../src/protocol/study-document.ts';
import { seededNormal } from './simulated-series.ts';

const MB = 1e6;

export interface GpuArm {
  readonly intervention?: Intervention;
  readonly queue?: Queue;
  readonly loadedMB: number;
  readonly peakMB: number;
  readonly iterations?: number;
  readonly seconds?: number;
  /** The deviation of its peaks, in MB. Default: 25 by default and 0.05 with the queue drained, as on an H100. */
  readonly wobbleMB?: number;
}

function gpuArm(
  model: string,
  normal: () => number,
  { intervention = 'as-given', queue = 'drained', loadedMB, peakMB, iterations, seconds, wobbleMB }: GpuArm,
): Arm {
  const isDefault = queue === 'default';
  const series = Array.from({ length: iterations ?? (isDefault ? 15 : 6) });
  const wobble = wobbleMB ?? (isDefault ? 25 : 0.05);
  return {
    model,
    intervention,
    ...(isDefault ? {} : { queue }),
    loadedBytes: loadedMB * MB,
    loadPeakBytes: (loadedMB + 8) * MB,
    peakBytes: series.map(() => (peakMB + wobble * normal()) * MB),
    activeBytes: series.map(() => (loadedMB + 0.5) * MB),
    samples: series.map(() => 106_800),
    seconds: series.map(() => seconds ?? (isDefault ? 0.19 : 0.26)),
  };
}

const facts = (model: string, rest: 'float32' | 'bfloat16', bits?: number): ModelFacts => ({
  model,
  tensorBytes: 283 * MB,
  bytesByDtype: { [rest]: 276 * MB },
  restBytesByDtype: { [rest]: 276 * MB },
  ...(bits === undefined ? {} : { bits }),
});

export interface GpuStudyOptions {
  readonly seed?: number;
  readonly iterations?: number;
  /** What the queue holds of each model's peak by default, in MB. */
  readonly queueMB?: { readonly bf16: number; readonly quantized: number };
  /** Further arms of the quantized model, in the place of those with the same intervention. */
  readonly changes?: readonly GpuArm[];
  /** The same of the baseline. */
  readonly baselineChanges?: readonly GpuArm[];
  /** Without the arms that this engine cannot be given. */
  readonly engine?: 'mlx-audio';
}

/**
 * mlx-audio's network, as an H100 measured it (docs/benchmarks.md, "Why a quantized model peaks higher on a GPU"): 115.9 MB apart with
 * the queue drained, of which the float32 rest is 136.7 MB, and a narrow order 52.6 MB, while bf16 takes 44.4 MB more in one.
 */
export const mlxAudioGpu: GpuStudyOptions = {
  engine: 'mlx-audio',
  iterations: 60,
  baselineChanges: [
    { queue: 'default', loadedMB: 163.5, peakMB: 529, wobbleMB: 12, iterations: 60 },
    { loadedMB: 163.5, peakMB: 322 },
    { intervention: 'narrow-evaluation', loadedMB: 163.5, peakMB: 366.4, seconds: 0.25 },
    { intervention: 'no-cache', loadedMB: 163.5, peakMB: 322 },
  ],
  changes: [
    { queue: 'default', loadedMB: 282.7, peakMB: 808.9, wobbleMB: 12, iterations: 60 },
    { loadedMB: 282.7, peakMB: 437.9 },
    { intervention: 'rest-bfloat16', loadedMB: 145.5, peakMB: 301.2 },
    { intervention: 'dense-bfloat16', loadedMB: 163.5, peakMB: 318.6 },
    { intervention: 'mlx-product', loadedMB: 282.7, peakMB: 437.9 },
    { intervention: 'dense', loadedMB: 327, peakMB: 482.2 },
    { intervention: 'frozen-durations', loadedMB: 282.7, peakMB: 441.4 },
    { intervention: 'narrow-evaluation', loadedMB: 282.7, peakMB: 385.3, seconds: 0.2 },
    { intervention: 'no-cache', loadedMB: 282.7, peakMB: 437.9 },
  ],
};

/** bf16 and 4bit-fp32 with the figures of an H100: 298 and 405 MB drained, 467 and 601 MB by default. */
export function gpuStudy({
  seed = 3,
  iterations = 15,
  queueMB,
  changes = [],
  baselineChanges = [],
  engine,
}: GpuStudyOptions = {}): StudyEvidence {
  const normal = seededNormal(seed);
  const { bf16, quantized } = queueMB ?? { bf16: 169, quantized: 196 };
  const controls: Intervention[] = ['bfloat16-activations', 'fused-weight-norm', 'no-cache', 'stage-wise'];
  const base = { loadedMB: 163.5, peakMB: 298 };
  const given = { loadedMB: 282.7, peakMB: 405 };
  const own: GpuArm[] = [
    { ...given, queue: 'default', peakMB: 405 + quantized, iterations },
    given,
    { intervention: 'rest-bfloat16', loadedMB: 145.5, peakMB: 265 },
    { intervention: 'dense-bfloat16', loadedMB: 163.5, peakMB: 298 },
    { intervention: 'mlx-product', ...given },
    { intervention: 'dense', loadedMB: 327, peakMB: 449.3 },
    { intervention: 'frozen-durations', loadedMB: 282.7, peakMB: 405 },
    { intervention: 'narrow-evaluation', loadedMB: 282.7, peakMB: 360, seconds: 0.27 },
    ...controls.map((intervention): GpuArm => ({ intervention, ...given })),
  ];
  const reference: GpuArm[] = [
    { ...base, queue: 'default', peakMB: 298 + bf16, iterations },
    base,
    { intervention: 'narrow-evaluation', loadedMB: 163.5, peakMB: 250, seconds: 0.27 },
    ...controls.map((intervention): GpuArm => ({ intervention, ...base })),
  ];
  const armsOf = (model: string, arms: readonly GpuArm[], replacing: readonly GpuArm[]): Arm[] => {
    const isReplaced = (arm: GpuArm): boolean =>
      replacing.some((each) => each.intervention === arm.intervention && each.queue === arm.queue);
    const canBeGiven = ({ intervention = 'as-given' }: GpuArm): boolean =>
      engine === undefined || !ownInterventions.includes(intervention);
    return [...arms.filter((arm) => !isReplaced(arm) && canBeGiven(arm)), ...replacing].map((arm) =>
      gpuArm(model, normal, arm),
    );
  };
  return {
    baseline: 'bf16',
    device: 'gpu',
    ...(engine === undefined ? {} : { engine }),
    models: [facts('bf16', 'bfloat16'), facts('4bit-fp32', 'float32', 4)],
    arms: [...armsOf('bf16', reference, baselineChanges), ...armsOf('4bit-fp32', own, changes)],
    layers: {},
    unreset: [
      {
        readings: [
          { model: 'bf16', peakBytes: 470 * MB },
          { model: '4bit-fp32', peakBytes: 610 * MB },
        ],
      },
    ],
  };
}

/** Such a study, answered. */
export function gpuAnswer(options: GpuStudyOptions = {}): StudyAnswer {
  const evidence = gpuStudy(options);
  return { evidence, peaks: peakMakeups(evidence), ...explain(evidence) };
}
