/** What a run is and came to, in a word, a shape and a color each. */

import { Color, Icon } from '@raycast/api';
import { formatRelative } from '@tidemark/client/format/dates';
import { counted, formatList } from '@tidemark/client/format/numbers';
import type { AlertKind } from '@tidemark/client/protocol/daemon/schedule';
import type { LeakSummary, RunRecord, RunState } from '@tidemark/client/protocol/daemon/run-record';
import type { RunView } from './follow-run.ts';
import { amount, shortAmount } from './memory-words.ts';
import type { MemoryUnit } from './preferences.ts';

export interface Look {
  readonly word: string;
  readonly icon: Icon;
  readonly color: Color;
}

export const leakLooks: Readonly<Record<LeakSummary, Look>> = {
  leak: { word: 'Leak', icon: Icon.Droplets, color: Color.Red },
  'no-leak': { word: 'No Leak', icon: Icon.CheckCircle, color: Color.Green },
  inconclusive: { word: 'Inconclusive', icon: Icon.QuestionMarkCircle, color: Color.Yellow },
};

export const stateLooks: Readonly<Record<RunState, Look>> = {
  queued: { word: 'Queued', icon: Icon.Clock, color: Color.SecondaryText },
  running: { word: 'Running', icon: Icon.CircleProgress50, color: Color.Blue },
  complete: { word: 'Complete', icon: Icon.CheckCircle, color: Color.SecondaryText },
  cancelled: { word: 'Canceled', icon: Icon.MinusCircle, color: Color.SecondaryText },
  interrupted: { word: 'Interrupted', icon: Icon.BoltDisabled, color: Color.Orange },
  failed: { word: 'Failed', icon: Icon.XMarkCircle, color: Color.Red },
};

export const alertNames: Readonly<Record<AlertKind, string>> = {
  leak: 'Leak',
  'slow-leak': 'Slow Leak',
  active: 'Active Memory Above Baseline',
  peak: 'Peak Above Baseline',
  seconds: 'Slower Than Baseline',
  failure: 'Failing Checks',
};

/** Its verdict where it has one, otherwise how far it came. */
export const runLook = ({ state, leak }: RunRecord): Look =>
  state === 'complete' && leak !== undefined ? leakLooks[leak] : stateLooks[state];

/** A profile's model, what a study compares, or a watched program's name, with the engine where it is not Tidemark's. */
export const runTitle = (run: RunRecord): string =>
  [
    run.kind === 'study'
      ? `Study of ${counted(run.models.length, 'model')}`
      : (run.models[0] ?? 'Unknown model'),
    engineOf(run) ?? [],
  ]
    .flat()
    .join(' · ');

/** Undefined for Tidemark's own, and for a watched program; all of a study by several. */
export const engineOf = ({ workload: { engine, engines = [] } = {} }: RunRecord): string | undefined =>
  engines.length > 0 ? formatList(engines) : engine === 'tidemark' ? undefined : engine;

/** The moment by which a list puts it in order. */
export const runMoment = ({ endedAt, startedAt, queuedAt }: RunRecord): string =>
  endedAt ?? startedAt ?? queuedAt;

/** Who asked for it. */
export function triggerWord({ trigger }: RunRecord): string {
  switch (trigger.kind) {
    case 'schedule':
      return `Schedule “${trigger.scheduleName}”`;
    case 'import':
      return 'Import';
    case 'request':
      return trigger.client === 'raycast'
        ? 'Raycast'
        : trigger.client === 'cli'
          ? 'Terminal'
          : trigger.client;
  }
}

/** `3 minutes ago`, from an ISO moment. */
export const ago = (moment: string, now: Date): string => formatRelative(new Date(moment), now);

/** `12 of 18 iterations`. */
export const samplesPhrase = ({ samplesTaken, iterations, warmupIterations, kind }: RunRecord): string =>
  kind !== 'profile'
    ? counted(samplesTaken, 'iteration')
    : `${samplesTaken} of ${counted(iterations + warmupIterations, 'iteration')}`;

/** A line about a run that did not come to its end; empty for one that did. */
export function endSentence(run: RunRecord): string {
  const { state, reason, signal, error } = run;
  switch (state) {
    case 'queued':
    case 'running':
    case 'complete':
      return '';
    case 'cancelled':
    case 'interrupted':
    case 'failed': {
      const why = error?.message ?? reason ?? '';
      const by = signal === undefined || why.includes(signal) ? '' : ` (${signal})`;
      return `${stateLooks[state].word} after ${samplesPhrase(run)}${why === '' ? '.' : `: ${why}${by}`}`;
    }
  }
}

/** `Iteration 3 of 15 · active 164 MB · peak 666 MB`. */
export function progressMessage({ phrase, samples }: RunView, unit: MemoryUnit): string {
  const last = samples.at(-1);
  return last === undefined
    ? phrase
    : `${phrase} · active ${shortAmount(last.activeBytes, unit)} · peak ${shortAmount(last.peakBytes, unit)}`;
}

/** `bf16: active 163.5 MB, peak 666.0 MB. No Leak.` */
export function resultSentence(run: RunRecord, unit: MemoryUnit): string {
  const { figures, leak } = run;
  const end = endSentence(run);
  if (figures === undefined) {
    return `${runTitle(run)}: ${end === '' ? `${stateLooks[run.state].word.toLowerCase()}.` : end}`;
  }
  const said = `${runTitle(run)}: active ${amount(figures.activeBytes, unit)}, peak ${amount(figures.peakBytes, unit)}.`;
  return end !== '' ? `${said} ${end}` : leak === undefined ? said : `${said} ${leakLooks[leak].word}.`;
}
