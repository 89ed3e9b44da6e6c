/** Which runs go, and when. */

import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { Database } from './database.ts';
import { numberOf } from './rows.ts';

/** A run that is not over, and one that an alert rests on until it is resolved, are never removed. */
const removable = `state NOT IN ('queued', 'running')
  AND id NOT IN (
    SELECT run_id FROM alert_runs JOIN alerts ON alerts.id = alert_runs.alert_id WHERE alerts.state <> 'resolved'
  )`;

/** So that whoever else asks something waits no longer than for a run's end. */
export const mostRemovedAtOnce = 100;

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
    const remove = (condition: string, value: string | number, most: number): number =>
      database.run(
        `DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE ${condition} AND ${removable} ORDER BY id LIMIT ?)`,
        [value, most],
      ).changes;
    const oldest = new Date(now.getTime() - retentionDays * 86_400_000).toISOString();
    const removed = retentionDays > 0 ? remove('recorded_at < ?', oldest, mostRemovedAtOnce) : 0;
    const last = retentionRuns > 0 ? lastBeyond(database, retentionRuns) : undefined;
    return last === undefined ? removed : removed + remove('id <= ?', last, mostRemovedAtOnce - removed);
  });
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
