/** The history's database: prepared statements, whole transactions, and errors that are told apart. */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { connect, fileAt } from './connect.ts';
import { historyError, isDamage } from './history-errors.ts';
import { unreadable } from './proof.ts';
import { isNumbered } from './marks.ts';
import type { Marks } from './marks.ts';
import type { Row } from './rows.ts';
import { UnreadableRows } from './unreadable.ts';

/** What goes into the columns of a row; undefined is NULL. */
export type Columns = Readonly<Record<string, SQLInputValue | undefined>>;

/** How a connection is made again. */
export interface Reconnection {
  /** To the file that is there. */
  readonly reopen: () => DatabaseSync;
  /** After damage showed; absent for a process that may not replace the file. */
  readonly recover?: () => DatabaseSync;
  /** Where numbers are noted before they are given. */
  readonly marks?: Marks;
  /** Called at the beginning of every transaction that writes. Throws 'daemon-running' where the history is another daemon's. */
  readonly claim?: (connection: DatabaseSync) => void;
}

export class Database implements Disposable {
  readonly path: string;
  readonly unreadable = new UnreadableRows();
  #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  /** The transaction has added a row that has a number. */
  #givesNumbers = false;
  #isClosed = false;
  #file: string | undefined;
  /** The log and its index after the last write, which made them where they were not there. */
  #log: string | undefined;
  #recoveredAt = Number.NEGATIVE_INFINITY;
  readonly #reconnection: Reconnection;
  #waits = true;

  constructor(
    path: string,
    connection: DatabaseSync,
    reconnection: Reconnection = { reopen: () => connect(path) },
  ) {
    this.path = path;
    this.#connection = connection;
    this.#reconnection = reconnection;
    this.#file = fileAt(path);
  }

  /** From now on, what meets another process's lock throws {@link LockedHistory} at once, and the event loop goes on. */
  neverWait(): void {
    this.#waits = false;
    this.#connection.exec('PRAGMA busy_timeout = 0');
  }

  /** For what needs SQLite's own connection. */
  use<T>(body: (connection: DatabaseSync) => T): T {
    return body(this.#connection);
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
    this.#givesNumbers ||= isNumbered(table);
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
      this.#keepRemovedLog();
      const result = this.#transaction(body);
      this.#log = this.#logAt();
      return result;
    });
  }

  /** Throws 'history' where the file was removed or replaced, of which otherwise the next write tells; and opens what is there. */
  refuseMoved(): void {
    this.#guarded(() => this.#refuseMoved());
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
      this.#reconnection.claim?.(this.#connection);
      const result = body();
      if (this.#givesNumbers) {
        this.#reconnection.marks?.noteNumbers(this.#connection);
      }
      this.run('COMMIT');
      return result;
    } catch (error) {
      // A full disk has already rolled it back.
      if (this.#connection.isTransaction) {
        this.run('ROLLBACK');
      }
      throw error;
    } finally {
      this.#givesNumbers = false;
    }
  }

  /** Where damage shows, it is proved and its file replaced, or the file is opened again; then `body` runs once more. */
  #guarded<T>(body: () => T): T {
    if (this.#depth > 0) {
      return body();
    }
    this.#depth += 1;
    try {
      if (!this.#connection.isOpen && !this.#isClosed) {
        // The last attempt to open another file failed, for example on a full disk.
        this.#renew(this.#reconnection.reopen);
      }
      return body();
    } catch (error) {
      const { recover } = this.#reconnection;
      if (!isDamage(error) || recover === undefined) {
        throw historyError(error, this.path);
      }
      if (!this.#mayRecover()) {
        throw unreadable(this.path, error);
      }
      this.#renew(recover);
      try {
        return body();
      } catch (again) {
        // The file is sound or new, so this is the disk's doing.
        throw isDamage(again) ? unreadable(this.path, again) : historyError(again, this.path);
      }
    } finally {
      this.#depth -= 1;
    }
  }

  /** On a failing disk, one new file after the other would be damaged. */
  #mayRecover(): boolean {
    const now = performance.now();
    if (now - this.#recoveredAt < fewestMillisecondsBetweenFiles) {
      return false;
    }
    this.#recoveredAt = now;
    return true;
  }

  /**
   * Where someone removed the file or put another in its place, what is written to the open one is lost with it. Then the
   * write is refused, and the next one goes to what is there now.
   */
  #refuseMoved(): void {
    if (this.#file === fileAt(this.path)) {
      return;
    }
    this.#renew(this.#reconnection.reopen);
    throw new TidemarkError(
      'history',
      `The history ${this.path} was removed or replaced while it was in use.`,
      {
        hint: 'Try again; the file that is there now is used from now on.',
      },
    );
  }

  /**
   * Where someone removed the log or its index, it still exists for this connection alone: what the log holds goes into
   * the file, and the next write begins another.
   */
  #keepRemovedLog(): void {
    if (this.#log === undefined || this.#log === this.#logAt()) {
      return;
    }
    this.#log = undefined;
    this.run('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#renew(this.#reconnection.reopen);
  }

  #logAt(): string {
    return ['-wal', '-shm'].map((suffix) => fileAt(this.path + suffix)).join();
  }

  #renew(connect: () => DatabaseSync): void {
    this.#disconnect();
    try {
      this.#connection = connect();
      if (!this.#waits) {
        this.neverWait();
      }
    } catch (error) {
      throw historyError(error, this.path);
    }
    this.#file = fileAt(this.path);
    this.#log = undefined;
  }
}

const valuesOf = (columns: Columns): SQLInputValue[] => Object.values(columns).map((value) => value ?? null);

const fewestMillisecondsBetweenFiles = 60_000;
