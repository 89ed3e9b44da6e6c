/**
 * What has to be known of a history even where its file is lost, in a small file beside it: which numbers were given, and how
 * the clock stood. It is on the disk before what it speaks of is.
 */

import { readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { count } from '@tidemark/shared/protocol/quantities.ts';
import { removeTemporariesBeside, replaceFileNow } from '../files/durable.ts';
import { errnoOf, storageError } from '../files/storage-errors.ts';

const marksSchema = v.object({
  /** The last number that each of the tables gave, by its name. */
  numbers: v.optional(v.record(v.string(), count), {}),
  /** In milliseconds since 1970. */
  clock: v.optional(
    v.object({
      /** The last time that was believed. */
      believed: v.number(),
      /** A clock that is not believed yet: what it showed last, and for how long it has gone on from there. */
      doubted: v.optional(v.object({ shown: v.number(), heldSeconds: v.number() })),
    }),
  ),
  /** A removal of many runs: since when it is due, and whether it may begin. */
  removal: v.optional(v.object({ since: v.number(), granted: v.boolean() })),
});

export type MarksContent = v.InferOutput<typeof marksSchema>;

/** The tables whose rows a person speaks of by their numbers. */
const numbered = ['runs', 'schedules', 'alerts'];

export const isNumbered = (table: string): boolean => numbered.includes(table);

export class Marks {
  readonly #path: string;

  /** `path` is that of the history. */
  constructor(path: string) {
    this.#path = `${path}.marks`;
  }

  /** Read each time, since other processes change them. What no Tidemark wrote says nothing. Throws 'not-writable'. */
  read(): MarksContent {
    try {
      const text = readFileSync(this.#path, 'utf8');
      const result = v.safeParse(v.pipe(v.string(), v.parseJson(), marksSchema), text);
      return result.success ? result.output : { numbers: {} };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') {
        return { numbers: {} };
      }
      throw this.#unusable(error);
    }
  }

  /** To be called with the history locked for writing. Throws 'not-writable'. */
  change(change: Partial<MarksContent>): void {
    try {
      replaceFileNow(this.#path, `${JSON.stringify({ ...this.read(), ...change })}\n`);
    } catch (error) {
      throw this.#unusable(error);
    }
  }

  /** On opening: what a process left that was killed while it changed them. Never throws. */
  tidy(connection: DatabaseSync): void {
    try {
      // Others change them only while they have the history locked for writing.
      connection.exec('BEGIN IMMEDIATE');
      removeTemporariesBeside(this.#path);
    } catch {
      // The next opening does it.
    } finally {
      if (connection.isTransaction) {
        connection.exec('ROLLBACK');
      }
    }
  }

  #unusable(cause: unknown): unknown {
    const told = storageError(cause, this.#path);
    return told === cause && !(cause instanceof TidemarkError)
      ? new TidemarkError('not-writable', `${this.#path} cannot be read or written.`, {
          hint: 'Move what is in its place away; it is written again.',
          cause,
        })
      : told;
  }

  /** Before the commit that gives numbers: a history that is lost after it does not give them again. */
  noteNumbers(connection: DatabaseSync): void {
    const { numbers } = this.read();
    const given = numbersOf(connection).filter(([table, last]) => last > (numbers[table] ?? 0));
    if (given.length > 0) {
      this.change({ numbers: { ...numbers, ...Object.fromEntries(given) } });
    }
  }

  /** On opening: an emptied, recovered or older file goes on after the last number that was given, whichever gave it. */
  keepNumbers(connection: DatabaseSync): void {
    const known = Object.entries(this.read().numbers);
    const given = new Map(numbersOf(connection));
    if (known.every(([table, last]) => last <= (given.get(table) ?? 0))) {
      return;
    }
    connection.exec('BEGIN IMMEDIATE');
    try {
      for (const [table, last] of known.filter(([name]) => isNumbered(name))) {
        connection
          .prepare(
            'INSERT INTO sqlite_sequence (name, seq) SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)',
          )
          .run(table, table);
        connection.prepare('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?').run(last, table);
      }
      connection.exec('COMMIT');
    } catch (error) {
      if (connection.isTransaction) {
        connection.exec('ROLLBACK');
      }
      throw error;
    }
  }
}

/** A damaged row of the sequence is left out. */
const numbersOf = (connection: DatabaseSync): [string, number][] =>
  connection
    .prepare('SELECT name, max(seq) AS seq FROM sqlite_sequence GROUP BY name')
    .all()
    .flatMap(({ name, seq }) =>
      typeof name === 'string' && typeof seq === 'number' && isNumbered(name)
        ? [[name, seq] satisfies [string, number]]
        : [],
    );
