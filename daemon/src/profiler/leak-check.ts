/** The loop with its leak verdicts: a first run, a second look where a channel rises, and what both say. */

import { channelsToConfirm, judgeRun } from '@tidemark/shared/analysis/leak-run.ts';
import { leakRule } from '@tidemark/shared/analysis/leak-rule.ts';
import type { ChannelVerdict, LeakChannel } from '@tidemark/shared/protocol/leak-verdicts.ts';
import type {
  IterationSample,
  Outcome,
  ProfileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import type { ModelHost } from '../host/model-host.ts';
import { continueLoop, runLoop } from './loop.ts';

export type LoopEvent =
  | { readonly kind: 'iteration'; readonly sample: IterationSample }
  /** A confirmation run begins, since these channels rise. */
  | { readonly kind: 'confirming'; readonly channels: readonly LeakChannel[]; readonly iterations: number }
  /** One of its iterations, with its place in it from 1. */
  | { readonly kind: 'confirmation'; readonly sample: IterationSample; readonly place: number }
  /** The loop ended before its last iteration; the document says so too, but without the error's hint and cause. */
  | { readonly kind: 'ended-early'; readonly error: unknown };

export interface LeakCheckOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: LoopEvent) => void) | undefined;
}

export interface CheckedRun {
  readonly iterations: readonly IterationSample[];
  readonly confirmation?: readonly IterationSample[];
  readonly leaks: readonly ChannelVerdict[];
  /** Of both runs: a confirmation run that ends early leaves the first one's samples and verdicts as they are. */
  readonly outcome: Outcome;
}

/**
 * Runs the loop on a host that has loaded its model; where the leak rule finds a channel rising, twice as many iterations
 * more in the same process; and judges every channel. Never throws for what happens to the host.
 */
export async function runCheckedLoop(
  host: Pick<ModelHost, 'iterate'>,
  settings: ProfileSettings,
  { signal, onEvent }: LeakCheckOptions = {},
): Promise<CheckedRun> {
  const { iterations, outcome, error } = await runLoop(host, settings, {
    signal,
    onSample: (sample) => onEvent?.({ kind: 'iteration', sample }),
  });
  if (outcome.status !== 'complete') {
    onEvent?.({ kind: 'ended-early', error });
  }
  const first = { iterations, iterationsAsked: settings.iterations };
  const channels = channelsToConfirm(first);
  if (channels.length === 0) {
    return { iterations, leaks: judgeRun(first), outcome };
  }
  const length = leakRule.confirmationFactor * settings.iterations;
  onEvent?.({ kind: 'confirming', channels, iterations: length });
  const second = await continueLoop(host, settings, length, {
    signal,
    onSample: (sample) => {
      const place = sample.index + 1 - settings.warmupIterations - settings.iterations;
      onEvent?.({ kind: 'confirmation', sample, place });
    },
  });
  if (second.outcome.status !== 'complete') {
    onEvent?.({ kind: 'ended-early', error: second.error });
  }
  const { iterations: confirmation } = second;
  return { iterations, confirmation, leaks: judgeRun({ ...first, confirmation }), outcome: second.outcome };
}
