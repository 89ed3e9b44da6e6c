/**
 * The loop: one loaded model says the same text again and again, or one of many after the other, and each time its memory is
 * read. With its leak verdicts: a first run, a second look where a channel rises, and what both show.
 */

import { channelsToConfirm, judgeRun } from '@tidemark/shared/analysis/leak-verdicts.ts';
import { confirmationLength } from '@tidemark/shared/analysis/leak-rule.ts';
import { iterationLabel } from '@tidemark/shared/format/work-words.ts';
import type { OnStep, RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { pythonHeapChannel } from '@tidemark/shared/protocol/leak-verdicts.ts';
import type { ChannelVerdict } from '@tidemark/shared/protocol/leak-verdicts.ts';
import type {
  IterationSample,
  Outcome,
  ProfileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { HostDeath } from '../host/host-death.ts';
import type { HostParameters, ModelHost } from '../host/model-host.ts';
import { Interruption } from '../interruption.ts';

export interface LoopOptions {
  /** The model's name, for the steps. */
  readonly model: string;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: OnStep | undefined;
}

/** What the loop needs of a host that has loaded its model. */
export type LoopHost = Pick<ModelHost, 'resetCache' | 'iterate'> & Partial<Pick<ModelHost, 'heapSites'>>;

interface LoopResult {
  /** As many as were measured, whatever the outcome. */
  readonly iterations: readonly IterationSample[];
  readonly outcome: Outcome;
  /** The limit of MLX's cache that was in force; absent for a later part of a run, and where it did not come to that. */
  readonly cacheLimitBytes?: number;
  /** What ended it early, if anything did. */
  readonly error?: unknown;
}

/** A sample as a step: its phase, and its place in that from 1. */
function iterationStep(
  sample: IterationSample,
  model: string,
  settings: ProfileSettings,
): Extract<RunStep, { kind: 'iteration' }> {
  const { iterations, warmupIterations } = settings;
  const place = sample.index + 1;
  const confirmations = confirmationLength(settings.iterations, settings.texts?.length);
  const measured = place - warmupIterations;
  const at = sample.warmup
    ? ({ phase: 'warm-up', place, of: warmupIterations } as const)
    : measured <= iterations
      ? ({ phase: 'measured', place: measured, of: iterations } as const)
      : ({ phase: 'confirmation', place: measured - iterations, of: confirmations } as const);
  return { kind: 'iteration', ...at, model, sample };
}

/**
 * What an iteration says: the text, or the next of many and again from the first. A confirmation says what the first run said,
 * so that each text can be compared with itself: where the texts are more than the iterations, the others are never said.
 */
export function spokenIn(
  index: number,
  { phonemes, texts, iterations, warmupIterations }: ProfileSettings,
): Pick<HostParameters<'iterate'>, 'phonemes' | 'textIndex'> {
  if (texts === undefined) {
    return { phonemes };
  }
  const measured = index - warmupIterations;
  const textIndex = measured < 0 ? index % texts.length : measured % Math.min(texts.length, iterations);
  return { phonemes: texts[textIndex]?.phonemes ?? phonemes, textIndex };
}

/**
 * Runs the warm-up and the measured iterations on a host that has loaded its model, or only those in `range`. Never throws for
 * what happens to the host or in it: the samples so far are worth keeping, and the outcome says what ended them.
 */
export async function runLoop(
  host: LoopHost,
  settings: ProfileSettings,
  { model, signal, onStep }: LoopOptions,
  range = { from: 0, to: settings.warmupIterations + settings.iterations },
): Promise<LoopResult> {
  const { seed, deterministic, speed, warmupIterations, keepCache } = settings;
  const manner = { seed, deterministic, speed, ...(keepCache === undefined ? {} : { keepCache }) };
  const iterations: IterationSample[] = [];
  let limit: Pick<LoopResult, 'cacheLimitBytes'> = {};
  try {
    if (range.from === 0) {
      const { cacheLimitBytes: limitBytes, pythonHeap: traceHeap } = settings;
      const reset = await host.resetCache({ limitBytes, traceHeap }, { signal });
      limit = { cacheLimitBytes: reset.limitBytes };
    }
    for (let index = range.from; index < range.to; index += 1) {
      const sample = await host.iterate(
        { index, warmup: index < warmupIterations, ...spokenIn(index, settings), ...manner },
        { signal, doing: `in ${iterationLabel(index, warmupIterations)}` },
      );
      iterations.push(sample);
      onStep?.(iterationStep(sample, model, settings));
    }
    return { iterations, ...limit, outcome: { status: 'complete' } };
  } catch (error) {
    return { iterations, ...limit, outcome: outcomeOf(error), error };
  }
}

/** What an error makes of a run: ended from outside, or failed by itself. */
export function outcomeOf(error: unknown): Outcome {
  const record = toErrorRecord(error);
  const { message: reason } = record;
  if (error instanceof Interruption || (error instanceof HostDeath && error.signal !== undefined)) {
    return { status: 'interrupted', reason, signal: error.signal };
  }
  return record.code === 'interrupted'
    ? { status: 'interrupted', reason }
    : { status: 'failed', reason, error: record };
}

export interface CheckedRun {
  readonly iterations: readonly IterationSample[];
  readonly confirmation?: readonly IterationSample[];
  readonly leaks: readonly ChannelVerdict[];
  readonly cacheLimitBytes?: number;
  /** Of both runs: a confirmation run that ends early leaves the first one's samples and verdicts as they are. */
  readonly outcome: Outcome;
}

/**
 * Runs the loop on a host that has loaded its model; where the leak rule finds a channel rising, twice as many iterations
 * more in the same process; and judges every channel. Never throws for what happens to the host.
 */
export async function runCheckedLoop(
  host: LoopHost,
  settings: ProfileSettings,
  options: LoopOptions,
): Promise<CheckedRun> {
  const { model, onStep } = options;
  const endedEarly = ({ outcome: { status }, error }: LoopResult): void => {
    if (status !== 'complete') {
      // The document says so too, but without the error's hint and cause.
      onStep?.({ kind: 'trouble', what: `${model} ended early.`, error: toErrorRecord(error) }, error);
    }
  };
  const loop = await runLoop(host, settings, options);
  endedEarly(loop);
  const { iterations, outcome, cacheLimitBytes } = loop;
  const limit = cacheLimitBytes === undefined ? {} : { cacheLimitBytes };
  const { keepCache = false } = settings;
  const first = {
    iterations,
    iterationsAsked: settings.iterations,
    keepCache,
    cacheLimitAsked: settings.cacheLimitBytes !== undefined,
    ...limit,
  };
  const channels = channelsToConfirm(first);
  if (channels.length === 0) {
    return { iterations, leaks: judgeRun(first), ...limit, outcome };
  }
  const length = confirmationLength(settings.iterations, settings.texts?.length);
  onStep?.({ kind: 'confirming', channels, iterations: length });
  const from = settings.warmupIterations + settings.iterations;
  const second = await runLoop(host, settings, options, { from, to: from + length });
  endedEarly(second);
  const { iterations: confirmation } = second;
  const leaks = await withSites(judgeRun({ ...first, confirmation }), host, options);
  return { iterations, confirmation, leaks, ...limit, outcome: second.outcome };
}

/** The verdicts, that on a leaking Python heap with the lines that grew. A host that has ended has none. */
async function withSites(
  leaks: readonly ChannelVerdict[],
  host: LoopHost,
  { signal }: LoopOptions,
): Promise<readonly ChannelVerdict[]> {
  const isIn = ({ channel, status }: ChannelVerdict): boolean =>
    channel === pythonHeapChannel && status === 'leak';
  if (!leaks.some(isIn)) {
    return leaks;
  }
  const sites = await host.heapSites?.({}, { signal }).catch(() => undefined);
  return sites === undefined ? leaks : leaks.map((each) => (isIn(each) ? { ...each, sites } : each));
}
