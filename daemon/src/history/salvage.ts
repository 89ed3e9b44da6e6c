/** Saves from a damaged history what can still be read, into a new one and under the same numbers. */

import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import * as v from 'valibot';
import { alert, schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { runRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { alertOf } from './alerts.ts';
import { Database } from './database.ts';
import { isConstraint, isDamage } from './history-errors.ts';
import { numberOf } from './rows.ts';
import type { Row } from './rows.ts';
import { documentOf } from './run-contents.ts';
import { recordOf } from './run-row.ts';
import { scheduleOf } from './schedules.ts';

export interface Salvaged {
  readonly runs: number;
  readonly schedules: number;
  readonly alerts: number;
}

/** What belongs to a run, one row or more. */
const partsOfRuns = ['run_models', 'run_requests', 'run_heads', 'run_documents', 'samples'];

/**
 * Reads each table from its beginning and from its end up to where it is damaged, and runs between them one by one. What
 * does not fit its schema stays behind: a damaged page can hold anything.
 */
export function salvage(damagedPath: string, into: Database): Salvaged {
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(damagedPath, { readOnly: true, defensive: false });
    // Lets SQLite read what there is of a file that was cut short; see lockBtree in its btree.c.
    connection.exec('PRAGMA writable_schema = ON');
    const salvaging = new Salvaging(new Database(damagedPath, connection), into);
    return into.write(() => salvaging.all());
  } catch {
    // A new history that is empty is better than none.
    return { runs: 0, schedules: 0, alerts: 0 };
  } finally {
    connection?.close();
  }
}

class Salvaging {
  readonly #from: Database;
  readonly #into: Database;

  constructor(from: Database, into: Database) {
    this.#from = from;
    this.#into = into;
  }

  all(): Salvaged {
    for (const row of this.#rowsOf('settings', 'name')) {
      this.#copy('settings', row);
    }
    let schedules = 0;
    for (const row of this.#rowsOf('schedules', 'id')) {
      schedules += isValid(schedule, () => scheduleOf(row)) && this.#copy('schedules', row) ? 1 : 0;
    }
    let runs = 0;
    for (const row of this.#numberedRowsOf('runs')) {
      if (isValid(runRecord, () => recordOf(row)) && this.#copy('runs', row)) {
        this.#copyPartsOf(numberOf(row, 'id'));
        runs += 1;
      }
    }
    let alerts = 0;
    for (const row of this.#numberedRowsOf('alerts')) {
      if (isValid(alert, () => alertOf(this.#from, row)) && this.#copy('alerts', row)) {
        this.#copyWhere('alert_runs', 'alert_id', numberOf(row, 'id'));
        alerts += 1;
      }
    }
    this.#keepNumbers();
    return { runs, schedules, alerts };
  }

  #copyPartsOf(runId: number): void {
    for (const table of partsOfRuns) {
      if (table !== 'run_documents' || this.#hasWholeDocument(runId)) {
        this.#copyWhere(table, 'run_id', runId);
      }
    }
  }

  #hasWholeDocument(runId: number): boolean {
    try {
      return documentOf(this.#from, runId) !== undefined;
    } catch {
      return false;
    }
  }

  #copyWhere(table: string, column: string, id: number): void {
    for (const row of this.#until(`SELECT * FROM ${table} WHERE ${column} = ?`, [id])) {
      this.#copy(table, row);
    }
  }

  *#numberedRowsOf(table: string): Generator<Row> {
    let last = 0;
    for (const row of this.#until(`SELECT * FROM ${table} ORDER BY id`)) {
      yield row;
      last = numberOf(row, 'id');
    }
    let first: number | undefined;
    for (const row of this.#until(`SELECT * FROM ${table} WHERE id > ? ORDER BY id DESC`, [last])) {
      yield row;
      first = numberOf(row, 'id');
    }
    const end = Math.min(first ?? this.#lastNumberOf(table) + 1, last + 1 + mostProbes);
    for (let id = last + 1; id < end; id += 1) {
      yield* this.#until(`SELECT * FROM ${table} WHERE id = ?`, [id]);
    }
  }

  /** The last id that the table assigned; 0 where that cannot be read. */
  #lastNumberOf(table: string): number {
    for (const row of this.#until('SELECT seq FROM sqlite_sequence WHERE name = ?', [table])) {
      return numberOf(row, 'seq');
    }
    return 0;
  }

  *#rowsOf(table: string, key: string): Generator<Row> {
    yield* this.#until(`SELECT * FROM ${table} ORDER BY ${key}`);
    // What comes twice is refused the second time.
    yield* this.#until(`SELECT * FROM ${table} ORDER BY ${key} DESC`);
  }

  /** The rows up to where the file is damaged, or has a number that no JavaScript program wrote. */
  *#until(sql: string, values: SQLInputValue[] = []): Generator<Row> {
    try {
      yield* this.#from.iterate(sql, values);
    } catch (error) {
      if (!isDamage(error) && !isTooLarge(error)) {
        throw error;
      }
    }
  }

  /** Whether the row was taken: one that breaks a rule of its table, or is there already, is not. */
  #copy(table: string, row: Row): boolean {
    try {
      this.#into.insert(table, row);
      return true;
    } catch (error) {
      if (isConstraint(error)) {
        return false;
      }
      throw error;
    }
  }

  /** Ids that the damaged file assigned are not assigned again, though their rows may be lost. */
  #keepNumbers(): void {
    const numbers = this.#until('SELECT name, seq FROM sqlite_sequence WHERE name IS NOT NULL');
    for (const { name = null, seq = null } of numbers) {
      if (this.#into.run('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?', [seq, name]) === 0) {
        this.#into.insert('sqlite_sequence', { name, seq });
      }
    }
  }
}

/** An integer beyond 2^53, which `node:sqlite` does not give. */
const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';

/** Probing millions of ids that no row ever had would take long. */
const mostProbes = 100_000;

function isValid(schema: v.GenericSchema, read: () => unknown): boolean {
  try {
    return v.is(schema, read());
  } catch {
    return false;
  }
}
