/** The live view of `watch` as lines that fit their terminal, made of what is known of the daemon. */

import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatRelative } from '@tidemark/shared/format/dates.ts';
import { counted, formatDuration } from '@tidemark/shared/format/numbers.ts';
import { sparkline } from '@tidemark/shared/format/sparkline.ts';
import { cutText, formatFacts } from '@tidemark/shared/format/terminal.ts';
import type { Fact } from '@tidemark/shared/format/terminal.ts';
import { workWords } from '@tidemark/shared/format/work-words.ts';
import type { DaemonStatus, MemoryReading } from '@tidemark/shared/protocol/daemon/status.ts';
import type { ScreenSize } from '../screen.ts';
import { inMb, styled } from './layout.ts';
import {
  alertsFact,
  hostFact,
  lastCheckFact,
  noticesFact,
  queueFact,
  runFact,
  scheduleFact,
} from './status-facts.ts';

export interface WatchedRun {
  readonly runId: number;
  /** Of the iterations that were seen, oldest first. */
  readonly peaks: readonly number[];
}

export interface WatchModel {
  /** The last one that was received. */
  readonly status: DaemonStatus | undefined;
  /** Why there is no current one. */
  readonly trouble: { readonly message: string; readonly hint: string | undefined } | undefined;
  readonly run: WatchedRun | undefined;
}

const bold = (text: string): string => styled('bold', text);
const gray = (text: string): string => styled('gray', text);

/** No more lines than rows, and none wider than the columns. */
export function watchView(model: WatchModel, { columns, rows }: ScreenSize, now: Date): string[] {
  const width = Math.max(1, columns);
  const body = model.status === undefined ? [] : statusLines(model.status, model.run, { width, now });
  const lines = [...headLines(model, width, now), '', ...body].map((line) => clip(line, width));
  const foot = gray(clip('Press q or Ctrl-C to quit', width));
  const room = Math.max(1, rows - 2);
  return rows < 4
    ? lines.slice(0, rows)
    : [
        ...lines.slice(0, room),
        ...Array.from({ length: Math.max(0, room - lines.length) }, () => ''),
        '',
        foot,
      ];
}

function headLines({ status, trouble }: WatchModel, width: number, now: Date): string[] {
  const title =
    status === undefined
      ? 'Tidemark'
      : `Tidemark ${status.daemon.version}, up ${formatDuration(Math.floor(status.daemon.uptimeSeconds))}, ` +
        `${formatBytes(status.daemon.residentBytes)} resident`;
  if (trouble === undefined) {
    return [bold(title)];
  }
  const age =
    status === undefined ? [] : [`The status below is from ${formatRelative(new Date(status.asOf), now)}.`];
  return [
    bold(title),
    ...formatFacts(
      [
        {
          label: 'No daemon',
          lines: [trouble.message, ...(trouble.hint === undefined ? [] : [trouble.hint]), ...age],
          style: (line) => styled('red', line),
        },
      ],
      { maxWidth: width },
    ),
  ];
}

interface Room {
  readonly width: number;
  readonly now: Date;
}

function statusLines(status: DaemonStatus, run: WatchedRun | undefined, { width, now }: Room): string[] {
  const { host, recentPeaks } = status;
  const chartWidth = Math.min(60, Math.max(8, width - 24));
  const peaks = run !== undefined && run.runId === status.current?.record.id ? run.peaks : [];
  return [
    ...memoryLines(host.memory, width, now),
    '',
    ...formatFacts(
      [
        hostFact(status, now),
        runFact(status, Math.min(24, chartWidth)),
        chartFact('', 'peaks of this run', peaks, chartWidth),
        // What a person is to look at must not be what a low terminal leaves out.
        ...(status.alerts.open > 0 ? [alertsFact(status, now)] : []),
        queueFact(status),
        chartFact(
          'Peaks',
          peaksWords(status),
          recentPeaks.map(({ peakBytes }) => peakBytes),
          chartWidth,
        ),
        scheduleFact(status, now),
        lastCheckFact(status, now),
        ...(status.alerts.open > 0 ? [] : [alertsFact(status, now)]),
        noticesFact(status, now),
      ],
      { maxWidth: width },
    ),
  ];
}

/** `last 12 runs of bf16 with af_heart, “Hello.”, 15 iterations`: peaks of other work are not among them. */
function peaksWords({ recentPeaks, recentPeaksOf }: DaemonStatus): string {
  const last = `last ${counted(recentPeaks.length, 'run')}`;
  return recentPeaksOf === undefined ? last : `${last} of ${workWords(recentPeaksOf)}`;
}

/** The two figures that this is about, before everything else. */
function memoryLines(memory: MemoryReading | undefined, width: number, now: Date): string[] {
  if (memory === undefined) {
    return ['No model is loaded: active 0 B.'];
  }
  const { activeBytes, peakBytes, cacheBytes, footprintBytes, asOf } = memory;
  const first = `${bold(`active ${inMb(activeBytes)}`)}   ${bold(`peak ${inMb(peakBytes)}`)}`;
  const second = `cache ${inMb(cacheBytes)}, footprint ${inMb(footprintBytes)}, as of ${formatRelative(new Date(asOf), now)}`;
  return stringWidth(first) + 3 + stringWidth(second) <= width
    ? [`${first}   ${gray(second)}`]
    : [first, gray(second)];
}

/** A sparkline, with the ends that it lies between. */
function chartFact(label: string, of: string, values: readonly number[], width: number): Fact {
  if (values.length < 2) {
    return { label, lines: [] };
  }
  const shown = values.slice(-width);
  return {
    label,
    lines: [
      sparkline(values, { width }),
      `${of}, ${inMb(Math.min(...shown))} to ${inMb(Math.max(...shown))}`,
    ],
  };
}

/** A line that is too wide after all loses its colors with its end. */
const clip = (line: string, width: number): string =>
  stringWidth(line) <= width ? line : cutText(stripVTControlCharacters(line), width);
