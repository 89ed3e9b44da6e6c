/** Past checks as the scheduler, the alerts and the status ask for them. */

import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import type { Database } from './database.ts';
import { optionalText } from './rows.ts';
import { recordColumns, recordOf } from './run-row.ts';

/** With the process that measured it: only checks of one process show what it gathers from one to the next. */
export type CheckRecord = RunRecord & { readonly hostInstance?: string };

export interface CheckOptions {
  readonly limit: number;
  /** Only checks with smaller ids. */
  readonly before?: number | undefined;
  /** Whatever state they are in; without it complete ones only. */
  readonly all?: boolean | undefined;
}

export function checksOf(
  database: Database,
  scheduleId: number,
  { limit, before, all = false }: CheckOptions,
): CheckRecord[] {
  return database.read(() =>
    database
      .all(
        `SELECT ${recordColumns}, host_instance FROM runs
         WHERE schedule_id = ? AND id < ? ${all ? '' : `AND state = 'complete'`} ORDER BY id DESC LIMIT ?`,
        [scheduleId, before ?? Number.MAX_SAFE_INTEGER, limit],
      )
      .map((row) => {
        const hostInstance = optionalText(row, 'host_instance');
        return hostInstance === undefined ? recordOf(row) : { ...recordOf(row), hostInstance };
      }),
  );
}

/** The newest profiles of this machine with figures, oldest first. */
export function recentPeaks(database: Database, limit: number): DaemonStatus['recentPeaks'] {
  return database.read(() =>
    database
      .all(
        `SELECT ${recordColumns} FROM runs
         WHERE kind = 'profile' AND peak_bytes IS NOT NULL AND trigger_kind <> 'import' ORDER BY id DESC LIMIT ?`,
        [limit],
      )
      .map(recordOf)
      .flatMap(({ id, endedAt, models: [model], figures }) =>
        endedAt === undefined || model === undefined || figures === undefined
          ? []
          : [
              {
                runId: id,
                at: endedAt,
                model,
                peakBytes: figures.peakBytes,
                activeBytes: figures.activeBytes,
              },
            ],
      )
      .reverse(),
  );
}

/** The newest complete profile of this machine that was judged, whoever asked for it: each is a leak check. */
export function lastCheck(database: Database): DaemonStatus['lastCheck'] {
  return database.read(() => {
    const row = database.get(
      `SELECT ${recordColumns} FROM runs
       WHERE kind = 'profile' AND state = 'complete' AND leak IS NOT NULL AND trigger_kind <> 'import'
       ORDER BY id DESC LIMIT 1`,
    );
    if (row === undefined) {
      return undefined;
    }
    const {
      id,
      endedAt,
      models: [model = ''],
      leak,
      finding,
      queuedAt,
    } = recordOf(row);
    return {
      runId: id,
      at: endedAt ?? queuedAt,
      model,
      ...(leak === undefined ? {} : { leak }),
      ...(finding === undefined ? {} : { finding }),
    };
  });
}
