/** Prepares one run and measures it: a profile in the held host or in a fresh one, a study in hosts of its own. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import type {
  ProfileParameters,
  RunRequest,
  StudyParameters,
} from '@tidemark/shared/protocol/daemon/methods.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { ProfileDocument, ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { fromErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import type { RunHead } from '../../history/rebuild.ts';
import { HostDeath } from '../../host/host-death.ts';
import { ownPython } from '../../host/python-environment.ts';
import type { EngineRequest } from '../../host/python-environment.ts';
import { runStudies, settingsFor } from '../../profiler/engine-studies.ts';
import type { AskedEngine } from '../../profiler/engine-studies.ts';
import { profileLoaded, profileModel } from '../../profiler/profile.ts';
import type { Subject } from '../../profiler/profile.ts';
import { defaultIterations, engineRequestsOf, profileDefaults } from '../../profiler/settings.ts';
import type { ProfileRequest } from '../../profiler/settings.ts';
import { workloadRequestOf } from '../../profiler/workload.ts';
import { studyModels } from '../../profiler/study.ts';
import type { HeldHost } from '../held-host/held-host.ts';
import type { PreparedModel } from './prepare.ts';
import { prepare, preparingStep } from './prepare.ts';
import { watched } from '../held-host/watchdog.ts';
import type { Watch } from '../held-host/watchdog.ts';

export interface WorkOptions {
  readonly dataFolder: string;
  readonly held: HeldHost;
  readonly settings: () => DaemonSettings;
  readonly onStep: OnStep;
  readonly signal: AbortSignal;
  /** As in {@link TaskOptions}, of the preparation. */
  readonly silenceSeconds?: number | undefined;
  /** What a profile runs with, as soon as its model is loaded. */
  readonly onHead: (head: RunHead) => void;
}

/**
 * Borders between layers are some hundred evaluations, and an intervention is a process with several iterations. mlx-audio takes
 * minutes for a sentence on a CPU.
 */
const patience = { attributing: 10, intervention: 10, engine: 10 } as const;

/** The parameters with the profiler's defaults in the place of what is absent. */
export function loopOf(parameters: Omit<ProfileParameters, 'model'> | StudyParameters): ProfileRequest {
  const { text, phonemes, voice, language, iterations, warmupIterations, seed, deterministic, speed } =
    parameters;
  const [only, ...others] = engineRequestsOf(parameters);
  // What is said is settled once for all engines, by none of them.
  const engine = others.length === 0 ? only : undefined;
  const workload = workloadRequestOf({ ...parameters, engine: undefined, python: undefined, ...engine });
  const { texts } = workload;
  return {
    ...workload,
    ...('mlx' in parameters ? { mlx: parameters.mlx } : {}),
    text: text ?? (phonemes === undefined && texts === undefined ? profileDefaults.text : undefined),
    phonemes,
    voice: voice ?? profileDefaults.voice,
    language,
    iterations: iterations ?? defaultIterations(texts),
    warmupIterations: warmupIterations ?? profileDefaults.warmupIterations,
    seed: seed ?? profileDefaults.seed,
    deterministic: deterministic ?? profileDefaults.deterministic,
    speed: speed ?? profileDefaults.speed,
  };
}

/** A daemon is started without the person's environment, so that their Python is a setting. */
function withPython<Request extends EngineRequest>(
  request: Request,
  { python: setting }: DaemonSettings,
): Request {
  const python = request.engine === 'mlx-audio' ? ownPython(request.python, setting) : undefined;
  return python === undefined ? request : { ...request, python };
}

export const modelsOf = (request: RunRequest): readonly string[] =>
  request.kind === 'profile' ? [request.parameters.model] : (request.parameters.models ?? studyModels);

/** Throws where it does not come to a measurement; from then on every end is an outcome in the document. */
export async function measureRun(request: RunRequest, options: WorkOptions): Promise<RunDocument> {
  const { dataFolder, settings, onStep, signal, silenceSeconds } = options;
  const loop = withPython(loopOf(request.parameters), settings());
  const isExplained = request.kind === 'study' && request.parameters.explain !== false;
  const asked = engineRequestsOf(request.parameters).map((each) => withPython(each, settings()));
  onStep({ kind: 'preparing', message: 'Preparing the text and the models' });
  const {
    settings: settled,
    models,
    engines,
  } = await prepare(
    {
      ...{ dataFolder, models: modelsOf(request), voice: loop.voice },
      ...{ request: loop, engines: asked, examine: isExplained },
    },
    { signal, silenceSeconds, onProgress: (progress) => onStep(preparingStep(progress)) },
  );
  if (settled === undefined) {
    throw new Error('measureRun: the preparation has left the settings out');
  }
  const { hostTimeoutSeconds, memoryCeilingBytes } = settings();
  refuseTooLarge(models, memoryCeilingBytes);
  // An iteration says all utterances, and each of them is bounded in length.
  const texts = settled.texts ?? [settled];
  const isOurs = asked.every(({ engine = 'tidemark' }) => engine === 'tidemark');
  const pace = isOurs ? 1 : patience.engine;
  const timeout = hostTimeoutSeconds * pace * Math.max(...texts.map(({ phonemes }) => phonemes.length));
  const limits = { signal, hostTimeoutSeconds: timeout, memoryCeilingBytes };
  return await watched<RunDocument>(limits, (watch) =>
    request.kind === 'profile'
      ? measureProfile(request.parameters, settled, models, { ...options, watch })
      : runStudies(modelsOf(request), askedOf(settled, asked, engines), {
          find: (model) => subjectOf(models, model),
          examine: isExplained ? (subject) => xrayOf(models, subject) : undefined,
          signal: watch.signal,
          onStep: follow(watch, onStep),
        }),
  );
}

/** Each engine with its settings. */
const askedOf = (
  settled: ProfileSettings,
  requests: readonly EngineRequest[],
  engines: Awaited<ReturnType<typeof prepare>>['engines'],
): AskedEngine[] =>
  requests.map((request, place) => ({
    settings: settingsFor(settled, request),
    engine: engines[place]?.engine,
  }));

/** Before anything is loaded: a host takes more than the weights, so weights beyond the memory limit cannot fit. */
export function refuseTooLarge(models: readonly PreparedModel[], ceilingBytes: number): void {
  for (const prepared of models) {
    const bytes = 'subject' in prepared ? prepared.subject.model.tensorBytes : 0;
    if (ceilingBytes > 0 && bytes > ceilingBytes) {
      throw new TidemarkError(
        'memory-ceiling',
        `The weights of ${prepared.model} alone take ${formatBytes(bytes)}, more than the memory limit of ${formatBytes(ceilingBytes)}.`,
        { hint: 'Use a smaller model, or increase the setting `memory-ceiling`.' },
      );
    }
  }
}

async function measureProfile(
  { model, attribute, order, host: kind = 'held' }: ProfileParameters,
  settings: ProfileSettings,
  models: readonly PreparedModel[],
  { held, watch, onHead, ...options }: WorkOptions & { readonly watch: Watch },
): Promise<ProfileDocument> {
  const subject = subjectOf(models, model);
  const onStep = follow(watch, options.onStep);
  const { signal } = watch;
  onStep({ kind: 'loading', model });
  // MLX reads its variables once, as it is loaded.
  if (kind === 'fresh' || settings.mlx !== undefined) {
    return await profileModel(subject, settings, { signal, onStep, attribute, order });
  }
  const loaded = await held.acquire(subject, signal, settings.strategy);
  try {
    const { host, load, instance } = loaded;
    const { name, source, tensorBytes, bytesByDtype } = subject.model;
    onHead({
      model: { name, source, tensorBytes, bytesByDtype },
      ...host.description,
      settings,
      load,
      hostInstance: instance,
    });
    onStep({ kind: 'loaded', model: name, load });
    return await profileLoaded(loaded, subject, settings, {
      signal,
      attribute,
      order,
      onStep: (step, error) => {
        if (step.kind === 'iteration') {
          held.noteSample(step.sample);
        }
        if (step.kind === 'trouble' && error instanceof HostDeath) {
          held.noteDeath(error.message, error.signal);
        }
        onStep(step, error);
      },
    });
  } finally {
    // Stopping a run has ended its host: native work cannot be stopped in any other way.
    if (signal.aborted) {
      await held.close();
    } else {
      held.release();
    }
  }
}

/** Throws what the preparation found wrong with it. */
export function subjectOf(models: readonly PreparedModel[], name: string): Subject {
  const prepared = models.find(({ model }) => model === name);
  if (prepared === undefined) {
    throw new Error(`measureRun: ${name} was not prepared`);
  }
  if ('error' in prepared) {
    throw fromErrorRecord(prepared.error);
  }
  return prepared.subject;
}

function xrayOf(models: readonly PreparedModel[], subject: Subject): XrayDocument {
  const prepared = models.find((each) => 'subject' in each && each.subject.model === subject.model);
  if (prepared === undefined || 'error' in prepared || prepared.xray === undefined) {
    throw new Error('measureRun: a model of a study was not examined');
  }
  return prepared.xray;
}

/** Every step shows that the host responds; after some, the next ones take longer. */
function follow(watch: Watch, onStep: OnStep): OnStep {
  let factor = 1;
  return (step, error) => {
    if (step.kind === 'iteration') {
      watch.weigh(step.sample.footprintBytes);
    }
    if (step.kind !== 'trouble') {
      factor = step.kind === 'attributing' || step.kind === 'intervention' ? patience[step.kind] : 1;
    }
    watch.beat(factor);
    onStep(step, error);
  };
}
