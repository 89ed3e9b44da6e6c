/** The alerts of the history. */

import { randomUUID } from 'node:crypto';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { UnreadableRow } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { alert } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { Alert, AlertKind } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';
import type { Columns, Database } from './database.ts';
import {
  boundedColumn,
  defined,
  momentText,
  numberOf,
  optionalMoment,
  optionalNumber,
  optionalText,
} from './rows.ts';
import type { Row } from './rows.ts';
import { checked } from './unreadable.ts';

export type NewAlert = Omit<Alert, 'id'>;

interface AlertFilter {
  readonly all?: boolean | undefined;
  readonly kind?: AlertKind | undefined;
  readonly scheduleId?: number | undefined;
}

/** What changes about an alert after it was raised. */
type AlertChange = Partial<
  Pick<Alert, 'state' | 'acknowledgedAt' | 'resolvedAt' | 'reason' | 'hint' | 'observed' | 'runIds'>
>;

export class AlertTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Newest first; those that were resolved only with `all`. Those that can be read: {@link unreadable} has the others. No more than
   * fit into one answer.
   */
  list({ all = false, kind, scheduleId }: AlertFilter = {}): Alert[] {
    const { unreadable } = this.#database;
    const conditions = [
      ...(all ? [] : [`state <> 'resolved'`]),
      ...(kind === undefined ? [] : ['kind = ?']),
      ...(scheduleId === undefined ? [] : ['schedule_id = ?']),
    ];
    const values = [kind, scheduleId].filter((value) => value !== undefined);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    return this.#database.read(() => {
      let bytes = 0;
      return this.#database.all(`SELECT id FROM alerts ${where} ORDER BY id DESC`, values).flatMap((row) => {
        const id = numberOf(row, 'id');
        const read = bytes > mostListBytes ? undefined : unreadable.judge('alerts', id, () => this.#read(id));
        bytes += read === undefined ? 0 : Buffer.byteLength(JSON.stringify(read));
        return read ?? [];
      });
    });
  }

  /** As lists found them. */
  unreadable(): UnreadableRow[] {
    return this.#database.unreadable.list('alerts');
  }

  /** Throws a TidemarkError: 'not-found', or 'history' for one that cannot be read. */
  get(id: number): Alert {
    return this.#database.read(() => {
      if (this.#database.get('SELECT 1 FROM alerts WHERE id = ?', [id]) === undefined) {
        throw new TidemarkError('not-found', `There is no alert ${id}.`, {
          hint: 'Run `tidemark alerts --all` to list all alerts.',
        });
      }
      return this.#database.unreadable.need('alerts', id, () => this.#read(id));
    });
  }

  #read(id: number): Alert {
    return alertOf(
      this.#database,
      this.#database.get(`SELECT ${alertColumns} FROM alerts WHERE id = ?`, [id]) ?? {},
    );
  }

  /** Removes one that cannot be read, and says whether it was one: any other is resolved in the end. */
  removeUnreadable(id: number): boolean {
    const isUnreadable = this.#database.write(
      () =>
        this.#database.get('SELECT 1 FROM alerts WHERE id = ?', [id]) !== undefined &&
        this.#database.unreadable.judge('alerts', id, () => this.#read(id)) === undefined &&
        this.#database.run('DELETE FROM alerts WHERE id = ?', [id]) > 0,
    );
    if (isUnreadable) {
      this.#database.unreadable.forget('alerts', id);
    }
    return isUnreadable;
  }

  add(added: NewAlert, uid: string = randomUUID()): Alert {
    return this.#database.write(() => {
      const id = this.#database.insert('alerts', {
        uid,
        kind: added.kind,
        schedule_id: added.scheduleId,
        schedule_name: added.scheduleName,
        model: added.model,
        raised_at: momentText(added.raisedAt),
        baseline: added.baseline,
        ...changingColumns(added),
      });
      this.#setRuns(id, added.runIds);
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

const changingColumns = ({
  state,
  acknowledgedAt,
  resolvedAt,
  reason,
  hint,
  observed,
}: NewAlert): Columns => ({
  state,
  acknowledged_at: optionalMoment(acknowledgedAt),
  resolved_at: optionalMoment(resolvedAt),
  reason,
  hint,
  observed,
});

/** Most of an answer, so that what is around the alerts has room. */
const mostListBytes = wireLimits.responseBytes / 2;

/** The columns of an alert, each of a bounded length. */
const alertColumns = [
  ...[
    'id',
    'kind',
    'schedule_id',
    'state',
    'raised_at',
    'acknowledged_at',
    'resolved_at',
    'baseline',
    'observed',
  ],
  boundedColumn('schedule_name', 200),
  boundedColumn('model', 40_000),
  boundedColumn('reason', 20_000),
  boundedColumn('hint', 4000),
].join(', ');

/** Throws a Refusal for what is no alert. */
export function alertOf(database: Database, row: Row): Alert {
  const id = numberOf(row, 'id');
  const runs = database.all('SELECT run_id FROM alert_runs WHERE alert_id = ? ORDER BY place LIMIT 1000', [
    id,
  ]);
  return checked(
    alert,
    defined({
      id,
      kind: optionalText(row, 'kind'),
      scheduleId: numberOf(row, 'schedule_id'),
      scheduleName: optionalText(row, 'schedule_name'),
      model: optionalText(row, 'model'),
      state: optionalText(row, 'state'),
      raisedAt: optionalText(row, 'raised_at'),
      acknowledgedAt: optionalText(row, 'acknowledged_at'),
      resolvedAt: optionalText(row, 'resolved_at'),
      reason: optionalText(row, 'reason'),
      hint: optionalText(row, 'hint'),
      baseline: optionalNumber(row, 'baseline'),
      observed: optionalNumber(row, 'observed'),
      runIds: runs.map((each) => numberOf(each, 'run_id')),
    }),
  );
}
