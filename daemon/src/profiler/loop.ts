/** The loop: one loaded model says the same text again and again, and each time its memory is read. */

import { leakRule } from '@tidemark/shared/analysis/leak-rule.ts';
import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type {
  IterationSample,
  Outcome,
  ProfileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { HostDeath } from '../host/host-death.ts';
import type { ModelHost } from '../host/model-host.ts';
import { Interruption } from '../interruption.ts';

export interface LoopOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onSample?: ((sample: IterationSample) => void) | undefined;
}

export interface LoopResult {
  /** As many as were measured, whatever the outcome. */
  readonly iterations: readonly IterationSample[];
  readonly outcome: Outcome;
  /** What ended it early, if anything did. */
  readonly error?: unknown;
}

/** What a person calls an iteration: warm-up and measured ones are counted apart, from 1. */
export function iterationLabel(index: number, warmupIterations: number): string {
  return index < warmupIterations ? `warm-up ${index + 1}` : `iteration ${index - warmupIterations + 1}`;
}

/** A sample as a step: its phase, and its place in that from 1. */
export function iterationStep(
  sample: IterationSample,
  model: string,
  { iterations, warmupIterations }: Pick<ProfileSettings, 'iterations' | 'warmupIterations'>,
): Extract<RunStep, { kind: 'iteration' }> {
  const place = sample.index + 1;
  const confirmations = leakRule.confirmationFactor * iterations;
  const measured = place - warmupIterations;
  const at = sample.warmup
    ? ({ phase: 'warm-up', place, of: warmupIterations } as const)
    : measured <= iterations
      ? ({ phase: 'measured', place: measured, of: iterations } as const)
      : ({ phase: 'confirmation', place: measured - iterations, of: confirmations } as const);
  return { kind: 'iteration', ...at, model, sample };
}

/**
 * Runs the warm-up and the measured iterations on a host that has loaded its model. Never throws for what happens to the
 * host or in it: the samples so far are worth keeping, and the outcome says what ended them.
 */
export function runLoop(
  host: Pick<ModelHost, 'iterate'>,
  settings: ProfileSettings,
  options: LoopOptions = {},
): Promise<LoopResult> {
  const { warmupIterations, iterations } = settings;
  return iterateOver({ from: 0, to: warmupIterations + iterations }, host, settings, options);
}

/** Goes on where {@link runLoop} ended, for so many iterations, which are all measured. */
export function continueLoop(
  host: Pick<ModelHost, 'iterate'>,
  settings: ProfileSettings,
  iterations: number,
  options: LoopOptions = {},
): Promise<LoopResult> {
  const from = settings.warmupIterations + settings.iterations;
  return iterateOver({ from, to: from + iterations }, host, settings, options);
}

async function iterateOver(
  { from, to }: { readonly from: number; readonly to: number },
  host: Pick<ModelHost, 'iterate'>,
  { phonemes, seed, deterministic, speed, warmupIterations }: ProfileSettings,
  { signal, onSample }: LoopOptions,
): Promise<LoopResult> {
  const iterations: IterationSample[] = [];
  try {
    for (let index = from; index < to; index += 1) {
      const sample = await host.iterate(
        { index, warmup: index < warmupIterations, phonemes, seed, deterministic, speed },
        { signal, doing: `in ${iterationLabel(index, warmupIterations)}` },
      );
      iterations.push(sample);
      onSample?.(sample);
    }
    return { iterations, outcome: { status: 'complete' } };
  } catch (error) {
    return { iterations, outcome: outcomeOf(error), error };
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
