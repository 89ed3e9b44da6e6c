/** Errors as the socket sends them, and the sentences for requests that are not what the protocol says. */

import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { errorNumbers } from '@tidemark/shared/protocol/daemon/error-numbers.ts';
import type { WireError } from '@tidemark/shared/protocol/daemon/wire.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';

export function toWireError(error: unknown): WireError {
  const record = toErrorRecord(error);
  const [number] = errorNumbers[record.code];
  return { ...record, number };
}

const badRequest = (message: string, hint: string): TidemarkError =>
  new TidemarkError('bad-request', message, { hint });

const versionsHint = 'Bring the daemon and its clients to the same version.';

export const unreadable = (what: string): TidemarkError =>
  badRequest(`The request cannot be read: ${what}.`, versionsHint);

export const unknownMethod = (method: string): TidemarkError =>
  badRequest(`The daemon has no method ${JSON.stringify(method)}.`, versionsHint);

export const noHello = (method: string): TidemarkError =>
  badRequest(`${method} came before the handshake.`, 'Say hello first on every connection.');

/** The most of a peer's own words that is sent back or logged. */
const longestQuote = 200;

export const shortened = (words: string): string =>
  words.length <= longestQuote ? words : `${words.slice(0, longestQuote)}…`;

/** The first thing that is wrong, with where it is: `settings.timing.seconds`. */
export function issueSentence(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const what = issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  return shortened(path === null ? what : `"${path}" is wrong, ${what}`);
}
