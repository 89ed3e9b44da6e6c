/** Which runs go, and when. */

import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { Database } from './database.ts';

/** A run that is not over, and one that an alert rests on until it is resolved, are never removed. */
const removable = `state NOT IN ('queued', 'running')
  AND id NOT IN (
    SELECT run_id FROM alert_runs JOIN alerts ON alerts.id = alert_runs.alert_id WHERE alerts.state <> 'resolved'
  )`;

/** Returns how many runs were removed. Their age counts from when they came into this history. */
export function applyRetention(
  database: Database,
  { retentionDays, retentionRuns }: Pick<DaemonSettings, 'retentionDays' | 'retentionRuns'>,
  now: Date,
): number {
  return database.write(() => {
    let removed = 0;
    if (retentionDays > 0) {
      const oldest = new Date(now.getTime() - retentionDays * 86_400_000).toISOString();
      removed += database.run(`DELETE FROM runs WHERE recorded_at < ? AND ${removable}`, [oldest]).changes;
    }
    if (retentionRuns > 0) {
      removed += database.run(
        `DELETE FROM runs WHERE id <= (SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?) AND ${removable}`,
        [retentionRuns],
      ).changes;
    }
    return removed;
  });
}
