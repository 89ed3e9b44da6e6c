/** How messages travel between the daemon and its clients: node-ipc's frames with three event names, and their limits. */

import * as v from 'valibot';
import { errorCodes } from '../../errors.ts';
import { count, errorRecord, text } from '../quantities.ts';

/**
 * Raised when a request, an answer or an event changes in a way that an older side would misread. A new method, topic or
 * optional field does not raise it.
 */
export const protocolVersion = 1;

/** The only names that either side accepts; what a message is about is in its data. */
export const wireEvents = {
  /** Client to daemon. */
  request: 'tidemark.request',
  /** Daemon to client, one for each request. */
  response: 'tidemark.response',
  /** Daemon to client, as subscribed. */
  event: 'tidemark.event',
} as const;

/** Bytes. A request is small; an answer may hold a whole study. */
export const wireLimits = {
  requestBytes: 64 * 1024,
  responseBytes: 16 * 1024 * 1024,
  /** What may wait for a client that does not read, before it is let go. */
  pendingBytes: 32 * 1024 * 1024,
  /** How long the rest of a frame may take. */
  messageMilliseconds: 5000,
  /** How long a new connection may take to say hello. */
  helloMilliseconds: 5000,
} as const;

/** What a client sends. Its parameters are checked by the method's own schema. */
export const requestFrame = v.strictObject({
  /** Chosen by the client; its answer carries it. */
  id: count,
  method: v.pipe(text, v.maxLength(64)),
  parameters: v.optional(v.record(v.string(), v.unknown())),
});

export type RequestFrame = v.InferOutput<typeof requestFrame>;

/** An error as it travels: the record that a person is told, and its number. */
export const wireError = v.object({
  ...errorRecord.entries,
  /** A newer daemon may have codes that this side does not know. */
  code: v.fallback(v.picklist(errorCodes), 'internal'),
  number: count,
});

export type WireError = v.InferOutput<typeof wireError>;

export const responseFrame = v.union([
  /** `id` is null where the request's own could not be read. */
  v.object({ id: v.nullable(count), error: wireError }),
  v.object({ id: count, result: v.unknown() }),
]);

export type ResponseFrame = v.InferOutput<typeof responseFrame>;

export const topics = ['progress', 'status', 'alerts'] as const;

export type Topic = (typeof topics)[number];

export const eventFrame = v.object({
  topic: v.picklist(topics),
  /** Counts a connection's events from 0: a gap means that some were lost. */
  sequence: count,
  data: v.unknown(),
});

export type EventFrame = v.InferOutput<typeof eventFrame>;
