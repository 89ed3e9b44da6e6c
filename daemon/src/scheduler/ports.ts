/** What scheduling and alerts need of the history, and nothing else of it. */

import type { Alert } from '@tidemark/shared/protocol/daemon/alert.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Schedule, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { DaemonSettings, DaemonSettingsChange } from '@tidemark/shared/protocol/daemon/settings.ts';

export interface ScheduleHistory {
  schedules(): readonly Schedule[];
  addSchedule(settings: ScheduleSettings): Schedule;
  changeSchedule(id: number, settings: ScheduleSettings): Schedule;
  removeSchedule(id: number): void;
  noteScheduleRun(id: number, runId: number, at: Date): void;
  noteScheduleSkip(id: number, skip: { at: string; reason: string; missed: number }): void;
  /** Undefined while it is paused. */
  noteScheduleDue(id: number, nextAt: Date | undefined): void;
  getRun(id: number): RunRecord | undefined;
  listRuns(filter: { scheduleId: number; limit: number }): { readonly runs: readonly RunRecord[] };
  settings(): DaemonSettings;
  changeSettings(change: DaemonSettingsChange): unknown;
}

/** A scheduled check, with the host process that it ran in: the same for checks between which the host lived on. */
export type CheckRecord = RunRecord & { readonly hostInstance?: string | undefined };

export type AlertChange = Partial<
  Pick<Alert, 'state' | 'acknowledgedAt' | 'resolvedAt' | 'reason' | 'observed' | 'runIds'>
>;

export interface AlertHistory {
  /** Newest first. Complete ones, or with `all` those that ended otherwise too. */
  checksOf(
    scheduleId: number,
    options: { limit: number; before?: number; all?: boolean },
  ): readonly CheckRecord[];
  getRun(id: number): RunRecord | undefined;
  /** Newest first; resolved ones only with `all`. */
  alerts(filter: { all: boolean }): readonly Alert[];
  addAlert(alert: Omit<Alert, 'id'>): Alert;
  changeAlert(id: number, change: AlertChange): Alert;
  settings(): DaemonSettings;
}
