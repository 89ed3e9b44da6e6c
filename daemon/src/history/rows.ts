/** Reads the columns of a row as the types that the schema gives them. */

import type { SQLOutputValue } from 'node:sqlite';

export type Row = Readonly<Record<string, SQLOutputValue>>;

function mistyped(column: string, value: unknown): never {
  throw new TypeError(`the column ${column} holds a value of another type: ${typeof value}`);
}

export function optionalText(row: Row, column: string): string | undefined {
  const value = row[column] ?? undefined;
  return value === undefined || typeof value === 'string' ? value : mistyped(column, value);
}

export const textOf = (row: Row, column: string): string =>
  optionalText(row, column) ?? mistyped(column, undefined);

export function optionalNumber(row: Row, column: string): number | undefined {
  const value = row[column] ?? undefined;
  return value === undefined || typeof value === 'number' ? value : mistyped(column, value);
}

export const numberOf = (row: Row, column: string): number =>
  optionalNumber(row, column) ?? mistyped(column, undefined);

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

export const optionalJson = (value: object | undefined): string | undefined =>
  value === undefined ? undefined : JSON.stringify(value);
