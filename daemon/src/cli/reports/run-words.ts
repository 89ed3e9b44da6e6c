/** Runs and their steps in words, as the commands around the daemon say them. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatDateTime, formatRelative } from '@tidemark/shared/format/dates.ts';
import { channelNames } from '@tidemark/shared/format/leak-channels.ts';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import type { RunProgress, RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { LeakSummary, RunRecord, RunState } from '@tidemark/shared/protocol/daemon/run-record.ts';

export const stateWords: Readonly<Record<RunState, string>> = {
  queued: 'queued',
  running: 'running',
  complete: 'complete',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
  failed: 'failed',
};

export const leakWords: Readonly<Record<LeakSummary, string>> = {
  leak: 'LEAK',
  'no-leak': 'no leak',
  inconclusive: 'inconclusive',
};

/** `profile of bf16`, `check “nightly” of bf16`, `study of bf16, 4bit-fp32 and 3 more`. */
export function runTitle({ kind, models, trigger }: Pick<RunRecord, 'kind' | 'models' | 'trigger'>): string {
  const what = trigger.kind === 'schedule' ? `check “${trigger.scheduleName}”` : kind;
  return `${what} of ${modelWords(models)}`;
}

export function modelWords(models: readonly string[]): string {
  const [first = '', second, ...more] = models.map(shortModel);
  if (second === undefined) {
    return first;
  }
  return more.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${more.length} more`;
}

/** A folder by its own name: its whole path would fill the line. */
export const shortModel = (model: string): string =>
  model.startsWith('/') ? (model.split('/').findLast((part) => part !== '') ?? model) : model;

/** Who asked for it. */
export function triggerWords({ trigger }: RunRecord): string {
  switch (trigger.kind) {
    case 'request':
      return `asked for by ${trigger.client}`;
    case 'schedule':
      return `of the schedule “${trigger.scheduleName}” (${trigger.scheduleId})`;
    case 'import':
      return 'imported';
  }
}

/** When it began, or else was queued. */
export const beganAt = ({ startedAt, queuedAt }: Pick<RunRecord, 'startedAt' | 'queuedAt'>): Date =>
  new Date(startedAt ?? queuedAt);

/** A moment as both: `24 Nov 2025, 11:07 (3 minutes ago)`. */
export const momentWords = (moment: string | Date, now: Date): string =>
  `${formatDateTime(new Date(moment))} (${formatRelative(new Date(moment), now)})`;

/** What a run is at, or what became of it. */
export function stepWords(step: RunStep): string {
  switch (step.kind) {
    case 'queued':
      return step.ahead === 0
        ? 'is next'
        : `waits for ${step.ahead} other ${step.ahead === 1 ? 'run' : 'runs'}`;
    case 'preparing':
      return step.fraction === undefined
        ? step.message
        : `${step.message.replace(/\.$/, '')} (${Math.floor(step.fraction * 100)}%)`;
    case 'model':
      return `goes on to ${shortModel(step.model)}, ${step.place} of ${step.of}`;
    case 'loading':
      return `loads ${shortModel(step.model)}`;
    case 'loaded':
      return (
        `${shortModel(step.model)} loaded in ${formatDuration(step.load.seconds)}, ` +
        `${formatBytes(step.load.activeBytes)} active`
      );
    case 'iteration':
      return (
        `${iterationWords(step)}: active ${formatBytes(step.sample.activeBytes, { unit: 'MB' })}, ` +
        `peak ${formatBytes(step.sample.peakBytes, { unit: 'MB' })}, ${formatDuration(step.sample.seconds)}`
      );
    case 'confirming':
      return confirmingWords(step);
    case 'attributing':
      return 'once more, evaluating at each border';
    case 'intervention':
      return `interventions, ${step.place} of ${step.of}${step.name === undefined ? '' : `: ${step.name}`}`;
    case 'trouble':
      return `${step.what} ${step.error.message}`;
    case 'ended':
      return endWords(step.record);
  }
}

export const confirmingWords = ({
  channels,
  iterations,
}: Pick<Extract<RunStep, { kind: 'confirming' }>, 'channels' | 'iterations'>): string =>
  `rising: ${channels.map((channel) => channelNames[channel]).join(', ')}; ${iterations} more iterations will show whether it goes on`;

const phaseWords = { 'warm-up': 'warm-up', measured: 'iteration', confirmation: 'confirmation' } as const;

export const iterationWords = ({
  phase,
  place,
  of,
}: Pick<Extract<RunStep, { kind: 'iteration' }>, 'phase' | 'place' | 'of'>): string =>
  `${phaseWords[phase]} ${place} of ${of}`;

/** `complete in 31.2 s: no leak`, `interrupted: the host was ended by SIGKILL`. */
export function endWords({ state, seconds, finding, reason, error }: RunRecord): string {
  const why = state === 'complete' ? finding : (reason ?? error?.message);
  const duration =
    seconds === undefined ? '' : ` ${state === 'complete' ? 'in' : 'after'} ${formatDuration(seconds)}`;
  return `${stateWords[state]}${duration}${why === undefined ? '' : `: ${why}`}`;
}

/** `12 of 16 iterations` of all that a run was asked for. */
export const doneWords = ({ done, total }: Pick<RunProgress, 'done' | 'total'>): string =>
  `${done} of ${total} ${total === 1 ? 'iteration' : 'iterations'}`;

/** A bar of `width` columns. */
export function progressBar({ done, total }: Pick<RunProgress, 'done' | 'total'>, width: number): string {
  const filled = total === 0 ? 0 : Math.min(width, Math.round((done / total) * width));
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** Where to find the run again. */
export const keptNote = ({ id }: RunRecord): string =>
  `Run #${id}, kept in the history: \`tidemark show ${id}\` prints it again.`;
