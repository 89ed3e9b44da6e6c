/** What `watch` prints where there is no terminal: a line for each event, for people or as JSON. */

import type { WatchOptions } from '@tidemark/shared/client/watch-daemon.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { WatchLine } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { runTitle, shortModel, stepWords } from './run-words.ts';

export type WatchListener = Pick<WatchOptions, 'onState' | 'on'>;

type Event = WatchLine extends infer Line
  ? Line extends WatchLine
    ? Omit<Line, 'kind' | 'schemaVersion' | 'at'>
    : never
  : never;

export function jsonLines(print: (line: string) => void, now = (): Date => new Date()): WatchListener {
  const tell = (event: Event): void =>
    print(JSON.stringify({ ...headOf('watch'), at: now().toISOString(), ...event }));
  return {
    onState: (state) => {
      if ('error' in state) {
        tell({ event: 'disconnected', reason: state.error.message });
      }
    },
    on: {
      status: (status) => tell({ event: 'status', status }),
      progress: (progress) => tell({ event: 'progress', progress }),
      alerts: (alert) => tell({ event: 'alert', alert }),
    },
  };
}

export function plainLines(print: (line: string) => void, now = (): Date => new Date()): WatchListener {
  const tell = (line: string): void => print(`${now().toTimeString().slice(0, 8)} ${line}`);
  let last = '';
  // A status comes several times a second; what it says of the host is news only when it changes.
  const tellOnce = (line: string): void => {
    if (line !== last) {
      tell(line);
      last = line;
    }
  };
  return {
    onState: (state) => {
      switch (state.kind) {
        case 'connecting':
          last = '';
          break;
        case 'connected':
          tell('Connected.');
          break;
        case 'no-daemon':
        case 'other-version':
          tell(`${state.error.message}${state.error.hint === undefined ? '' : ` ${state.error.hint}`}`);
          break;
      }
    },
    on: {
      status: (status) => tellOnce(statusLine(status)),
      progress: ({ runId, step }) => tell(`#${runId} ${stepWords(step)}`),
      alerts: (alert) =>
        tell(`Alert #${alert.id} (${alert.state}), “${alert.scheduleName}”: ${alert.reason}`),
    },
  };
}

function statusLine({ host, current, queued, alerts }: DaemonStatus): string {
  const { state, model, memory } = host;
  // While it is at work, the run's own lines have the figures.
  const held =
    model === undefined || memory === undefined || state === 'busy'
      ? ''
      : ` with ${shortModel(model)}, active ${formatBytes(memory.activeBytes)}`;
  return [
    `host ${state}${held}`,
    current === undefined ? 'no run' : `run #${current.record.id}, ${runTitle(current.record)}`,
    ...(queued.length === 0 ? [] : [`${queued.length} waiting`]),
    ...(alerts.open === 0 ? [] : [`${alerts.open} ${alerts.open === 1 ? 'alert' : 'alerts'} open`]),
  ].join('; ');
}
