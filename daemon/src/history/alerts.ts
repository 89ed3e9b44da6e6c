/** The alerts of the history. */

import { randomUUID } from 'node:crypto';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Alert } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { Columns, Database } from './database.ts';
import {
  defined,
  momentText,
  numberOf,
  optionalMoment,
  optionalNumber,
  optionalText,
  textOf,
} from './rows.ts';
import type { Row } from './rows.ts';

export type NewAlert = Omit<Alert, 'id'>;

/** What changes about an alert after it was raised. */
type AlertChange = Partial<
  Pick<Alert, 'state' | 'acknowledgedAt' | 'resolvedAt' | 'reason' | 'hint' | 'observed' | 'runIds'>
>;

export class AlertTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Newest first; those that were resolved only with `all`. */
  list({ all = false }: { readonly all?: boolean | undefined } = {}): Alert[] {
    const condition = all ? '' : `WHERE state <> 'resolved'`;
    return this.#database.read(() =>
      this.#database
        .all(`SELECT * FROM alerts ${condition} ORDER BY id DESC`)
        .map((row) => alertOf(this.#database, row)),
    );
  }

  /** Throws a TidemarkError: 'not-found'. */
  get(id: number): Alert {
    return this.#database.read(() => {
      const row = this.#database.get('SELECT * FROM alerts WHERE id = ?', [id]);
      if (row === undefined) {
        throw new TidemarkError('not-found', `There is no alert ${id}.`, {
          hint: 'Run `tidemark alerts --all` to list all alerts.',
        });
      }
      return alertOf(this.#database, row);
    });
  }

  add(alert: NewAlert, uid: string = randomUUID()): Alert {
    return this.#database.write(() => {
      const id = this.#database.insert('alerts', {
        uid,
        kind: alert.kind,
        schedule_id: alert.scheduleId,
        schedule_name: alert.scheduleName,
        model: alert.model,
        raised_at: momentText(alert.raisedAt),
        baseline: alert.baseline,
        ...changingColumns(alert),
      });
      this.#setRuns(id, alert.runIds);
      return this.get(id);
    });
  }

  change(id: number, change: AlertChange): Alert {
    return this.#database.write(() => {
      this.#database.update('alerts', id, changingColumns({ ...this.get(id), ...change }));
      if (change.runIds !== undefined) {
        this.#setRuns(id, change.runIds);
      }
      return this.get(id);
    });
  }

  counts(): { readonly open: number; readonly acknowledged: number } {
    return this.#database.read(() => {
      const [row = {}] = this.#database.all(
        `SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'acknowledged') AS acknowledged
         FROM alerts WHERE state IN ('open', 'acknowledged')`,
      );
      return { open: numberOf(row, 'open'), acknowledged: numberOf(row, 'acknowledged') };
    });
  }

  #setRuns(id: number, runIds: readonly number[]): void {
    this.#database.run('DELETE FROM alert_runs WHERE alert_id = ?', [id]);
    for (const [place, runId] of runIds.entries()) {
      this.#database.insert('alert_runs', { alert_id: id, place, run_id: runId });
    }
  }
}

const changingColumns = (alert: NewAlert): Columns => ({
  state: alert.state,
  acknowledged_at: optionalMoment(alert.acknowledgedAt),
  resolved_at: optionalMoment(alert.resolvedAt),
  reason: alert.reason,
  hint: alert.hint,
  observed: alert.observed,
});

export function alertOf(database: Database, row: Row): Alert {
  const id = numberOf(row, 'id');
  const runs = database.all('SELECT run_id FROM alert_runs WHERE alert_id = ? ORDER BY place', [id]);
  return defined({
    id,
    kind: textOf(row, 'kind') as Alert['kind'],
    scheduleId: numberOf(row, 'schedule_id'),
    scheduleName: textOf(row, 'schedule_name'),
    model: textOf(row, 'model'),
    state: textOf(row, 'state') as Alert['state'],
    raisedAt: textOf(row, 'raised_at'),
    acknowledgedAt: optionalText(row, 'acknowledged_at'),
    resolvedAt: optionalText(row, 'resolved_at'),
    reason: textOf(row, 'reason'),
    hint: textOf(row, 'hint'),
    baseline: optionalNumber(row, 'baseline'),
    observed: optionalNumber(row, 'observed'),
    runIds: runs.map((each) => numberOf(each, 'run_id')),
  });
}
