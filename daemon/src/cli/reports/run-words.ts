/** Runs and their steps in words, as the commands around the daemon say them. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { askedWhere } from '@tidemark/shared/format/client-words.ts';
import { formatDateTime, formatRelative } from '@tidemark/shared/format/dates.ts';
import { channelNames } from '@tidemark/shared/format/leak-channels.ts';
import { counted, formatDuration, formatList } from '@tidemark/shared/format/numbers.ts';
import { shortModel } from '@tidemark/shared/format/work-words.ts';
import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { RunRecord, RunState, UnreadableRow } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { LeakStatus } from '@tidemark/shared/protocol/leak-verdicts.ts';
import type { AgreementStatus, VerdictStatus } from '@tidemark/shared/protocol/study-document.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import { inMb } from './layout.ts';

export const stateWord = (state: RunState): string => (state === 'cancelled' ? 'canceled' : state);

/** What was found of a leak or a hypothesis: `no leak`, `not tested`; a leak stands out. */
export const verdictWord = (status: LeakStatus | VerdictStatus): string =>
  status === 'leak' ? 'LEAK' : status.replaceAll('-', ' ');

/** `agree`, `cannot be told`. */
export const agreementWord = (status: AgreementStatus): string => status.replaceAll('-', ' ');

/** Below a list: rows that are not in it because they cannot be read, each with the command that removes it. */
export const unreadableLines = (
  rows: readonly UnreadableRow[] | undefined,
  named: (id: number) => readonly [what: string, command: string],
): string[] =>
  rows === undefined || rows.length === 0
    ? []
    : [
        '',
        ...rows.map(({ id, reason }) => {
          const [what, command] = named(id);
          const clause = reason.charAt(0).toLowerCase() + reason.slice(1).replace(/\.$/u, '');
          return `${what} cannot be read: ${clause}. Remove it with \`${command}\`.`;
        }),
      ];

/** `watched my_script.py`, `profile of bf16`, `profile of bf16 in mlx-audio`, `check “nightly” of bf16`, `study of bf16, 4bit-fp32 and 3 more`. */
export function runTitle({
  kind,
  models,
  trigger,
  workload: { engine } = {},
}: Pick<RunRecord, 'kind' | 'models' | 'trigger' | 'workload'>): string {
  if (kind === 'watch') {
    return `watched ${modelWords(models)}`;
  }
  const what = trigger.kind === 'schedule' ? `check “${trigger.scheduleName}”` : kind;
  const place = engine === undefined || engine === 'tidemark' ? '' : ` in ${engine}`;
  return `${what} of ${modelWords(models)}${place}`;
}

export function modelWords(models: readonly string[]): string {
  const [first = '', second, ...more] = models.map(shortModel);
  if (second === undefined) {
    return first;
  }
  return more.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${more.length} more`;
}

/** Who requested it. */
export function triggerWords({ trigger }: RunRecord): string {
  switch (trigger.kind) {
    case 'request':
      return `requested ${askedWhere(trigger.client)}`;
    case 'schedule':
      return `scheduled by “${trigger.scheduleName}” (${trigger.scheduleId})`;
    case 'import':
      return 'imported';
  }
}

/** When it started, or else was queued. */
export const startOf = ({ startedAt, queuedAt }: Pick<RunRecord, 'startedAt' | 'queuedAt'>): Date =>
  new Date(startedAt ?? queuedAt);

/** A moment as both: `24 Nov 2025, 11:07 (3 minutes ago)`. */
export const momentWords = (moment: string | Date, now: Date): string =>
  `${formatDateTime(new Date(moment))} (${formatRelative(new Date(moment), now)})`;

/** What a run is doing, or how it ended. */
export function stepWords(step: RunStep): string {
  switch (step.kind) {
    case 'queued':
      return step.ahead === 0 ? 'queued, next to run' : `queued behind ${counted(step.ahead, 'run')}`;
    case 'preparing':
      return step.fraction === undefined
        ? step.message
        : `${step.message.replace(/\.$/, '')} (${Math.floor(step.fraction * 100)}%)`;
    case 'model':
      return `${engineWords(step)}model ${step.place} of ${step.of}: ${shortModel(step.model)}`;
    case 'loading':
      return `loading ${shortModel(step.model)}`;
    case 'loaded':
      return (
        `${shortModel(step.model)} loaded in ${formatDuration(step.load.seconds)}, ` +
        `${formatBytes(step.load.activeBytes)} active`
      );
    case 'iteration':
      return (
        `${phaseWords[step.phase]} ${step.place} of ${step.of}: active ${inMb(step.sample.activeBytes)}, ` +
        `peak ${inMb(step.sample.peakBytes)}, ${formatDuration(step.sample.seconds)}`
      );
    case 'confirming':
      return `growing: ${formatList(step.channels.map((channel) => channelNames[channel]))}; measuring ${step.iterations} more iterations to confirm`;
    case 'attributing':
      return 'measuring each part';
    case 'intervention':
      return `${engineWords(step)}intervention ${step.place} of ${step.of}${step.name === undefined ? '' : `: ${step.name}`}`;
    case 'trouble':
      return `${step.what} ${step.error.message}`;
    case 'ended':
      return endWords(step.record);
  }
}

/** In a study by several engines, which one is at work. */
const engineWords = ({ engine }: { readonly engine?: EngineName }): string =>
  engine === undefined ? '' : `${engine}, `;

const phaseWords = { 'warm-up': 'warm-up', measured: 'iteration', confirmation: 'confirmation' } as const;

/** `complete in 31.2 s: no leak`, `interrupted: the host was ended by SIGKILL`. */
export function endWords({ state, seconds, finding, reason, error }: RunRecord): string {
  const why = state === 'complete' ? finding : (reason ?? error?.message);
  const duration =
    seconds === undefined ? '' : ` ${state === 'complete' ? 'in' : 'after'} ${formatDuration(seconds)}`;
  return `${stateWord(state)}${duration}${why === undefined ? '' : `: ${why}`}`;
}
