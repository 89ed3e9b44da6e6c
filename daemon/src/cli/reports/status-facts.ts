/** What a daemon's status says, as labelled lines: for `status`, and for the live view of `watch`. */

import { styleText } from 'node:util';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatRelative } from '@tidemark/shared/format/dates.ts';
import { formatCount, formatDuration } from '@tidemark/shared/format/numbers.ts';
import type { Fact } from '@tidemark/shared/format/wrap.ts';
import type { DaemonStatus, HostStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import {
  doneWords,
  leakWords,
  momentWords,
  progressBar,
  runTitle,
  shortModel,
  stepWords,
} from './run-words.ts';

const stream = process.stdout;
const red = (line: string): string => styleText('red', line, { stream });
const yellow = (line: string): string => styleText('yellow', line, { stream });

const hostWords: Readonly<Record<HostStatus['state'], string>> = {
  none: 'none runs, and no memory is held',
  starting: 'starting',
  loading: 'loading',
  idle: 'idle',
  busy: 'busy',
  ending: 'ending',
  'backing-off': 'died, and is started again after a pause',
};

export const daemonFact = ({ daemon }: DaemonStatus, now: Date): Fact => ({
  label: 'Daemon',
  lines: [
    `version ${daemon.version}, process ${daemon.pid}, ${formatBytes(daemon.residentBytes)} resident, since ` +
      momentWords(daemon.startedAt, now),
  ],
});

export const placesFact = ({ daemon }: DaemonStatus): Fact => ({
  label: 'Data',
  lines: [daemon.dataFolder, ...(daemon.logFile === undefined ? [] : [`log: ${daemon.logFile}`])],
});

export function hostFact({ host }: DaemonStatus, now: Date): Fact {
  const { state, model, voice, unloadsAt, loadedAt, lastDeath, deaths, pid } = host;
  const subject =
    model === undefined ? '' : `${shortModel(model)}${voice === undefined ? '' : ` with ${voice}`}, `;
  const details = [
    `${subject}${hostWords[state]}`,
    ...(pid === undefined ? [] : [`process ${pid}`]),
    ...(loadedAt === undefined ? [] : [`loaded ${formatRelative(new Date(loadedAt), now)}`]),
    ...(unloadsAt === undefined ? [] : [`unloads ${soon(unloadsAt, now)}`]),
  ];
  const death =
    lastDeath === undefined
      ? []
      : [
          `Died by itself ${deaths === 1 ? 'once' : `${formatCount(deaths)} times`}, last ` +
            `${formatRelative(new Date(lastDeath.at), now)}: ${lastDeath.reason}`,
        ];
  return {
    label: 'Host',
    lines: [details.join(', '), ...death],
    style: state === 'backing-off' ? red : undefined,
  };
}

/** A moment that may just have passed, since the status is some milliseconds old. */
const soon = (moment: string, now: Date): string =>
  new Date(moment) <= now ? 'now' : formatRelative(new Date(moment), now);

export function memoryFact({ host: { memory } }: DaemonStatus, now: Date): Fact {
  if (memory === undefined) {
    return { label: 'Memory', lines: [] };
  }
  const inMb = (bytes: number): string => formatBytes(bytes, { unit: 'MB' });
  const { asOf, context, activeBytes, peakBytes, cacheBytes, footprintBytes } = memory;
  return {
    label: 'Memory',
    lines: [
      `active ${inMb(activeBytes)}, peak ${inMb(peakBytes)}, cache ${inMb(cacheBytes)}, footprint ${inMb(footprintBytes)}`,
      `as of ${formatRelative(new Date(asOf), now)}, ${context === 'idle' ? 'with nothing running' : 'after an iteration'}`,
    ],
  };
}

export function runFact({ current }: DaemonStatus, now: Date): Fact {
  if (current === undefined) {
    return { label: 'Run', lines: ['none'] };
  }
  const { record, progress } = current;
  const began = `began ${formatRelative(new Date(record.startedAt ?? record.queuedAt), now)}`;
  return {
    label: 'Run',
    lines: [
      `#${record.id}, ${runTitle(record)}, ${began}`,
      ...(progress === undefined
        ? []
        : [`${progressBar(progress, 20)} ${doneWords(progress)}`, stepWords(progress.step)]),
    ],
  };
}

export const queueFact = ({ queued }: DaemonStatus): Fact => ({
  label: 'Queue',
  lines: queued.map((record) => `#${record.id}, ${runTitle(record)}`),
});

export function scheduleFact({ schedules: { count, paused, next } }: DaemonStatus, now: Date): Fact {
  const label = 'Next check';
  if (count === 0) {
    return { label, lines: ['none scheduled: `tidemark schedule add` sets one up'] };
  }
  if (paused) {
    return { label, lines: ['all schedules are paused: `tidemark schedule resume`'], style: yellow };
  }
  return next === undefined
    ? { label, lines: ['every schedule is paused: `tidemark schedule` lists them'], style: yellow }
    : { label, lines: [`“${next.name}” ${momentWords(next.at, now)}`] };
}

export function alertsFact({ alerts: { open, acknowledged, latest } }: DaemonStatus, now: Date): Fact {
  const counts = `${open === 0 ? 'none' : formatCount(open)} open${acknowledged === 0 ? '' : `, ${formatCount(acknowledged)} acknowledged`}`;
  return {
    label: 'Alerts',
    lines: [
      counts,
      ...(latest === undefined || latest.state === 'resolved'
        ? []
        : [
            `#${latest.id}, ${formatRelative(new Date(latest.raisedAt), now)}, “${latest.scheduleName}”: ${latest.reason}`,
          ]),
    ],
    style: open > 0 ? red : undefined,
  };
}

export function lastCheckFact({ lastCheck }: DaemonStatus, now: Date): Fact {
  if (lastCheck === undefined) {
    return { label: 'Last check', lines: [] };
  }
  const { runId, at, model, leak, finding } = lastCheck;
  return {
    label: 'Last check',
    lines: [
      `#${runId}, ${shortModel(model)}, ${formatRelative(new Date(at), now)}${leak === undefined ? '' : `: ${leakWords[leak]}`}`,
      ...(finding === undefined ? [] : [finding]),
    ],
    style: leak === 'leak' ? red : undefined,
  };
}

export const noticesFact = ({ notices }: DaemonStatus, now: Date): Fact => ({
  label: 'Notices',
  lines: notices.map(
    ({ at, message, hint }) =>
      `${message}${hint === undefined ? '' : ` ${hint}`} (${formatRelative(new Date(at), now)})`,
  ),
  style: yellow,
});

/** How long it has been up, for a line of its own. */
export const uptimeWords = ({ daemon: { uptimeSeconds } }: DaemonStatus): string =>
  formatDuration(Math.floor(uptimeSeconds));
