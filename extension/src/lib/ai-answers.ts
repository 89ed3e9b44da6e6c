/** What an AI tool answers: what the daemon knows in sentences, figures as they are shown, with their moment; or why there is no answer. */

import type { DaemonClient } from '@tidemark/client/client/daemon-client';
import { formatDateTime } from '@tidemark/client/format/dates';
import { counted } from '@tidemark/client/format/numbers';
import type { Alert } from '@tidemark/client/protocol/daemon/schedule';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import type { DaemonStatus } from '@tidemark/client/protocol/daemon/status';
import { withClient } from './connection.ts';
import { preferences } from './preferences.ts';
import { toTrouble, troubleText, troubleTitles } from './trouble.ts';
import { hostWord } from './daemon-state.ts';
import { amount } from './memory-words.ts';
import type { MemoryUnit } from './preferences.ts';
import { ago, alertNames, endSentence, runLook, runMoment, runTitle } from './run-words.ts';

/** Never throws: a language model does better with a sentence than with an error. */
export async function answer(
  ask: (client: DaemonClient) => Promise<(options: WordsOptions) => string>,
): Promise<string> {
  try {
    const say = await withClient(ask);
    return say({ unit: preferences().unit, now: new Date() });
  } catch (error) {
    const trouble = toTrouble(error);
    return `${troubleTitles[trouble.kind]}. ${troubleText(trouble)}`;
  }
}

interface WordsOptions {
  readonly unit: MemoryUnit;
  readonly now: Date;
}

export function lastCheckText(
  { lastCheck, schedules }: DaemonStatus,
  run: RunRecord | undefined,
  alerts: readonly Alert[],
  options: WordsOptions,
): string {
  const { now } = options;
  return sentences([
    lastCheck === undefined
      ? 'No leak check has run yet: a check is a scheduled profile, or one that is long enough to tell.'
      : `The last leak check was of ${lastCheck.model}, ${ago(lastCheck.at, now)} (${formatDateTime(new Date(lastCheck.at))}).`,
    run === undefined ? undefined : runText(run, options),
    lastCheck?.leak === 'inconclusive'
      ? 'Inconclusive means that the check could not tell, not that there is no leak.'
      : undefined,
    alerts.length === 0 ? 'No alert is open.' : undefined,
    ...alerts.map(
      (alert) =>
        `Alert ${alert.id} (${alert.state}): ${alertNames[alert.kind]} in ${alert.model}, schedule “${alert.scheduleName}”, raised ${ago(alert.raisedAt, now)}. ${alert.reason} ${alert.hint}`,
    ),
    nextText(schedules, now),
  ]);
}

export function memoryText(status: DaemonStatus, { unit, now }: WordsOptions): string {
  const { host, current, queued, schedules } = status;
  const { memory } = host;
  return sentences([
    host.model === undefined
      ? 'No model is loaded, so no model memory is in use.'
      : `${host.model} is loaded${host.engine === undefined ? '' : ` in ${host.engine}`} with the voice ${host.voice ?? 'unknown'}. Model host: ${hostWord(status)}.`,
    memory === undefined
      ? undefined
      : `As of ${ago(memory.asOf, now)}: active ${amount(memory.activeBytes, unit)}, peak of the last iteration ${amount(memory.peakBytes, unit)}, cache ${amount(memory.cacheBytes, unit)}, process footprint ${amount(memory.footprintBytes, unit)}.`,
    host.unloadsAt === undefined ? undefined : `It unloads ${ago(host.unloadsAt, now)} if it stays idle.`,
    host.lastDeath === undefined
      ? undefined
      : `The model host crashed ${ago(host.lastDeath.at, now)}: ${host.lastDeath.reason}`,
    current === undefined
      ? 'Nothing is running.'
      : `Run ${current.record.id} (${runTitle(current.record)}) is running` +
        `${current.progress === undefined ? '' : `, ${current.progress.done} of ${counted(current.progress.total, 'iteration')} done`}; queued runs: ${queued.length}.`,
    nextText(schedules, now),
  ]);
}

export function runsText(runs: readonly RunRecord[], total: number, options: WordsOptions): string {
  return runs.length === 0
    ? 'There are no matching runs.'
    : [
        `The newest ${runs.length} of ${counted(total, 'run')}:`,
        ...runs.map((run) => `- ${runText(run, options)}`),
      ].join('\n');
}

function runText(run: RunRecord, { unit, now }: WordsOptions): string {
  const { figures, finding, id } = run;
  const memory =
    figures === undefined
      ? ''
      : ` Active ${amount(figures.activeBytes, unit)}, median peak ${amount(figures.peakBytes, unit)}, ` +
        `highest peak ${amount(figures.maximumPeakBytes, unit)}, footprint ${amount(figures.footprintBytes, unit)}.`;
  const end = endSentence(run);
  return (
    `Run ${id}, ${runTitle(run)}, ${ago(runMoment(run), now)}: ${runLook(run).word}.${memory}` +
    `${finding === undefined ? '' : ` ${finding}`}${end === '' ? '' : ` ${end}`}`
  );
}

function nextText({ next, paused, count }: DaemonStatus['schedules'], now: Date): string {
  if (next !== undefined) {
    return `The next check is “${next.name}”, due ${ago(next.at, now)}.`;
  }
  return paused ? 'All schedules are paused.' : count === 0 ? 'No check is scheduled.' : 'No check is due.';
}

const sentences = (parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join('\n');
