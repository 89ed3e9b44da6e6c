/** The loop with its leak verdicts: a first run, a second look where a channel rises, and what both say. */

import { channelsToConfirm, judgeRun } from '@tidemark/shared/analysis/leak-run.ts';
import { leakRule } from '@tidemark/shared/analysis/leak-rule.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { ChannelVerdict } from '@tidemark/shared/protocol/leak-verdicts.ts';
import type {
  IterationSample,
  Outcome,
  ProfileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { ModelHost } from '../host/model-host.ts';
import { continueLoop, iterationStep, runLoop } from './loop.ts';
import type { LoopResult } from './loop.ts';

export interface LeakCheckOptions {
  /** The model's name, for the steps. */
  readonly model: string;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: OnStep | undefined;
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
  { model, signal, onStep }: LeakCheckOptions,
): Promise<CheckedRun> {
  const endedEarly = ({ outcome: { status }, error }: LoopResult): void => {
    if (status !== 'complete') {
      // The document says so too, but without the error's hint and cause.
      onStep?.({ kind: 'trouble', what: `${model} ended early.`, error: toErrorRecord(error) }, error);
    }
  };
  const onSample = (sample: IterationSample): void => onStep?.(iterationStep(sample, model, settings));
  const loop = await runLoop(host, settings, { signal, onSample });
  endedEarly(loop);
  const { iterations, outcome } = loop;
  const first = { iterations, iterationsAsked: settings.iterations };
  const channels = channelsToConfirm(first);
  if (channels.length === 0) {
    return { iterations, leaks: judgeRun(first), outcome };
  }
  const length = leakRule.confirmationFactor * settings.iterations;
  onStep?.({ kind: 'confirming', channels, iterations: length });
  const second = await continueLoop(host, settings, length, { signal, onSample });
  endedEarly(second);
  const { iterations: confirmation } = second;
  return { iterations, confirmation, leaks: judgeRun({ ...first, confirmation }), outcome: second.outcome };
}
