/** Runs a study's interventions and answers it: evidence first, then the verdicts that rest on it. */

import { denseCopiesOf } from '@tidemark/shared/analysis/trace/weight-copies.ts';
import { explain, fewestForInterval } from '@tidemark/shared/analysis/verdicts/explain.ts';
import { furtherIterations } from '@tidemark/shared/analysis/verdicts/further-iterations.ts';
import { peakMakeups } from '@tidemark/shared/analysis/verdicts/peak-makeup.ts';
import { armName } from '@tidemark/shared/analysis/verdicts/verdict.ts';
import { recognizeWarmup } from '@tidemark/shared/analysis/warm-up.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type {
  IterationSample,
  LoadRecord,
  ProfileDocument,
  ProfileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type {
  Arm,
  Explanation,
  LayerTransient,
  ModelFacts,
  Queue,
  StudyAnswer,
  StudyEvidence,
  TracedReading,
  UnresetSequence,
} from '@tidemark/shared/protocol/study-document.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { ModelHost } from '../host/model-host.ts';
import type { StartOptions } from '../host/model-host.ts';
import { armsFor, changeOf, environmentOf } from './arms.ts';
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
 * Measured iterations of an arm: the fewest of one process, and the most of all processes that an open verdict is given. On the CPU
 * a peak repeats to a tenth of a percent, so two beside the many of the model as given make a narrow interval, and a study stays a
 * matter of minutes. On a GPU iterations take a fraction of a second. `mostAsGiven` is the most of a model as given: by default a GPU's
 * peak wanders with its queue, so its median needs many.
 */
const armIterations = {
  cpu: { fewest: 2, most: 8, mostAsGiven: 0 },
  gpu: { fewest: 6, most: 24, mostAsGiven: 60 },
} as const;

/** An arm that is to be measured. */
interface Plan extends Pick<Arm, 'intervention'> {
  readonly model: StudiedModel;
  readonly queue: Queue;
  /** The iterations to measure, where they are not the usual ones. */
  readonly iterations?: number;
}

/**
 * Measures every arm, each in a host of its own, and explains the models. On a GPU the arms are measured with the queue drained,
 * where a peak repeats. Arms of verdicts that are open then get further iterations, in further hosts, until they are decided or
 * the most was measured. An arm that fails is reported and left out, so that what rests on it is "not tested". Throws when it is
 * aborted.
 */
export async function explainStudy(
  models: readonly StudiedModel[],
  baseline: string,
  settings: ProfileSettings,
  options: ExplainOptions = {},
): Promise<StudyAnswer> {
  const { signal, onStep } = options;
  const device = models[0]?.run.device.type ?? 'cpu';
  const limits = armIterations[device];
  const queue: Queue = device === 'gpu' ? 'drained' : 'default';
  const facts = models.map(factsOf);
  const base = models.find(({ run }) => run.model.name === baseline);
  const evidence: StudyEvidence = {
    baseline,
    device,
    models: facts,
    arms: models.map(({ run }) => armOfRun(run)),
    layers: {},
    unreset: [],
    ...(settings.engine === undefined ? {} : { engine: settings.engine }),
  };

  const quantized = base === undefined ? [] : models.filter((_, index) => facts[index]?.bits !== undefined);
  let place = 0;
  // For each model a host that predicts its durations and measures its layers; for each quantized one a trace and a sequence.
  const traced = quantized.filter(({ subject: { engine } }) => engine === undefined);
  let of = models.length + quantized.length + traced.length;
  const attempt = async <Result>(name: string, run: () => Promise<Result>): Promise<Result | undefined> => {
    const step = (): void => {
      place += 1;
      onStep?.({ kind: 'intervention', name, place, of });
    };
    try {
      const result = await run();
      step();
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
  const measureArms = async (plans: readonly Plan[]): Promise<void> => {
    for (const plan of plans) {
      const { model, intervention } = plan;
      const isBaselines = changeOf(intervention).durationsOf === 'baseline' && base !== undefined;
      const name = armName({ model: model.run.model.name, intervention, queue: plan.queue });
      const arm = await attempt(name, () =>
        runArm(plan, durations.get(isBaselines ? base : model), settings, options),
      );
      if (arm !== undefined) {
        evidence.arms.push(arm);
      }
    }
  };

  const drained: Plan[] =
    queue === 'drained' ? models.map((model) => ({ model, intervention: 'as-given', queue })) : [];
  const anomalies = (): Explanation[] => explain(evidence).explanations.filter(({ isAnomaly }) => isAnomaly);
  const planned = (): Plan[] => {
    const found = anomalies();
    return models.flatMap((model, index) => {
      const each = facts[index] ?? factsOf(model);
      const isExplained = found.some((anomaly) => anomaly.model === each.model);
      const needsControls = isExplained || (each.model === baseline && found.length > 0);
      const interventions = armsFor(each, { baseline, needsControls, engine: settings.engine });
      return interventions.map((intervention) => ({ model, intervention, queue }));
    });
  };
  of += drained.length + planned().length;
  onStep?.({ kind: 'intervention', place, of });

  for (const model of models) {
    const found = await attempt(`${model.run.model.name}: layers alone`, () =>
      examineModel(model, settings, { ...options, queue }),
    );
    if (found !== undefined) {
      durations.set(model, found.durations);
      evidence.layers[model.run.model.name] = found.layers;
    }
  }
  for (const model of traced) {
    const { name } = model.run.model;
    const found = await attempt(`${name}: operation by operation`, () =>
      traceModel(model, settings, { ...options, queue }),
    );
    if (found !== undefined) {
      evidence.traced = { ...evidence.traced, [name]: found };
    }
  }
  for (const model of quantized) {
    const pair = base === undefined ? [] : [base, model];
    const found = await attempt(`${baseline}, then ${model.run.model.name}, peak never reset`, () =>
      runSequence(pair, settings, options),
    );
    if (found !== undefined) {
      evidence.unreset.push(found);
    }
  }
  await measureArms(drained);
  // With the queue drained there may be anomalies that it hid.
  const plans = planned();
  of = place + plans.length;
  await measureArms(plans);
  for (;;) {
    const further = furtherIterations(evidence, limits).flatMap(({ model: name, ...each }): Plan[] => {
      const model = models.find(({ run }) => run.model.name === name);
      return model === undefined ? [] : [{ ...each, model }];
    });
    of += further.length;
    const before = evidence.arms.length;
    await measureArms(further);
    // Either nothing is open that more iterations could decide, or none can be measured.
    if (evidence.arms.length === before) {
      break;
    }
  }
  return { evidence, peaks: peakMakeups(evidence), ...explain(evidence) };
}

/** The iterations as given, as an arm. A run that is not whole has none of the rule's length, and is refused there. */
function armOfRun({ model, load, iterations, outcome }: ProfileDocument): Arm {
  const measured = outcome.status === 'complete' ? iterations.filter(({ warmup }) => !warmup) : [];
  return armOf({ model: model.name, intervention: 'as-given' }, load, measured, fewestForInterval);
}

/** Without the iterations at the start whose peaks show that they were warm-up. */
function armOf(
  which: Pick<Arm, 'model' | 'intervention' | 'queue'>,
  load: LoadRecord,
  all: readonly IterationSample[],
  fewestKept?: number,
): Arm {
  const warmupIterations = recognizeWarmup(
    all.map(({ peakBytes }) => peakBytes),
    fewestKept,
  );
  const samples = all.slice(warmupIterations);
  return {
    ...which,
    loadedBytes: load.activeBytes,
    loadPeakBytes: load.peakBytes,
    peakBytes: samples.map(({ peakBytes }) => peakBytes),
    activeBytes: samples.map(({ activeBytes }) => activeBytes),
    samples: samples.map(({ samples: count }) => count),
    seconds: samples.map(({ seconds }) => seconds),
    warmupIterations,
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
  { signal, host: hostOptions, queue }: ExplainOptions & { readonly queue: Queue },
): Promise<{ durations: number[][]; layers: LayerTransient[] }> {
  const { engine } = subject;
  await using host = await ModelHost.start({
    ...hostOptions,
    signal,
    environment: environmentOf(queue),
    engine,
  });
  await host.load({ folder: subject.model.folder, voiceFile: subject.voiceFile }, { signal });
  const durations = await host.durations({ phonemes: settings.phonemes, speed: settings.speed }, { signal });
  const layers = await host.layerTransients({ tokens: durations[0]?.length ?? 1 }, { signal });
  return { durations, layers };
}

/** Of a trace what a verdict needs: it is too long for a study's document. */
async function traceModel(
  { subject }: StudiedModel,
  { phonemes, seed, deterministic, speed }: ProfileSettings,
  { signal, host: hostOptions, queue }: ExplainOptions & { readonly queue: Queue },
): Promise<TracedReading> {
  await using host = await ModelHost.start({ ...hostOptions, signal, environment: environmentOf(queue) });
  await host.load({ folder: subject.model.folder, voiceFile: subject.voiceFile }, { signal });
  const { traces = [] } = await host.attribute(
    { phonemes, seed, granularity: 'operations', deterministic, speed },
    { signal },
  );
  const [trace] = traces;
  if (trace === undefined) {
    throw new Error('traceModel: the host traced no order');
  }
  const { peakBytes, plainPeakBytes, sameAudio } = trace;
  return { peakBytes, plainPeakBytes, sameAudio, denseCopies: denseCopiesOf(trace) };
}

async function runSequence(
  models: readonly StudiedModel[],
  { phonemes, seed, deterministic, speed }: ProfileSettings,
  { signal, host: hostOptions }: ExplainOptions,
): Promise<UnresetSequence> {
  const { voiceFile = '', engine } = models[0]?.subject ?? {};
  await using host = await ModelHost.start({ ...hostOptions, signal, engine });
  const steps = models.map(({ run, subject }) => ({ model: run.model.name, folder: subject.model.folder }));
  return await host.unresetSequence(
    { models: steps, voiceFile, phonemes, seed, deterministic, speed },
    { signal },
  );
}

async function runArm(
  { model: { subject, run }, intervention, queue, iterations }: Plan,
  durations: number[][] | undefined,
  { phonemes, seed, deterministic, speed }: ProfileSettings,
  { signal, host: hostOptions }: ExplainOptions,
): Promise<Arm> {
  const { load: loadChange, speech, environment } = changeOf(intervention);
  await using host = await ModelHost.start({
    ...hostOptions,
    signal,
    environment: { ...environment, ...environmentOf(queue) },
    engine: subject.engine,
  });
  const load = await host.load(
    { folder: subject.model.folder, voiceFile: subject.voiceFile, ...loadChange },
    { signal },
  );
  const which = {
    model: run.model.name,
    intervention,
    ...(queue === 'default' ? {} : { queue }),
  };
  const fewest = iterations ?? armIterations[host.description.device.type].fewest;
  const samples: IterationSample[] = [];
  let arm = armOf(which, load, samples);
  // At most half of a series is warm-up, so that this ends.
  while (arm.peakBytes.length < fewest) {
    const parameters = {
      index: samples.length,
      warmup: false,
      phonemes,
      durations,
      seed,
      deterministic,
      speed,
    };
    const doing = `during the intervention ${intervention}`;
    samples.push(await host.iterate({ ...parameters, ...speech }, { signal, doing }));
    arm = armOf(which, load, samples);
  }
  return arm;
}
