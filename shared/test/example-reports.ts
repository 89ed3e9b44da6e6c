/** Documents for the report's tests with everything that a document may have. */

import { explain } from '../src/analysis/verdicts/explain.ts';
import { peakMakeups } from '../src/analysis/verdicts/peak-makeup.ts';
import { compareRuns } from '../src/analysis/run-summary.ts';
import { concludeEngines, concludeStudy } from '../src/analysis/conclusions.ts';
import { agreementsOf } from '../src/analysis/verdicts/agreement.ts';
import { gpuAnswer, mlxAudioGpu } from './simulated-gpu.ts';
import { seededNormal } from './simulated-series.ts';
import { judgeChannel } from '../src/analysis/leak-verdicts.ts';
import { exampleProfile, exampleSample } from './example-documents.ts';
import { leakChannels } from '../src/protocol/leak-verdicts.ts';
import type { Attribution, IterationSample, ProfileDocument } from '../src/protocol/profile-document.ts';
import type { ChannelVerdict } from '../src/protocol/leak-verdicts.ts';
import { studySchemaVersion } from '../src/protocol/study-document.ts';
import type {
  Arm,
  Intervention,
  ModelFacts,
  StudyAnswer,
  StudyDocument,
} from '../src/protocol/study-document.ts';

const MB = 1_000_000;

interface Figures {
  readonly name: string;
  readonly bytesByDtype: Readonly<Record<string, number>>;
  readonly peakMB: number;
  readonly samples?: number;
  readonly seed: number;
}

/** Of the sizes that facts of the models give, with the wobble of a CPU. */
const models: readonly Figures[] = [
  { name: 'bf16', bytesByDtype: { bfloat16: 163_526_820 }, peakMB: 666, samples: 106_800, seed: 1 },
  { name: '8bit-fp32', bytesByDtype: { float32: 276_092_616, uint32: 13_151_232 }, peakMB: 793, seed: 2 },
  { name: '6bit-fp32', bytesByDtype: { float32: 276_092_616, uint32: 9_863_424 }, peakMB: 786, seed: 3 },
  { name: '4bit-fp32', bytesByDtype: { float32: 276_092_616, uint32: 6_575_616 }, peakMB: 781, seed: 4 },
  { name: '4bit-bf16', bytesByDtype: { bfloat16: 138_046_308, uint32: 6_575_616 }, peakMB: 644, seed: 5 },
];

const sum = (bytesByDtype: Readonly<Record<string, number>>): number =>
  Object.values(bytesByDtype).reduce((total, bytes) => total + bytes, 0);

export interface RunOptions {
  readonly iterations?: number;
  readonly change?: (index: number) => Partial<IterationSample>;
}

export function exampleRun(
  { name, bytesByDtype, peakMB, samples = 106_200, seed }: Figures,
  { iterations = 14, change = () => ({}) }: RunOptions = {},
): ProfileDocument {
  const normal = seededNormal(seed);
  const loaded = sum(bytesByDtype);
  const active = loaded + 522_248;
  return exampleProfile({
    name,
    bytesByDtype,
    load: {
      activeBytes: loaded,
      peakBytes: loaded + MB,
      voiceBytes: 522_240,
      footprintBytes: loaded + 105 * MB,
    },
    measured: Array.from({ length: iterations }, (_, index) => ({
      activeBeforeBytes: active,
      activeBytes: active,
      peakBytes: Math.round(peakMB * MB + 1.5 * MB * normal()),
      footprintBytes: Math.round(loaded + 168 * MB + 0.4 * MB * normal()),
      samples,
      audioSeconds: samples / 24_000,
      seconds: 6.2 + 0.05 * normal(),
      ...change(index),
    })),
  });
}

export const exampleRuns = (): ProfileDocument[] => models.map((figures) => exampleRun(figures));

const stageFigures: readonly (readonly [name: string, transientMB: number, shape: readonly number[]])[] = [
  ['bert', 22.4, [1, 53, 768]],
  ['durationEncoder', 9.6, [1, 53, 640]],
  ['prosody', 15.3, [1, 178]],
  ['textEncoder', 21.3, [1, 512, 89]],
  ['decoder', 58.5, [1, 512, 178]],
  ['generator', 473.5, [1, 106_800]],
];

export function exampleAttribution(granularity: Attribution['granularity'] = 'stages'): Attribution {
  const before = 164 * MB;
  const repeats = granularity === 'stages' ? 1 : 9;
  return {
    granularity,
    parts: Array.from({ length: repeats }, (_, layer) =>
      stageFigures.map(([name, transientMB, shape]) => {
        const transientBytes = Math.round((transientMB * MB) / (layer + 1));
        return {
          name: granularity === 'stages' ? name : `${name}.resblocks.${layer}.convs1.0`,
          ...(granularity === 'stages' ? {} : { stage: name }),
          activeBeforeBytes: before,
          activeAfterBytes: before + MB,
          peakBytes: before + transientBytes,
          transientBytes,
          outputs: [
            { name: 'output', shape: [...shape], dtype: 'float32', bytes: 4 * shape.reduce((a, b) => a * b) },
          ],
          seconds: 0.4,
        };
      }),
    ).flat(),
    instrumentedPeakBytes: before + 473_500_000,
    plainPeakBytes: 666 * MB,
    aliveAtPeak: {
      part: 'generator',
      weightBytesByDtype: { bfloat16: 163_526_820 },
      valueBytesByDtype: { float32: 3 * MB, bfloat16: 522_240 },
      temporaryBytes: 470 * MB,
    },
  };
}

/** A leak of 4 KiB in active memory, cache growth, noise, constants: every status that a channel can have. */
export function exampleLeaks(): ChannelVerdict[] {
  const series = (at: (index: number) => number, length = 15): number[] =>
    Array.from({ length }, (_, index) => at(index));
  const normal = seededNormal(3);
  const [active, footprint, heap, tensors, undisposed, files] = leakChannels;
  return [
    judgeChannel({
      channel: active,
      first: series((i) => 4096 * i),
      confirmation: series((i) => 4096 * (15 + i), 30),
    }),
    judgeChannel({
      channel: footprint,
      first: series((i) => 1e9 + 4e6 * i),
      cacheBytes: series((i) => 4e6 * i),
    }),
    judgeChannel({ channel: heap, first: series(() => 11 * MB + 20_000 * normal()) }),
    judgeChannel({ channel: tensors, first: series((i) => Math.min(i, 6)) }),
    judgeChannel({ channel: undisposed, first: series(() => 0) }),
    judgeChannel({ channel: files, first: series((i) => i) }),
  ];
}

/** A clean run of 15 iterations: nothing is called a leak. */
export const cleanLeaks = (): ChannelVerdict[] =>
  leakChannels.map((channel) => judgeChannel({ channel, first: Array.from({ length: 15 }, () => 100) }));

/** With confirmation, leaks and attribution. */
export function fullProfile(): ProfileDocument {
  const [bf16] = exampleRuns();
  if (bf16 === undefined) {
    throw new Error('there are no example runs');
  }
  return {
    ...bf16,
    confirmation: Array.from({ length: 28 }, (_, index) =>
      exampleSample(15 + index, {
        activeBeforeBytes: 164_049_068,
        activeBytes: 164_049_068,
        peakBytes: 666_100_000,
      }),
    ),
    leaks: exampleLeaks(),
    attribution: exampleAttribution(),
  };
}

function arm(
  model: string,
  intervention: Intervention,
  loadedMB: number,
  transientMB: number,
  samples: number,
): Arm {
  const wobble = seededNormal(model.length + intervention.length);
  const iterations = Array.from({ length: 14 });
  return {
    model,
    intervention,
    loadedBytes: loadedMB * MB,
    loadPeakBytes: (loadedMB + 8) * MB,
    peakBytes: iterations.map(() => (loadedMB + transientMB) * MB + 1.5 * MB * wobble()),
    activeBytes: iterations.map(() => (loadedMB + 0.5) * MB),
    samples: iterations.map(() => samples),
  };
}

const facts = (model: string, rest: Readonly<Record<string, number>>, bits?: number): ModelFacts => ({
  model,
  tensorBytes: sum(rest) + 7 * MB,
  bytesByDtype: { ...rest, uint32: 7 * MB },
  restBytesByDtype: { ...rest },
  ...(bits === undefined ? {} : { bits }),
});

/** 4bit-fp32 has an anomaly by its float32 rest, 4bit-bf16 has none, and of 8bit-fp32 too little was measured. */
export function exampleAnswer(): StudyAnswer {
  const both = (model: string, loadedMB: number, transientMB: number, samples: number): Arm[] =>
    (['as-given', 'bfloat16-activations', 'no-cache', 'stage-wise', 'fused-weight-norm'] as const).map(
      (intervention) => arm(model, intervention, loadedMB, transientMB, samples),
    );
  const short = arm('8bit-fp32', 'as-given', 289, 503, 106_800);
  const evidence: StudyAnswer['evidence'] = {
    baseline: 'bf16',
    device: 'cpu',
    models: [
      facts('bf16', { bfloat16: 157 * MB }),
      facts('4bit-fp32', { float32: 276 * MB }, 4),
      facts('4bit-bf16', { bfloat16: 138 * MB }, 4),
      facts('8bit-fp32', { float32: 276 * MB }, 8),
    ],
    arms: [
      ...both('bf16', 163.5, 502, 106_800),
      arm('bf16', 'narrow-evaluation', 163.5, 448, 106_800),
      ...both('4bit-fp32', 282.7, 498, 103_800),
      arm('4bit-fp32', 'rest-bfloat16', 144.6, 498, 103_800),
      arm('4bit-fp32', 'dense-bfloat16', 163.5, 499, 103_800),
      arm('4bit-fp32', 'mlx-product', 282.7, 499, 103_800),
      arm('4bit-fp32', 'dense', 326, 499, 103_800),
      arm('4bit-fp32', 'frozen-durations', 282.7, 505, 106_800),
      arm('4bit-fp32', 'narrow-evaluation', 282.7, 446, 103_800),
      ...both('4bit-bf16', 144.6, 499, 106_200),
      arm('4bit-bf16', 'narrow-evaluation', 144.6, 447, 106_200),
      arm('4bit-bf16', 'mlx-product', 144.6, 499, 106_200),
      arm('4bit-bf16', 'dense', 163.5, 499, 106_200),
      arm('4bit-bf16', 'frozen-durations', 144.6, 501, 106_800),
      { ...short, peakBytes: short.peakBytes.slice(0, 3) },
    ],
    layers: {
      '4bit-fp32': Array.from({ length: 87 }, (_, index) => ({
        path: `bert.encoder.albert_layer_groups.0.albert_layers.0.layer_${index}`,
        denseBytes: 6_300_000 - index * 50_000,
        quantizedBytes: 100_000,
        expandedBytes: 6_400_000 - index * 50_000,
      })),
    },
    unreset: [
      {
        readings: [
          { model: 'bf16', peakBytes: 666 * MB },
          { model: '4bit-bf16', peakBytes: 666 * MB },
        ],
      },
      {
        readings: [
          { model: 'bf16', peakBytes: 666 * MB },
          { model: '4bit-fp32', peakBytes: 781 * MB },
        ],
      },
    ],
  };
  const { explanations, refusals } = explain(evidence);
  return {
    evidence,
    peaks: peakMakeups(evidence),
    explanations: explanations.map((explanation) =>
      explanation.isAnomaly
        ? {
            ...explanation,
            remedy: {
              sentence: 'Avoid it: keep the layers that are not quantized in bfloat16.',
              command: 'tidemark requantize 4bit-fp32 --bits 4 --rest bf16 --out kokoro-4bit-bf16',
            },
          }
        : explanation,
    ),
    refusals,
  };
}

/** Five models, their comparison and the verdicts. */
export function exampleStudy(changes: Partial<StudyDocument> = {}): StudyDocument {
  const runs = changes.runs ?? exampleRuns();
  const comparison = compareRuns(runs);
  const findings = {
    runs,
    failures: changes.failures ?? [],
    skipped: changes.skipped ?? [],
    ...(comparison === undefined ? {} : { comparison }),
  };
  const [first] = exampleRuns();
  if (first === undefined) {
    throw new Error('there are no example runs');
  }
  return {
    kind: 'study',
    schemaVersion: studySchemaVersion,
    startedAt: '2025-11-24T10:00:00.000Z',
    seconds: 840,
    models: models.map(({ name }) => name),
    settings: first.settings,
    ...findings,
    answer: exampleAnswer(),
    conclusion: concludeStudy(findings),
    outcome: 'complete',
    ...changes,
  };
}

/** The same models in both engines, with what an H100 measured of mlx-audio (docs/benchmarks.md) as their answers. */
export function exampleEngineStudy(): StudyDocument {
  const own = exampleStudy({ answer: gpuAnswer() });
  const settings = { ...own.settings, engine: 'mlx-audio' as const, python: '/usr/bin/python3' };
  const other = {
    ...exampleStudy({ answer: gpuAnswer(mlxAudioGpu), settings }),
    runs: own.runs.map((run) => ({ ...run, settings })),
    seconds: 240,
  };
  const agreements = agreementsOf([own, other]);
  const conclusion = concludeEngines([own, other], agreements);
  return { ...own, otherEngines: [other], agreements, conclusion };
}
