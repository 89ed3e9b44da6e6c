/** Rows that cannot be read: each is told from its neighbors, remembered with why, and in the way of nothing. */

import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable } from '@tidemark/shared/printable.ts';
import type { UnreadableRow } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { sqliteCodeOf } from './history-errors.ts';

/** Why a row or a line of an import is refused, as a sentence. */
export class Refusal extends Error {}

/** The value as the schema reads it. Throws a {@link Refusal}. */
export function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    const path = v.getDotPath(issue);
    throw new Refusal(
      `${path === null ? 'It' : `Its ${printable(path)}`} is not valid: ${printable(issue.message.replace(/\.$/, ''))}.`,
    );
  }
  return result.output;
}

export type JudgedTable = 'runs' | 'schedules' | 'alerts';

const named: Readonly<Record<JudgedTable, (id: number) => { readonly what: string; readonly hint: string }>> =
  {
    runs: (id) => ({ what: `Run #${id}`, hint: `Delete it with \`tidemark runs delete ${id}\`.` }),
    schedules: (id) => ({
      what: `Schedule ${id}`,
      hint: `Remove it with \`tidemark schedule remove ${id}\`, and add it again.`,
    }),
    alerts: (id) => ({ what: `Alert #${id}`, hint: `Remove it with \`tidemark alerts ack ${id}\`.` }),
  };

/** More are counted nowhere: what is left of a table of which so many rows are unreadable, an export saves. */
const mostRemembered = 1000;

/** What was found unreadable since the history was opened, and is still there. */
export class UnreadableRows {
  readonly #found: Readonly<Record<JudgedTable, Map<number, string>>> = {
    runs: new Map(),
    schedules: new Map(),
    alerts: new Map(),
  };
  /** Set by whoever tells a person. */
  onChange: (table: JudgedTable) => void = () => undefined;

  /** What `read` makes of a row; undefined where it cannot be read, which is remembered. What SQLite refuses is thrown. */
  judge<Result>(table: JudgedTable, id: number, read: () => Result): Result | undefined {
    try {
      const result = read();
      this.forget(table, id);
      return result;
    } catch (error) {
      if (!isOfRow(error)) {
        throw error;
      }
      this.#remember(table, id, reasonOf(error));
      return undefined;
    }
  }

  /** The same, but throws 'history' where the row cannot be read. */
  need<Result>(table: JudgedTable, id: number, read: () => Result): Result {
    const judged = this.judge(table, id, () => ({ result: read() }));
    if (judged === undefined) {
      throw new UnreadableError(table, id, this.reasonOf(table, id));
    }
    return judged.result;
  }

  /** What `read` makes of what belongs to a row that itself can be read. Throws 'history' where it makes nothing of it. */
  needPart<Result>(table: JudgedTable, id: number, read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      throw isOfRow(error) ? new UnreadableError(table, id, reasonOf(error), error) : error;
    }
  }

  /** What `read` makes of what a row can do without; undefined where it makes nothing of it. */
  attempt<Result>(read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      if (isOfRow(error)) {
        return undefined;
      }
      throw error;
    }
  }

  isKnown(table: JudgedTable, id: number): boolean {
    return this.#found[table].has(id);
  }

  reasonOf(table: JudgedTable, id: number): string {
    return this.#found[table].get(id) ?? 'It was not readable.';
  }

  list(table: JudgedTable): UnreadableRow[] {
    return [...this.#found[table]].map(([id, reason]) => ({ id, reason }));
  }

  /** It is gone, or can be read. */
  forget(table: JudgedTable, id: number): void {
    if (this.#found[table].delete(id)) {
      this.onChange(table);
    }
  }

  #remember(table: JudgedTable, id: number, reason: string): void {
    const found = this.#found[table];
    if (found.get(id) !== reason && (found.has(id) || found.size < mostRemembered)) {
      found.set(id, reason);
      this.onChange(table);
    }
  }
}

/** 'history', for what was asked for by its number. */
class UnreadableError extends TidemarkError {
  readonly reason: string;

  constructor(table: JudgedTable, id: number, reason: string, cause?: unknown) {
    const { what, hint } = named[table](id);
    super('history', `${what} cannot be read: ${clauseOf(reason)}.`, { hint, cause });
    this.reason = reason;
  }
}

/** What a person is told of all unreadable rows of a table; undefined where there are none. */
export function unreadableNotice(
  table: JudgedTable,
  rows: readonly UnreadableRow[],
): { readonly message: string; readonly hint: string } | undefined {
  const [first, ...others] = rows;
  if (first === undefined) {
    return undefined;
  }
  const { what, hint } = named[table](first.id);
  const more = others.slice(0, mostNamed).map(({ id }) => `#${id}`);
  const rest = others.length - more.length;
  const also = [...more, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
  return {
    message: `${what} cannot be read and was set aside: ${clauseOf(first.reason)}.${also === '' ? '' : ` So were ${also}.`}`,
    hint,
  };
}

const mostNamed = 10;

/** As an answer has them: nothing where there are none. */
export const namedUnreadable = (rows: readonly UnreadableRow[]): { readonly unreadable?: UnreadableRow[] } =>
  rows.length === 0 ? {} : { unreadable: rows.slice(0, 100) };

/** A sentence as the rest of another. */
export const clauseOf = (sentence: string): string =>
  sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');

/** Not what SQLite refuses, which is of the whole file, nor a full disk. */
export const isOfRow = (error: unknown): boolean =>
  sqliteCodeOf(error) === undefined &&
  (!(error instanceof TidemarkError) || error instanceof UnreadableError || ofRow.includes(error.code));

const ofRow: readonly string[] = ['bad-input', 'bad-document', 'unknown-model', 'unknown-voice'];

function reasonOf(error: unknown): string {
  if (error instanceof Refusal) {
    return error.message;
  }
  if (error instanceof UnreadableError) {
    return error.reason;
  }
  const message = printable(error instanceof Error ? error.message : String(error), 300);
  return `${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.$/, '')}.`;
}
