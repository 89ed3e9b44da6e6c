/** Reads the columns of a row as the types that the schema gives them. */

import type { SQLOutputValue } from 'node:sqlite';

export type Row = Readonly<Record<string, SQLOutputValue>>;

const mistyped = (column: string, value: unknown): TypeError =>
  new TypeError(`the column ${column} holds a value of another type: ${typeof value}`);

export function optionalText(row: Row, column: string): string | undefined {
  const value = row[column];
  if (value === null || value === undefined) {
    return undefined;
  }
  if (typeof value !== 'string') {
    throw mistyped(column, value);
  }
  return value;
}

export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') {
    throw mistyped(column, value);
  }
  return value;
}

export function optionalNumber(row: Row, column: string): number | undefined {
  const value = row[column];
  if (value === null || value === undefined) {
    return undefined;
  }
  if (typeof value !== 'number') {
    throw mistyped(column, value);
  }
  return value;
}

export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') {
    throw mistyped(column, value);
  }
  return value;
}

export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) {
    throw mistyped(column, value);
  }
  return value;
}

/** The value without the properties that are undefined, as JSON would have it. */
export function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}

/** A moment as the tables keep it: ISO 8601 in UTC with milliseconds, which sorts as text. Throws a RangeError for none. */
export const momentText = (moment: string | Date): string => new Date(moment).toISOString();
