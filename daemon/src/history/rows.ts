/** Reads the columns of a row as the types that the schema gives them. */

import type { SQLOutputValue } from 'node:sqlite';
import { Refusal } from './unreadable.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

function mistyped(column: string, value: unknown): never {
  throw new Refusal(
    value === undefined ? `Its ${column} is missing.` : `Its ${column} is of another type: ${typeof value}.`,
  );
}

export function optionalText(row: Row, column: string): string | undefined {
  const value = row[column] ?? undefined;
  return value === undefined || typeof value === 'string' ? value : mistyped(column, value);
}

export const textOf = (row: Row, column: string): string =>
  optionalText(row, column) ?? mistyped(column, undefined);

export function optionalNumber(row: Row, column: string): number | undefined {
  const value = row[column] ?? undefined;
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new Refusal(`Its ${column} is not a number that can be.`);
  }
  return value === undefined || typeof value === 'number' ? value : mistyped(column, value);
}

export const numberOf = (row: Row, column: string): number =>
  optionalNumber(row, column) ?? mistyped(column, undefined);

/** What the JSON in a column says; undefined where the column is NULL. */
export function jsonOf(row: Row, column: string): unknown {
  const json = optionalText(row, column);
  try {
    return json === undefined ? undefined : (JSON.parse(json) as unknown);
  } catch {
    throw new Refusal(`Its ${column} is not JSON.`);
  }
}

export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  return value instanceof Uint8Array ? value : mistyped(column, value);
}

/** The value without the properties that are undefined, as JSON would have it. */
export function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}

/** A moment as the tables keep it: ISO 8601 in UTC with milliseconds, which sorts as text. Throws a RangeError for none. */
export const momentText = (moment: string | Date): string => new Date(moment).toISOString();

export const optionalMoment = (moment: string | Date | undefined): string | undefined =>
  moment === undefined ? undefined : momentText(moment);

/** A column cut to so many characters, under its own name: what a file holds has no limit, and what is listed has. */
export const boundedColumn = (column: string, most: number): string =>
  `CASE WHEN length(${column}) > ${most} THEN substr(${column}, 1, ${most - 1}) || '…' ELSE ${column} END AS ${column}`;

export const optionalJson = (value: object | undefined): string | undefined =>
  value === undefined ? undefined : JSON.stringify(value);
