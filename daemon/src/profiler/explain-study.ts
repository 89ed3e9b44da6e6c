/** Runs a study's interventions and answers it: evidence first, then the verdicts that rest on it. */

import { explain } from '@tidemark/shared/analysis/verdicts/explain.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { ProfileDocument, ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type {
  Arm,
  Intervention,
  LayerTransient,
  ModelFacts,
  StudyAnswer,
  UnresetSequence,
} from '@tidemark/shared/protocol/study-document.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { ModelHost } from '../host/model-host.ts';
import type { StartOptions } from '../host/model-host.ts';
import { armsFor, changeOf } from './arms.ts';
import type { Subject } from './profile.ts';

/** A model of the study that was measured as given, with what its header says. */
export interface StudiedModel {
  readonly subject: Subject;
  readonly run: ProfileDocument;
  readonly xray: XrayDocument;
}

export interface ExplainOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: OnStep | undefined;
  readonly host?: Omit<StartOptions, 'signal'>;
}

/**
 * Iterations of an arm. On the CPU a peak repeats to a tenth of a percent, so two beside the many of the model as given make a
 * narrow interval, and a study stays a matter of minutes. On a GPU work is queued, a peak is a distribution, and iterations
 * take a fraction of a second; there the first one compiles kernels, and is left out.
 */
const armIterations = { cpu: { warmup: 0, measured: 2 }, gpu: { warmup: 1, measured: 10 } } as const;

/**
 * Measures every arm, each in a host of its own, and explains the models. An arm that fails is reported and left out, so that
 * what rests on it is "not tested". Throws when it is aborted.
 */
export async function explainStudy(
  models: readonly StudiedModel[],
  baseline: string,
  settings: ProfileSettings,
  options: ExplainOptions = {},
): Promise<StudyAnswer> {
  const { signal, onStep } = options;
  const facts = models.map(factsOf);
  const base = models.find(({ run }) => run.model.name === baseline);
  const given = models.map(({ run }) => armOfRun(run));
  const asGiven = { baseline, models: facts, arms: given, layers: {}, unreset: [] };
  const anomalies = explain(asGiven).explanations.filter(({ isAnomaly }) => isAnomaly);
  const plans = models.flatMap((model, index) => {
    const each = facts[index] ?? factsOf(model);
    const isExplained = anomalies.some((anomaly) => anomaly.model === each.model);
    const needsControls = isExplained || (each.model === baseline && anomalies.length > 0);
    return armsFor(each, { baseline, needsControls }).map((intervention) => ({ model, intervention }));
  });
  const quantized = models.filter((_, index) => facts[index]?.bits !== undefined);
  // For each model a host that predicts its durations and measures its layers; for each quantized one a sequence.
  const of = plans.length + models.length + quantized.length;
  let place = 0;
  onStep?.({ kind: 'intervention', place, of });
  const attempt = async <Result>(name: string, run: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      const result = await run();
      place += 1;
      onStep?.({ kind: 'intervention', name, place, of });
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      place += 1;
      const what = `The intervention “${name}” could not be measured.`;
      onStep?.({ kind: 'trouble', what, error: toErrorRecord(error) }, error);
      return undefined;
    }
  };

  const durations = new Map<StudiedModel, number[][]>();
  const layers: Record<string, LayerTransient[]> = {};
  for (const model of models) {
    const found = await attempt(`${model.run.model.name}: layers alone`, () =>
      examineModel(model, settings, options),
    );
    if (found !== undefined) {
      durations.set(model, found.durations);
      layers[model.run.model.name] = found.layers;
    }
  }
  const unreset: UnresetSequence[] = [];
  for (const model of base === undefined ? [] : quantized) {
    const pair = base === undefined ? [] : [base, model];
    const found = await attempt(`${baseline}, then ${model.run.model.name}, peak never reset`, () =>
      runSequence(pair, settings, options),
    );
    if (found !== undefined) {
      unreset.push(found);
    }
  }
  const arms = [...given];
  for (const { model, intervention } of plans) {
    const replayed = durations.get(
      changeOf(intervention).durationsOf === 'baseline' && base !== undefined ? base : model,
    );
    const arm = await attempt(`${model.run.model.name} (${intervention})`, () =>
      runArm(model, intervention, replayed, settings, options),
    );
    if (arm !== undefined) {
      arms.push(arm);
    }
  }
  const evidence = { baseline, models: facts, arms, layers, unreset };
  return { evidence, ...explain(evidence) };
}

/** The iterations as given, as an arm. A run that is not whole has none of the rule's length, and is refused there. */
function armOfRun({ model, load, iterations, outcome }: ProfileDocument): Arm {
  const measured = outcome.status === 'complete' ? iterations.filter(({ warmup }) => !warmup) : [];
  return {
    model: model.name,
    intervention: 'as-given',
    loadedBytes: load.activeBytes,
    loadPeakBytes: load.peakBytes,
    peakBytes: measured.map(({ peakBytes }) => peakBytes),
    activeBytes: measured.map(({ activeBytes }) => activeBytes),
    samples: measured.map(({ samples }) => samples),
  };
}

function factsOf({ run: { model }, xray }: StudiedModel): ModelFacts {
  const restBytesByDtype: Record<string, number> = {};
  for (const { bytesByDtype } of xray.quantization.unquantized) {
    for (const [dtype, bytes] of Object.entries(bytesByDtype)) {
      restBytesByDtype[dtype] = (restBytesByDtype[dtype] ?? 0) + bytes;
    }
  }
  const [found] = xray.quantization.found;
  return {
    model: model.name,
    tensorBytes: model.tensorBytes,
    bytesByDtype: model.bytesByDtype,
    ...(found === undefined ? {} : { bits: found.bits }),
    restBytesByDtype,
  };
}

async function examineModel(
  { subject }: StudiedModel,
  settings: ProfileSettings,
  { signal, host: hostOptions }: ExplainOptions,
): Promise<{ durations: number[][]; layers: LayerTransient[] }> {
  await using host = await ModelHost.start({ ...hostOptions, signal });
  await host.load({ folder: subject.model.folder, voiceFile: subject.voiceFile }, { signal });
  const durations = await host.durations({ phonemes: settings.phonemes, speed: settings.speed }, { signal });
  const layers = await host.layerTransients({ tokens: durations[0]?.length ?? 1 }, { signal });
  return { durations, layers };
}

async function runSequence(
  models: readonly StudiedModel[],
  { phonemes, seed, deterministic, speed }: ProfileSettings,
  { signal, host: hostOptions }: ExplainOptions,
): Promise<UnresetSequence> {
  await using host = await ModelHost.start({ ...hostOptions, signal });
  const voiceFile = models[0]?.subject.voiceFile ?? '';
  const steps = models.map(({ run, subject }) => ({ model: run.model.name, folder: subject.model.folder }));
  return await host.unresetSequence(
    { models: steps, voiceFile, phonemes, seed, deterministic, speed },
    { signal },
  );
}

async function runArm(
  { subject, run }: StudiedModel,
  intervention: Intervention,
  durations: number[][] | undefined,
  { phonemes, seed, deterministic, speed }: ProfileSettings,
  { signal, host: hostOptions }: ExplainOptions,
): Promise<Arm> {
  const { load: loadChange, speech } = changeOf(intervention);
  await using host = await ModelHost.start({ ...hostOptions, signal });
  const load = await host.load(
    { folder: subject.model.folder, voiceFile: subject.voiceFile, ...loadChange },
    { signal },
  );
  const { warmup: warmupIterations, measured } = armIterations[host.description.device.type];
  const samples = [];
  for (let index = 0; index < warmupIterations + measured; index += 1) {
    const warmup = index < warmupIterations;
    const parameters = { index, warmup, phonemes, durations, seed, deterministic, speed, ...speech };
    const sample = await host.iterate(parameters, {
      signal,
      doing: `during the intervention ${intervention}`,
    });
    if (!warmup) {
      samples.push(sample);
    }
  }
  return {
    model: run.model.name,
    intervention,
    loadedBytes: load.activeBytes,
    loadPeakBytes: load.peakBytes,
    peakBytes: samples.map(({ peakBytes }) => peakBytes),
    activeBytes: samples.map(({ activeBytes }) => activeBytes),
    samples: samples.map(({ samples: count }) => count),
  };
}
