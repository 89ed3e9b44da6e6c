/** Which runs go, and when. */

import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { Database } from './database.ts';
import { numberOf } from './rows.ts';

/** A run that is not over, and one that an alert rests on until it is resolved, are never removed. */
const removable = `state NOT IN ('queued', 'running')
  AND id NOT IN (
    SELECT run_id FROM alert_runs JOIN alerts ON alerts.id = alert_runs.alert_id WHERE alerts.state <> 'resolved'
  )`;

/** Keeps a request that comes in meanwhile from waiting longer than for a run's end. */
export const mostRemovedAtOnce = 20;

/**
 * Returns how many runs were removed: with {@link mostRemovedAtOnce} there may be more to remove, and it is to be called
 * again. Their age counts from when they came into this history.
 */
export function applyRetention(
  database: Database,
  { retentionDays, retentionRuns }: Pick<DaemonSettings, 'retentionDays' | 'retentionRuns'>,
  now: Date,
): number {
  return database.write(() => {
    const remove = (condition: string, order: string, value: string | number, most: number): number =>
      database.run(
        `DELETE FROM runs WHERE id IN (
           SELECT id FROM runs WHERE ${condition} AND ${removable} ORDER BY ${order} LIMIT ?)`,
        [value, most],
      );
    const oldest = new Date(now.getTime() - retentionDays * 86_400_000).toISOString();
    // In the order of the index, which stops where the runs are young enough.
    const removed =
      retentionDays > 0 ? remove('recorded_at < ?', 'recorded_at', oldest, mostRemovedAtOnce) : 0;
    const last = retentionRuns > 0 ? lastBeyond(database, retentionRuns) : undefined;
    const more = last === undefined ? 0 : remove('id <= ?', 'id', last, mostRemovedAtOnce - removed);
    giveBackPages(database);
    return removed + more;
  });
}

/** Pages of 4 KiB that stay for what comes next, and how many go at once beyond them. */
const sparePages = 1000;
const mostPagesAtOnce = 1000;

/** The pages of a removed run are reused by the next; where many runs were removed, the disk gets the pages back. */
function giveBackPages(database: Database): void {
  const free = numberOf(database.get('PRAGMA freelist_count') ?? {}, 'freelist_count');
  if (free > sparePages) {
    database.all(`PRAGMA incremental_vacuum(${Math.min(free - sparePages, mostPagesAtOnce)})`);
  }
}

/** The id of the newest run that is not one of the `kept` newest. Counts from the old end, where few are. */
function lastBeyond(database: Database, kept: number): number | undefined {
  const count = numberOf(database.get('SELECT count(*) AS count FROM runs') ?? {}, 'count');
  const row =
    count <= kept
      ? undefined
      : database.get('SELECT id FROM runs ORDER BY id LIMIT 1 OFFSET ?', [count - kept - 1]);
  return row === undefined ? undefined : numberOf(row, 'id');
}
