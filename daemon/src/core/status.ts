/** The daemon's status: made of what its parts know, with what is in the database read only when that has changed. */

import { protocolVersion } from '@tidemark/shared/protocol/daemon/wire.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { statusSchemaVersion } from '@tidemark/shared/protocol/daemon/status.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import type { History } from '../history/history.ts';
import type { OpenLog } from '../logging/log.ts';
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
  readonly logTrouble?: OpenLog['trouble'] | undefined;
  readonly startedAt: Date;
}

/** As many as a sparkline shows. */
const recentPeaks = 30;

type FromHistory = Pick<DaemonStatus, 'alerts' | 'lastCheck' | 'recentPeaks' | 'recentPeaksOf'>;

export class StatusBoard {
  readonly #parts: StatusParts;
  #isCurrent = false;
  #fromHistory: FromHistory = { alerts: { open: 0, acknowledged: 0 }, recentPeaks: [] };
  #schedules: DaemonStatus['schedules'] = { count: 0, paused: false };
  #residentBytes = process.resourceUsage().maxRSS * 1024;

  constructor(parts: StatusParts) {
    this.#parts = parts;
  }

  /** A run has ended, or alerts have changed: the database has news. */
  forget(): void {
    this.#isCurrent = false;
  }

  /** What cannot be read at this moment is as it was last. */
  read(): DaemonStatus {
    const { held, queue, notices, dataFolder, socketPath, logFile, startedAt } = this.#parts;
    const current = queue.current();
    this.#noticeLog();
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
        residentBytes: this.#readResidentBytes(),
        dataFolder,
        socketPath,
        logFile,
        node: process.versions.node,
      },
      host: held.status(),
      current: current && { ...current, record: briefRecord(current.record) },
      queued: queue.queued().map(briefRecord),
      schedules: this.#readSchedules(),
      ...this.#readHistory(),
      notices: notices.list(),
    };
  }

  #noticeLog(): void {
    const { logTrouble, notices } = this.#parts;
    const trouble = logTrouble?.();
    if (trouble === undefined) {
      notices.clear('log');
    } else {
      notices.set('log', trouble.message, 'The daemon works on without it.');
    }
  }

  /** On Linux by opening a file, for which a process may have no descriptor left. */
  #readResidentBytes(): number {
    try {
      this.#residentBytes = process.memoryUsage.rss();
    } catch {
      // The status shows what it was.
    }
    return this.#residentBytes;
  }

  #readSchedules(): DaemonStatus['schedules'] {
    const { scheduler } = this.#parts;
    this.#fromDatabase('schedules-read', 'The schedules', () => {
      this.#schedules = {
        count: scheduler.list().length,
        paused: scheduler.isPaused,
        next: scheduler.next(),
      };
    });
    return this.#schedules;
  }

  #readHistory(): FromHistory {
    const { history } = this.#parts;
    if (!this.#isCurrent) {
      this.#isCurrent = this.#fromDatabase('history-read', 'The history', () => {
        const [latest] = history.alerts.list({ all: false });
        const peaks = history.runs.recentPeaks(recentPeaks);
        this.#fromHistory = {
          alerts: { ...history.alerts.counts(), latest },
          lastCheck: history.runs.lastCheck(),
          recentPeaks: peaks.recentPeaks,
          recentPeaksOf: peaks.recentPeaksOf && briefRecord(peaks.recentPeaksOf),
        };
      });
    }
    return this.#fromHistory;
  }

  /** Whether it could be read; a database that cannot becomes a notice, since the rest of the status is still useful. */
  #fromDatabase(matter: string, what: string, read: () => void): boolean {
    const { notices } = this.#parts;
    try {
      read();
      notices.clear(matter);
      return true;
    } catch (error) {
      const { message, hint } = toErrorRecord(error);
      notices.set(matter, `${what} cannot be read: ${message}`, hint);
      return false;
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
