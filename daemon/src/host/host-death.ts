/** Describes how a model host ended. */

import { TidemarkError } from '@tidemark/shared/errors.ts';

/** How a process ended, as Node tells it: exactly one of the two is there. */
export interface HostEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last that it wrote to its standard error. */
  readonly lastWords: string;
}

/** A host that ended by itself; `signal` names what ended it, where a signal did. */
export class HostDeath extends TidemarkError {
  readonly signal: NodeJS.Signals | undefined;

  constructor({ code, signal, lastWords }: HostEnd, doing: string) {
    const how =
      signal === null
        ? `exited with code ${code ?? 'unknown'} ${doing}`
        : `was ended by ${signal} ${doing}${usualCause(signal)}`;
    super('host-died', `The model host ${how}.`, {
      hint: signal === null ? crashHint : hintFor(signal),
      cause: lastWords === '' ? undefined : new Error(`its last output: ${lastWords}`),
    });
    this.signal = signal ?? undefined;
  }
}

const crashHint =
  'Run again with --verbose to see its last output, and run `tidemark doctor` to check the setup.';

const crashes: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGSEGV',
  'SIGBUS',
  'SIGABRT',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
]);

function usualCause(signal: NodeJS.Signals): string {
  if (signal === 'SIGKILL') {
    return ' (often because memory ran out)';
  }
  return crashes.has(signal) ? ' (a crash in native code)' : '';
}

function hintFor(signal: NodeJS.Signals): string {
  if (signal === 'SIGKILL') {
    return 'Close other programs or use a shorter text; the system log shows which processes were killed because memory ran out.';
  }
  return crashes.has(signal) ? crashHint : 'Something outside Tidemark ended it. Run again.';
}
