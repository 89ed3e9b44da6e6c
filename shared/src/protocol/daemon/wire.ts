/** How messages travel between the daemon and its clients: node-ipc's frames with three event names, their limits, and the numbers of errors. */

import * as v from 'valibot';
import { errorCodes } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';
import { count, errorRecord, text } from '../quantities.ts';

/**
 * Raised when a request, an answer or an event changes in a way that an older side would misread. A new method, topic or
 * optional field does not raise it.
 */
export const protocolVersion = 2;

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

export const topics = ['progress', 'status', 'alerts'] as const;

export type Topic = (typeof topics)[number];

export const eventFrame = v.object({
  topic: v.picklist(topics),
  /** Counts a connection's events from 0: a gap means that some were lost. */
  sequence: count,
  data: v.unknown(),
});

/**
 * Stable like the codes: none is given twice or changes its meaning. Below 100: of the connection; from 100: of what was
 * asked; from 200: of the daemon's state; from 300: of the work; 900: a defect.
 */
export const errorNumbers: Readonly<Record<ErrorCode, readonly [number: number, sentence: string]>> = {
  'no-daemon': [1, 'No daemon answers where one was expected.'],
  'protocol-version': [2, 'The daemon and its client speak different versions of the protocol.'],
  'bad-request': [3, 'The request cannot be read, or was sent before the handshake.'],
  timeout: [4, 'The daemon did not answer in time.'],
  usage: [100, 'The command line does not parse.'],
  'bad-input': [101, 'A value is out of its range.'],
  'bad-text': [102, 'The text or the phonemes cannot be spoken.'],
  'unknown-model': [103, 'There is no such model.'],
  'unknown-voice': [104, 'There is no such voice.'],
  'not-found': [105, 'There is no such run, schedule or alert.'],
  'bad-document': [106, 'A file cannot be read as a Tidemark document.'],
  'not-comparable': [107, 'The figures of the two documents cannot be compared.'],
  'daemon-running': [200, 'Another daemon of this user is already running.'],
  busy: [201, 'The request needs something that is in use, or the queue is full.'],
  'shutting-down': [202, 'The daemon is shutting down and starts nothing more.'],
  history: [203, 'The history database cannot be read or written.'],
  service: [204, 'The service manager refused.'],
  interrupted: [300, 'The work was canceled or interrupted by a signal.'],
  'host-died': [301, 'The model host ended before it answered.'],
  'host-timeout': [302, 'The model host did not answer in time.'],
  'memory-ceiling': [303, 'The model host exceeds the memory limit.'],
  'out-of-memory': [304, 'MLX could not allocate the memory it needed.'],
  'native-addon': [305, 'The addon over libmlx is not built, or does not load.'],
  'bad-config': [306, "The checkpoint's config.json cannot be used."],
  'bad-checkpoint': [307, "The checkpoint's tensors cannot be used."],
  'build-failed': [308, 'The process that builds a checkpoint ended before it was complete.'],
  'not-writable': [309, 'A folder or file cannot be written, or the disk is full.'],
  network: [310, 'The network or the model hub did not respond as expected.'],
  python: [311, 'There is no Python, or none that can run mlx-audio.'],
  'program-failed': [312, 'The watched program failed, or did nothing that can be watched.'],
  internal: [900, 'An internal error: a bug in Tidemark.'],
};
