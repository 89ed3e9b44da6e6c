/** The building blocks of every document: quantities with their units, and errors as data. */

import * as v from 'valibot';
import { errorCodes, TidemarkError } from '../errors.ts';
import { printableMessage } from '../printable.ts';

/** A whole number from 0: of things, samples, tensors. */
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A whole number of bytes, from 0. */
export const bytes = count;

/** A difference of bytes, which may be negative. */
export const byteDifference = v.pipe(v.number(), v.safeInteger());

/** A duration in seconds. */
export const seconds = v.pipe(v.number(), v.finite(), v.minValue(0));

/** A moment, as ISO 8601 with milliseconds in UTC, which is what JSON makes of a Date. */
export const moment = v.pipe(
  v.string(),
  v.isoTimestamp(),
  // Some of what the form allows is no date: `2026-01-01T00:00:00+5`.
  v.check((value) => !Number.isNaN(Date.parse(value)), 'it is not a date that can be'),
);

export const text = v.pipe(v.string(), v.minLength(1));

/** What went wrong, as a person is told it. */
export const errorRecord = v.object({
  code: v.picklist(errorCodes),
  message: text,
  /** What to do next. */
  hint: v.optional(text),
});

export type ErrorRecord = v.InferOutput<typeof errorRecord>;

/** An error as data. One that is not a person's to mend is `internal`, in its own words. */
export function toErrorRecord(error: unknown): ErrorRecord {
  if (error instanceof TidemarkError) {
    const { code, message, hint } = error;
    return hint === undefined ? { code, message } : { code, message, hint };
  }
  const message = printableMessage(error instanceof Error ? error.message : String(error));
  return { code: 'internal', message: message === '' ? 'An error without a message.' : message };
}

/** The error that a record was made of, without its cause. */
export const fromErrorRecord = ({ code, message, hint }: ErrorRecord): TidemarkError =>
  new TidemarkError(code, message, { hint });

/** A distribution's middle and ends. */
export const spread = <const Quantity extends v.GenericSchema<number, number>>(quantity: Quantity) =>
  v.object({ median: quantity, minimum: quantity, maximum: quantity });
