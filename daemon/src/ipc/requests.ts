/** Requests as the socket brings them: who handles each method, how they are checked, and what a refused one is answered. */

import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable } from '@tidemark/shared/printable.ts';
import { errorNumbers } from '@tidemark/shared/protocol/daemon/wire.ts';
import { methods } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { Method, Result } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { WireError } from '@tidemark/shared/protocol/daemon/wire.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';

export interface RequestContext {
  /** As it introduced itself in its handshake. */
  readonly client: { readonly name: string; readonly version: string };
  /** Aborted when the connection has ended: nobody receives the answer. */
  readonly signal: AbortSignal;
}

type ParametersOf<M extends Method> = v.InferOutput<(typeof methods)[M]['parameters']>;

/** `hello` and `subscribe` are the server's own. Parameters are checked; results are sent as they are. */
export type Handlers = {
  readonly [M in Exclude<Method, 'hello' | 'subscribe'>]: (
    parameters: ParametersOf<M>,
    context: RequestContext,
  ) => Result<M> | Promise<Result<M>>;
};

/** The parameters as the method's schema reads them. Throws 'bad-request'. */
export function checkedParameters<M extends Method>(
  method: M,
  given: Record<string, unknown>,
): ParametersOf<M> {
  const parameters = v.safeParse(methods[method].parameters, given, { abortEarly: true });
  if (!parameters.success) {
    throw badRequest(`The parameters of ${method} are invalid: ${issueSentence(parameters.issues[0])}.`);
  }
  return parameters.output;
}

/** The version in a handshake that is not this daemon's to read: a later one may hold anything beside it. */
export const otherHello = v.object({ protocolVersion: v.pipe(v.number(), v.integer()) });

/** The id of a request that is wrong otherwise. */
export function idOf(data: unknown): number | null {
  const id = typeof data === 'object' && data !== null && 'id' in data ? data.id : null;
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : null;
}

export function toWireError(error: unknown): WireError {
  const record = toErrorRecord(error);
  const [number] = errorNumbers[record.code];
  return { ...record, number };
}

export const versionsHint = 'Install the same version of the daemon and its clients.';

export const badRequest = (message: string, hint = versionsHint): TidemarkError =>
  new TidemarkError('bad-request', message, { hint });

export const unreadable = (what: string): TidemarkError => badRequest(`The request cannot be read: ${what}.`);

/** The most of a peer's own words that is sent back or logged. */
const longestQuote = 200;

export const shortened = (words: string): string => printable(words, longestQuote);

/** The first thing that is wrong, with where it is: `settings.timing.seconds`. */
export function issueSentence(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const what = issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  return shortened(path === null ? what : `"${path}" is wrong, ${what}`);
}
