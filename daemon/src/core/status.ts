/** The daemon's status: made of what its parts know, with what is in the database read only when that has changed. */

import { protocolVersion } from '@tidemark/shared/protocol/daemon/wire.ts';
import { statusSchemaVersion } from '@tidemark/shared/protocol/daemon/status.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import type { History } from '../history/history.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { tidemarkVersion } from '../version.ts';
import type { HeldHost } from './held-host/held-host.ts';
import type { Notices } from './notices.ts';
import type { RunQueue } from './queue/run-queue.ts';

export interface StatusParts {
  readonly history: History;
  readonly held: HeldHost;
  readonly queue: RunQueue;
  readonly scheduler: Scheduler;
  readonly notices: Notices;
  readonly dataFolder: string;
  readonly socketPath: string;
  readonly logFile: string | undefined;
  readonly startedAt: Date;
}

/** As many as a sparkline shows. */
const recentPeaks = 30;

type FromHistory = Pick<DaemonStatus, 'alerts' | 'lastCheck' | 'recentPeaks' | 'recentPeaksOf'>;

export class StatusBoard {
  readonly #parts: StatusParts;
  #fromHistory: FromHistory | undefined;

  constructor(parts: StatusParts) {
    this.#parts = parts;
  }

  /** A run has ended, or alerts have changed: the database has news. */
  forget(): void {
    this.#fromHistory = undefined;
  }

  read(): DaemonStatus {
    const { held, queue, scheduler, notices, dataFolder, socketPath, logFile, startedAt } = this.#parts;
    const current = queue.current();
    return {
      kind: 'status',
      schemaVersion: statusSchemaVersion,
      asOf: new Date().toISOString(),
      daemon: {
        pid: process.pid,
        version: tidemarkVersion,
        protocolVersion,
        startedAt: startedAt.toISOString(),
        uptimeSeconds: process.uptime(),
        residentBytes: process.memoryUsage.rss(),
        dataFolder,
        socketPath,
        logFile,
        node: process.versions.node,
      },
      host: held.status(),
      current: current && { ...current, record: briefRecord(current.record) },
      queued: queue.queued().map(briefRecord),
      schedules: {
        count: scheduler.list().length,
        paused: scheduler.isPaused,
        next: scheduler.next(),
      },
      ...this.#history(),
      notices: notices.list(),
    };
  }

  #history(): FromHistory {
    this.#fromHistory ??= this.#readHistory();
    return this.#fromHistory;
  }

  /** A database that cannot be read becomes a notice; the rest of the status is still useful. */
  #readHistory(): FromHistory {
    const { history, notices } = this.#parts;
    try {
      const [latest] = history.alerts.list({ all: false });
      const peaks = history.runs.recentPeaks(recentPeaks);
      return {
        alerts: { ...history.alerts.counts(), latest },
        lastCheck: history.runs.lastCheck(),
        recentPeaks: peaks.recentPeaks,
        recentPeaksOf: peaks.recentPeaksOf && briefRecord(peaks.recentPeaksOf),
      };
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      notices.set('history-read', `The history cannot be read: ${what}`);
      return { alerts: { open: 0, acknowledged: 0 }, recentPeaks: [] };
    }
  }
}

const longestText = 200;

/** A record as lists show it, with the beginning of a long text: hundreds of whole ones would be too long for one answer. */
export function briefRecord<Record extends Pick<RunRecord, 'text'>>(record: Record): Record {
  const { text } = record;
  return text === undefined || text.length <= longestText
    ? record
    : { ...record, text: `${text.slice(0, longestText - 1)}…` };
}
