/** The history's database: prepared statements, whole transactions, and errors that are told apart. */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { connect, fileAt } from './connect.ts';
import type { FileIdentity } from './connect.ts';
import { historyError, isDamage } from './history-errors.ts';
import type { Row } from './rows.ts';

/** What goes into the columns of a row; undefined is NULL. */
export type Columns = Readonly<Record<string, SQLInputValue | undefined>>;

export class Database implements Disposable {
  readonly path: string;
  #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #isClosed = false;
  #file: FileIdentity | undefined;
  #replacedAt = Number.NEGATIVE_INFINITY;
  /** Makes another connection, to another file, in the place of a damaged one. */
  readonly #replace: ((damage: unknown) => DatabaseSync) | undefined;

  constructor(path: string, connection: DatabaseSync, replace?: (damage: unknown) => DatabaseSync) {
    this.path = path;
    this.#connection = connection;
    this.#replace = replace;
    this.#file = fileAt(path);
  }

  get(sql: string, values: SQLInputValue[] = []): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  all(sql: string, values: SQLInputValue[] = []): Row[] {
    return this.#statement(sql).all(...values);
  }

  /** Row by row, so that the rows before an error are not lost. */
  iterate(sql: string, values: SQLInputValue[] = []): IterableIterator<Row> {
    return this.#statement(sql).iterate(...values);
  }

  /** Returns how many rows were changed. */
  run(sql: string, values: SQLInputValue[] = []): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  /** Returns the id of the new row. */
  insert(table: string, columns: Columns): number {
    const names = Object.keys(columns);
    const marks = names.map(() => '?').join(', ');
    const statement = this.#statement(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${marks})`);
    return Number(statement.run(...valuesOf(columns)).lastInsertRowid);
  }

  /** Changes some columns of the row with an id, if there is one. */
  update(table: string, id: number, columns: Columns): void {
    const changes = Object.keys(columns).map((name) => `${name} = ?`);
    this.run(`UPDATE ${table} SET ${changes.join(', ')} WHERE id = ?`, [...valuesOf(columns), id]);
  }

  /** Reads; errors of SQLite come out as TidemarkErrors. */
  read<T>(body: () => T): T {
    return this.#guarded(body);
  }

  /** Everything in `body` is on the disk when this returns, or nothing of it ever is. */
  write<T>(body: () => T): T {
    return this.#guarded(() => {
      if (this.#connection.isTransaction) {
        return body();
      }
      this.#refuseMoved();
      return this.#transaction(body);
    });
  }

  get isTransaction(): boolean {
    return this.#connection.isTransaction;
  }

  close(): void {
    this.#isClosed = true;
    this.#disconnect();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #disconnect(): void {
    this.#statements.clear();
    if (this.#connection.isOpen) {
      this.#connection.close();
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      return known;
    }
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #transaction<T>(body: () => T): T {
    this.run('BEGIN IMMEDIATE');
    try {
      const result = body();
      this.run('COMMIT');
      return result;
    } catch (error) {
      // A full disk has already rolled it back.
      if (this.#connection.isTransaction) {
        this.run('ROLLBACK');
      }
      throw error;
    }
  }

  /** A damaged file is replaced, and `body` runs once more on the new one. */
  #guarded<T>(body: () => T): T {
    if (this.#depth > 0) {
      return body();
    }
    this.#depth += 1;
    try {
      if (!this.#connection.isOpen && !this.#isClosed) {
        // The last attempt to open another file failed, for example on a full disk.
        this.#renew(() => connect(this.path, 'shared'));
      }
      return body();
    } catch (error) {
      if (!isDamage(error) || !this.#mayReplace()) {
        throw historyError(error, this.path);
      }
      this.#renew(() => this.#replace?.(error) ?? connect(this.path, 'shared'));
      try {
        return body();
      } catch (again) {
        throw historyError(again, this.path);
      }
    } finally {
      this.#depth -= 1;
    }
  }

  /** On a failing disk, one new file after the other would be damaged. */
  #mayReplace(): boolean {
    const now = performance.now();
    if (this.#replace === undefined || now - this.#replacedAt < fewestMillisecondsBetweenFiles) {
      return false;
    }
    this.#replacedAt = now;
    return true;
  }

  /**
   * Where someone removed the file or put another in its place, what is written to the open one is lost with it. Then the
   * write is refused, and the next one goes to what is there now.
   */
  #refuseMoved(): void {
    if (isSameFile(this.#file, fileAt(this.path))) {
      return;
    }
    this.#renew(() => connect(this.path, 'shared'));
    throw new TidemarkError(
      'history',
      `The history ${this.path} was removed or replaced while it was in use.`,
      {
        hint: 'Try again; the file that is there now is used from now on.',
      },
    );
  }

  #renew(connect: () => DatabaseSync): void {
    this.#disconnect();
    try {
      this.#connection = connect();
    } catch (error) {
      throw historyError(error, this.path);
    }
    this.#file = fileAt(this.path);
  }
}

const valuesOf = (columns: Columns): SQLInputValue[] => Object.values(columns).map((value) => value ?? null);

const fewestMillisecondsBetweenFiles = 60_000;

const isSameFile = (a: FileIdentity | undefined, b: FileIdentity | undefined): boolean =>
  a?.device === b?.device && a?.inode === b?.inode;
