/** Shows the steps of a run as they come, whether it is measured in this process or by the daemon. */

import type { OnStep, RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import { fromErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { Context } from '../command.ts';
import { loadNote } from '../progress.ts';
import { stepWords } from '../reports/run-words.ts';

type LoopSettings = Pick<ProfileSettings, 'iterations' | 'warmupIterations'>;

/** Shows the steps of one profile, whose lines begin with `title`. */
export function showLoop(context: Context, title: string, settings: LoopSettings): OnStep {
  const show = showSteps(context, title, settings);
  return (step, error) => {
    if (step.kind === 'trouble') {
      context.progress.end();
      showTrouble(context, error ?? fromErrorRecord(step.error));
    } else {
      show(step);
    }
  };
}

/** Shows the steps of a study: those of each model's loop, then its interventions. */
export function showStudy(context: Context, settings: LoopSettings): OnStep {
  const { progress } = context;
  let show = showSteps(context, '', settings);
  let intervenes = false;
  return (step, error) => {
    switch (step.kind) {
      case 'model':
        if (intervenes) {
          // The next engine of a study by several.
          intervenes = false;
          progress.end();
        }
        show = showSteps(context, `${inEngine(step)}${step.model} (${step.place} of ${step.of})`, settings);
        break;
      case 'intervention':
        intervenes = true;
        if (step.name === undefined) {
          progress.begin({ title: `${inEngine(step)}Interventions`, total: step.of });
        } else {
          progress.advance(step.place, step.name);
        }
        break;
      case 'trouble':
        // The bar of a loop has come to its end; that of the interventions goes on.
        if (!intervenes) {
          progress.end();
        }
        showTrouble(context, error ?? fromErrorRecord(step.error), step.what);
        break;
      case 'queued':
      case 'preparing':
      case 'loading':
      case 'loaded':
      case 'iteration':
      case 'confirming':
      case 'attributing':
      case 'ended':
        show(step);
        break;
    }
  };
}

const inEngine = ({ engine }: { readonly engine?: EngineName }): string =>
  engine === undefined ? '' : `${engine}: `;

function showTrouble({ progress, report, signal }: Context, error: unknown, what?: string): void {
  // That the person stopped it is said already.
  if (signal.aborted) {
    return;
  }
  if (what !== undefined) {
    progress.note(what);
  }
  report(error);
}

/** The preparation and the loop of one model. */
function showSteps(
  { progress }: Context,
  title: string,
  { iterations, warmupIterations }: LoopSettings,
): (step: RunStep) => void {
  const prepare = showPreparation(progress);
  return (step) => {
    prepare(step);
    switch (step.kind) {
      case 'loaded':
        progress.note(loadNote(title, step.load));
        progress.begin({ title, total: warmupIterations + iterations });
        break;
      case 'iteration': {
        const { phase, place, of } = step;
        progress.advance(phase === 'measured' ? warmupIterations + place : place, stepWords(step));
        if (place === of && phase !== 'warm-up') {
          progress.end();
        }
        break;
      }
      case 'confirming':
        progress.note(`${title}: ${stepWords(step)}`);
        progress.begin({ title, total: step.iterations });
        break;
      case 'attributing':
        progress.note(`${title}: ${stepWords(step)}`);
        break;
      case 'queued':
      case 'preparing':
      case 'model':
      case 'loading':
      case 'intervention':
      case 'trouble':
      case 'ended':
        break;
    }
  };
}

/** What the daemon says before a loop begins; models that this process makes or fetches have bars of their own. */
function showPreparation(progress: Context['progress']): (step: RunStep) => void {
  let message: string | undefined;
  return (step) => {
    if (step.kind === 'queued' && step.ahead > 0) {
      progress.note(
        `Waiting for ${step.ahead === 1 ? 'another run' : `${step.ahead} other runs`} to finish.`,
      );
    }
    const next = step.kind === 'preparing' ? step : undefined;
    if (next?.fraction !== undefined) {
      if (next.message !== message) {
        progress.begin({ title: next.message, total: 100, lineShare: 0.1 });
      }
      const percent = Math.floor(next.fraction * 100);
      progress.advance(percent, `${percent}%`);
    } else if (message !== undefined) {
      progress.end();
    }
    if (next !== undefined && next.fraction === undefined && next.message !== message) {
      progress.note(next.message);
    }
    message = next?.message;
  };
}
