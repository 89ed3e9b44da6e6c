/** The one class of errors that are a person's to mend: a stable code, what happened, and what to do next. */

import { printableMessage } from './printable.ts';

/** Every code, with what it stands for; scripts match on them, so none is renamed. */
export const errorCodes = [
  /** The addon over libmlx is not built, or does not load. */
  'native-addon',
  'unknown-model',
  'unknown-voice',
  /** A checkpoint's config.json cannot be used. */
  'bad-config',
  /** A checkpoint's tensors cannot be used. */
  'bad-checkpoint',
  /** A value that a person gave is out of its range. */
  'bad-input',
  /** A file that should hold a document of Tidemark cannot be read as one. */
  'bad-document',
  /** Two documents whose figures cannot be held against each other. */
  'not-comparable',
  /** A text or phonemes that cannot be spoken. */
  'bad-text',
  /** A command line that does not parse. */
  'usage',
  /** A folder or file cannot be written, or the disk is full. */
  'not-writable',
  'network',
  /** The process that builds a checkpoint ended before it was whole. */
  'build-failed',
  /** The model host ended before it answered. */
  'host-died',
  /** There is no Python, or none that can run mlx-audio. */
  'python',
  /** The model host did not answer in time. */
  'host-timeout',
  /** A program that was watched ended with an error, or did nothing that can be watched. */
  'program-failed',
  /** MLX could not get the memory that it asked for. */
  'out-of-memory',
  /** A person or a signal stopped the work. */
  'interrupted',
  /** No daemon answers where one was expected. */
  'no-daemon',
  /** Another daemon of this user runs already. */
  'daemon-running',
  /** The daemon and its client speak different versions of the protocol. */
  'protocol-version',
  /** A request that the daemon cannot read, or that comes before the handshake. */
  'bad-request',
  /** The daemon did not answer in time. */
  'timeout',
  /** What was asked for needs something that is in use, or the queue is full. */
  'busy',
  /** A run, schedule or alert that does not exist. */
  'not-found',
  /** The host weighs more than the ceiling that was set. */
  'memory-ceiling',
  /** The history's database cannot be read or written. */
  'history',
  /** launchd, systemd or another manager of services refused. */
  'service',
  /** The daemon is about to end, and begins nothing more. */
  'shutting-down',
  /** None of the above: a defect of Tidemark. */
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface TidemarkErrorOptions {
  /** What to do next, as a sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, { hint, cause }: TidemarkErrorOptions = {}) {
    // Both quote files, servers, and people; and go to terminals, logs, menus, and notifications.
    super(printableMessage(message), { cause });
    this.code = code;
    this.hint = hint === undefined ? undefined : printableMessage(hint);
  }
}
