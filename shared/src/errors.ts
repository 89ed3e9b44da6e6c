/** The one class of errors that are a person's to mend: a stable code, what happened, and what to do next. */

export type ErrorCode =
  | 'native-addon'
  | 'unknown-model'
  | 'unknown-voice'
  | 'bad-config'
  | 'bad-checkpoint'
  | 'bad-input'
  | 'bad-text'
  | 'not-writable'
  | 'network'
  | 'host-died'
  | 'interrupted'
  | 'internal';

export interface TidemarkErrorOptions {
  /** What to do next, as a sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, { hint, cause }: TidemarkErrorOptions = {}) {
    super(message, { cause });
    this.code = code;
    this.hint = hint;
  }
}
