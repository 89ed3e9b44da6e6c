/** Profiles one model in a host of its own. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { summarizeRun } from '@tidemark/shared/analysis/run-summary.ts';
import { spreadOf } from '@tidemark/shared/analysis/statistics.ts';
import type {
  Attribution,
  Granularity,
  IterationSample,
  LoadRecord,
  ProfileDocument,
  ProfileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { mlxEnvironment } from '@tidemark/shared/protocol/mlx-settings.ts';
import { profileSchemaVersion } from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { OperationTrace, TraceOrder } from '@tidemark/shared/protocol/trace-document.ts';
import { ModelHost } from '../host/model-host.ts';
import type { StartOptions } from '../host/model-host.ts';
import type { AttributionReading, HostParameters } from '../host/messages.ts';
import type { Engine } from '../host/transport.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import { environmentOf } from './arms.ts';
import { runCheckedLoop } from './loop.ts';

export interface ProfileOptions {
  /** Ends the host; the document then holds what was measured until there. */
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: OnStep | undefined;
  readonly host?: Omit<StartOptions, 'signal'>;
  /** Speaks once more after the loop, with evaluation at these borders, to say which part takes what. */
  readonly attribute?: Granularity | undefined;
  /** In which order operations are traced, where they are; MLX's own unless given. */
  readonly order?: TraceOrder | undefined;
}

/** A model and a voice that are on this machine. */
export interface Subject {
  readonly model: ResolvedModel;
  readonly voiceFile: string;
  /** What runs it; absent for Tidemark's own host. */
  readonly engine?: Engine | undefined;
}

/** When work began, by the calendar, and how long it took, by a clock that nobody sets. */
export class RunClock {
  /** ISO 8601, in UTC. */
  readonly startedAt = new Date().toISOString();
  readonly #from = performance.now();

  /** So far. */
  get seconds(): number {
    return (performance.now() - this.#from) / 1000;
  }
}

/**
 * Starts a host, loads the model and the voice, runs the loop, judges its leaks, ends the host. Throws a TidemarkError
 * where it does not come to the loop; from then on every end is an outcome in the document.
 */
export async function profileModel(
  subject: Subject,
  settings: ProfileSettings,
  { host: hostOptions, ...options }: ProfileOptions = {},
): Promise<ProfileDocument> {
  const clock = new RunClock();
  const { signal, onStep } = options;
  const { mlx = {}, strategy } = settings;
  const { engine } = subject;
  await using host = await ModelHost.start({
    ...hostOptions,
    signal,
    environment: mlxEnvironment(mlx),
    engine,
  });
  const { folder, name } = subject.model;
  const { memoryLimitBytes } = mlx;
  const { voiceFile } = subject;
  const load = await host.load({ folder, voiceFile, memoryLimitBytes, strategy }, { signal });
  onStep?.({ kind: 'loaded', model: name, load });
  return await profileLoaded({ host, load }, subject, settings, { ...options, clock });
}

/** A host with a model and a voice in it, and what the loading took. */
export interface LoadedHost {
  readonly host: ModelHost;
  readonly load: LoadRecord;
}

/** As {@link profileModel}, in a host that has loaded the subject already, and that is left alive. Never throws for the host's end. */
export async function profileLoaded(
  { host, load }: LoadedHost,
  subject: Subject,
  settings: ProfileSettings,
  {
    signal,
    onStep,
    attribute,
    order,
    clock = new RunClock(),
  }: Omit<ProfileOptions, 'host'> & { readonly clock?: RunClock } = {},
): Promise<ProfileDocument> {
  const { name, source, tensorBytes, bytesByDtype } = subject.model;
  const { iterations, confirmation, leaks, cacheLimitBytes, outcome } = await runCheckedLoop(host, settings, {
    model: name,
    signal,
    onStep,
  });
  const { keepCache, cacheLimitBytes: limitAsked, pythonHeap } = settings;
  if (keepCache === true || limitAsked !== undefined || pythonHeap === true) {
    // A host that lives on is to be as it was; one that has died has no cache.
    await host.resetCache({}, { signal }).catch(() => undefined);
  }
  const summary = summarizeRun(load, iterations);
  const reading =
    attribute === undefined || summary === undefined || outcome.status !== 'complete'
      ? undefined
      : await readAttribution(host, settings, {
          subject,
          granularity: attribute,
          order,
          signal,
          onStep,
        });
  const { device, versions } = host.description;
  return {
    kind: 'profile',
    schemaVersion: profileSchemaVersion,
    startedAt: clock.startedAt,
    seconds: clock.seconds,
    model: { name, source, tensorBytes, bytesByDtype },
    device,
    versions,
    settings,
    load,
    cacheLimitBytes,
    iterations: [...iterations],
    confirmation: confirmation && [...confirmation],
    leaks: [...leaks],
    summary,
    attribution: reading && { ...reading, plainPeakBytes: peakOfLongest(iterations, settings) },
    outcome,
  };
}

/** The median peak of the iterations that said what is attributed: of many texts the longest. */
function peakOfLongest(
  iterations: readonly IterationSample[],
  { phonemes, texts = [] }: ProfileSettings,
): number {
  const said = phonemes.join(' ');
  const longest = texts.findIndex((each) => each.phonemes.join(' ') === said);
  const measured = iterations.filter(({ warmup }) => !warmup);
  const alike = measured.filter(({ textIndex }) => textIndex === undefined || textIndex === longest);
  return Math.round(spreadOf((alike.length > 0 ? alike : measured).map(({ peakBytes }) => peakBytes)).median);
}

/** What is measured stays measured: an attribution that fails or is stopped leaves the document without one. */
async function readAttribution(
  host: ModelHost,
  settings: ProfileSettings,
  {
    subject,
    granularity,
    order,
    signal,
    onStep,
  }: Pick<ProfileOptions, 'signal' | 'onStep' | 'order'> &
    Pick<Attribution, 'granularity'> & { readonly subject: Subject },
): Promise<AttributionReading | undefined> {
  onStep?.({ kind: 'attributing' });
  const { phonemes, seed, deterministic, speed } = settings;
  try {
    const parameters = { phonemes, seed, granularity, order, deterministic, speed };
    const reading =
      granularity === 'operations' && host.description.device.type === 'gpu'
        ? await attributeDrained(parameters, subject, settings, signal)
        : await host.attribute(parameters, { signal });
    if (reading.traces === undefined) {
      return reading;
    }
    const traces = fittingTraces(reading.traces);
    if (traces.length < reading.traces.length) {
      const what = `Of ${reading.traces.length} traces of ${subject.model.name} the last were left out.`;
      const error = new TidemarkError('bad-input', 'All of them are too large for one document.', {
        hint: 'Trace one order at a time with --order, or a shorter text.',
      });
      onStep?.({ kind: 'trouble', what, error: toErrorRecord(error) }, error);
    }
    return { ...reading, traces };
  } catch (error) {
    const what = `The memory of ${subject.model.name} could not be attributed to its parts.`;
    onStep?.({ kind: 'trouble', what, error: toErrorRecord(error) }, error);
    return undefined;
  }
}

/** A document of more than 16 MiB does not pass the daemon's socket, and the longest utterance makes a trace of 5 MB. */
const mostTraceCharacters = 12_000_000;

/** The first traces that fit into a document together, at least one. */
export function fittingTraces(
  traces: readonly OperationTrace[],
  mostCharacters = mostTraceCharacters,
): OperationTrace[] {
  let characters = 0;
  return traces.filter((trace, index) => {
    characters += JSON.stringify(trace).length;
    return index === 0 || characters <= mostCharacters;
  });
}

/**
 * In a process whose command buffers hold one operation each: by default a GPU's queue holds other work in every iteration, and a
 * trace would be of one that does not come again.
 */
async function attributeDrained(
  parameters: HostParameters<'attribute'>,
  { model, voiceFile }: Subject,
  { mlx = {}, strategy }: ProfileSettings,
  signal: AbortSignal | undefined,
): Promise<AttributionReading> {
  const environment = { ...mlxEnvironment(mlx), ...environmentOf('drained') };
  await using host = await ModelHost.start({ signal, environment });
  const { memoryLimitBytes } = mlx;
  await host.load({ folder: model.folder, voiceFile, memoryLimitBytes, strategy }, { signal });
  return await host.attribute(parameters, { signal });
}
