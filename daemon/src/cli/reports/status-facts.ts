/** A daemon's status as labeled lines, for `status` and for the live view of `watch`. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatRelative } from '@tidemark/shared/format/dates.ts';
import { counted, formatCount } from '@tidemark/shared/format/numbers.ts';
import type { Fact } from '@tidemark/shared/format/terminal.ts';
import { shortModel } from '@tidemark/shared/format/work-words.ts';
import type { RunProgress } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { DaemonStatus, HostStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { otherVersion } from '../other-version.ts';
import { inMb, styled } from './layout.ts';
import { momentWords, runTitle, startOf, stepWords, verdictWord } from './run-words.ts';

const red = (line: string): string => styled('red', line);
const yellow = (line: string): string => styled('yellow', line);

const hostWords: Readonly<Record<HostStatus['state'], string>> = {
  none: 'not running, no memory in use',
  starting: 'starting',
  loading: 'loading',
  idle: 'idle',
  busy: 'busy',
  ending: 'ending',
  'backing-off': 'crashed, restarting after a pause',
};

function daemonFact({ daemon }: DaemonStatus, now: Date): Fact {
  const other = otherVersion(daemon.version);
  return {
    label: 'Daemon',
    lines: [
      `version ${daemon.version}, process ${daemon.pid}, ${formatBytes(daemon.residentBytes)} resident, since ` +
        momentWords(daemon.startedAt, now),
      ...(other === undefined ? [] : [`${other.message} ${other.hint}`]),
    ],
    style: other === undefined ? undefined : yellow,
  };
}

const placesFact = ({ daemon }: DaemonStatus): Fact => ({
  label: 'Data',
  lines: [daemon.dataFolder, ...(daemon.logFile === undefined ? [] : [`log: ${daemon.logFile}`])],
});

export function hostFact({ host }: DaemonStatus, now: Date): Fact {
  const { state, model, voice, engine, unloadsAt, loadedAt, lastDeath, deaths, pid } = host;
  const subject =
    model === undefined
      ? ''
      : `${shortModel(model)}${voice === undefined ? '' : ` with ${voice}`}${engine === undefined ? '' : ` in ${engine}`}, `;
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
          `Crashed ${deaths === 1 ? 'once' : `${formatCount(deaths)} times`}, last ` +
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

function memoryFact({ host: { memory } }: DaemonStatus, now: Date): Fact {
  if (memory === undefined) {
    return { label: 'Memory', lines: [] };
  }
  const { asOf, context, activeBytes, peakBytes, cacheBytes, footprintBytes } = memory;
  return {
    label: 'Memory',
    lines: [
      `active ${inMb(activeBytes)}, peak ${inMb(peakBytes)}, cache ${inMb(cacheBytes)}, footprint ${inMb(footprintBytes)}`,
      `as of ${formatRelative(new Date(asOf), now)}, ${context === 'idle' ? 'idle' : 'after an iteration'}`,
    ],
  };
}

/** With when it started, where `now` is given. */
export function runFact({ current }: DaemonStatus, barWidth: number, now?: Date): Fact {
  if (current === undefined) {
    return { label: 'Run', lines: ['none'] };
  }
  const { record, progress } = current;
  const started = now === undefined ? '' : `, started ${formatRelative(startOf(record), now)}`;
  return {
    label: 'Run',
    lines: [
      `#${record.id}, ${runTitle(record)}${started}`,
      ...(progress === undefined
        ? []
        : [`${progressBar(progress, barWidth)} ${doneWords(progress)}`, stepWords(progress.step)]),
    ],
  };
}

/** `12 of 16 iterations` of all that a run was asked for. */
const doneWords = ({ done, total }: Pick<RunProgress, 'done' | 'total'>): string =>
  `${done} of ${counted(total, 'iteration')}`;

/** A bar of `width` columns. */
function progressBar({ done, total }: Pick<RunProgress, 'done' | 'total'>, width: number): string {
  const filled = total === 0 ? 0 : Math.min(width, Math.round((done / total) * width));
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

export const queueFact = ({ queued }: DaemonStatus): Fact => ({
  label: 'Queue',
  lines: queued.map((record) => `#${record.id}, ${runTitle(record)}`),
});

export function scheduleFact({ schedules: { count, paused, next } }: DaemonStatus, now: Date): Fact {
  const label = 'Next check';
  if (count === 0) {
    return { label, lines: ['none; add a schedule with `tidemark schedule add`'] };
  }
  if (paused) {
    return {
      label,
      lines: ['all schedules are paused; resume them with `tidemark schedule resume`'],
      style: yellow,
    };
  }
  return next === undefined
    ? { label, lines: ['every schedule is paused; list them with `tidemark schedule`'], style: yellow }
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
      `#${runId}, ${shortModel(model)}, ${formatRelative(new Date(at), now)}${leak === undefined ? '' : `: ${verdictWord(leak)}`}`,
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

/** All of it, in the order of `status`. */
export const statusFacts = (status: DaemonStatus, now: Date): Fact[] => [
  daemonFact(status, now),
  placesFact(status),
  hostFact(status, now),
  memoryFact(status, now),
  runFact(status, 20, now),
  queueFact(status),
  scheduleFact(status, now),
  alertsFact(status, now),
  lastCheckFact(status, now),
  noticesFact(status, now),
];
