/** Shows the progress of a run that the daemon does as that of one in this process is shown. */

import { channelNames } from '@tidemark/shared/format/leak-channels.ts';
import type { RunProgress, RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { leakChannels } from '@tidemark/shared/protocol/leak-verdicts.ts';
import { fromErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { ProfileEvent } from '../../profiler/profile.ts';
import type { StudyEvent } from '../../profiler/study.ts';
import type { Context } from '../command.ts';

/** What the study's and the profile's listeners of local runs take, where a step is one of theirs. */
function profileEventOf(step: RunStep): ProfileEvent | undefined {
  switch (step.kind) {
    case 'loaded':
      return { kind: 'loaded', load: step.load };
    case 'iteration':
      return step.phase === 'confirmation'
        ? { kind: 'confirmation', sample: step.sample, place: step.place }
        : { kind: 'iteration', sample: step.sample };
    case 'confirming':
      return {
        kind: 'confirming',
        channels: leakChannels.filter((channel) => step.channels.includes(channelNames[channel])),
        iterations: step.iterations,
      };
    case 'attributing':
      return { kind: 'attributing' };
    case 'queued':
    case 'preparing':
    case 'model':
    case 'loading':
    case 'intervention':
    case 'trouble':
    case 'ended':
      return undefined;
  }
}

/** For the steps that come before a loop, and those that a local run has no event for. */
function showPreparation({ progress }: Pick<Context, 'progress'>): (step: RunStep) => void {
  let message: string | undefined;
  return (step) => {
    if (step.kind === 'preparing' && step.fraction !== undefined) {
      if (step.message !== message) {
        progress.begin({ title: step.message, total: 100, lineShare: 0.1 });
      }
      const percent = Math.floor(step.fraction * 100);
      progress.advance(percent, `${percent}%`);
    } else if (message !== undefined) {
      progress.end();
    }
    if (step.kind === 'preparing' && step.fraction === undefined && step.message !== message) {
      progress.note(step.message);
    }
    if (step.kind === 'queued' && step.ahead > 0) {
      progress.note(
        step.ahead === 1 ? 'Waiting for another run to end.' : `Waiting for ${step.ahead} other runs to end.`,
      );
    }
    message = step.kind === 'preparing' ? step.message : undefined;
  };
}

/** A listener for a profile's steps, over the one that shows a local run. */
export function showRemoteProfile(
  context: Context,
  show: (event: ProfileEvent) => void,
): (progress: RunProgress) => void {
  const prepare = showPreparation(context);
  return ({ step }) => {
    prepare(step);
    if (step.kind === 'trouble') {
      show({ kind: 'ended-early', error: fromErrorRecord(step.error) });
      return;
    }
    const event = profileEventOf(step);
    if (event !== undefined) {
      show(event);
    }
  };
}

/** The same for a study. */
export function showRemoteStudy(
  context: Context,
  show: (event: StudyEvent) => void,
): (progress: RunProgress) => void {
  const prepare = showPreparation(context);
  const { progress, report, signal } = context;
  return ({ step }) => {
    prepare(step);
    switch (step.kind) {
      case 'model':
        show({ kind: 'model-began', model: step.model, place: step.place, of: step.of });
        break;
      case 'intervention':
        show(
          step.place === 0
            ? { kind: 'arms-began', of: step.of }
            : { kind: 'arm-ended', name: step.name ?? '', place: step.place },
        );
        break;
      case 'trouble':
        // That the person stopped it is said already.
        if (!signal.aborted) {
          progress.end();
          progress.note(step.what);
          report(fromErrorRecord(step.error));
        }
        break;
      case 'queued':
      case 'preparing':
      case 'loading':
      case 'loaded':
      case 'iteration':
      case 'confirming':
      case 'attributing':
      case 'ended': {
        const event = profileEventOf(step);
        if (event !== undefined) {
          show(event);
        }
        break;
      }
    }
  };
}
