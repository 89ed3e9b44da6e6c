/** What every command has in common: it makes one document, which is printed as JSON or as text. */

import { performance } from 'node:perf_hooks';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import { formatError } from './format-error.ts';
import type { OutputOptions } from './options.ts';
import { createProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { abortOnSignals } from './signals.ts';

export interface Context {
  /** Aborted when the person stops the command. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Says on stderr what went wrong, where the command goes on. */
  readonly report: (error: unknown) => void;
  /** What is said to happen when the person stops the command. Default: “ending the model host”. */
  readonly sayOnStop: (what: string) => void;
}

export interface CommandResult {
  /** What `--json` prints; one of the schemas in shared/src/protocol. */
  readonly document: object;
  /** What is printed otherwise; nothing where it is empty. */
  readonly text: () => string;
  /** Default: 0. */
  readonly exitCode?: number;
}

/** Runs a command's body and prints what it made. */
export async function runCommand(
  { json, verbose }: OutputOptions,
  body: (context: Context) => Promise<CommandResult>,
): Promise<void> {
  const startedAt = performance.now();
  const progress = createProgress(process.stderr);
  let onStop = 'ending the model host';
  const sayOnStop = (what: string): void => {
    onStop = what;
  };
  const signal = abortOnSignals((interruption) => {
    progress.end();
    progress.note(
      `${interruption.message.replace(/\.$/, '')}; ${onStop}. Once more ends everything at once.`,
    );
  });
  const report = (error: unknown): void =>
    progress.note(formatError(error, { verbose: verbose === true, stream: process.stderr }));
  const made = await body({ signal, progress, report, sayOnStop })
    .catch((error: unknown) => {
      // Whatever broke when the person stopped it, that they stopped it is the reason.
      signal.throwIfAborted();
      throw error;
    })
    .finally(() => progress.end());
  const { document, text, exitCode = 0 } = made;
  const printed = json === true ? JSON.stringify(document, undefined, 2) : text();
  if (printed !== '') {
    process.stdout.write(`${printed}\n`);
  }
  process.exitCode = exitCode;
  const seconds = (performance.now() - startedAt) / 1000;
  if (seconds >= 1) {
    progress.note(`Took ${formatDuration(seconds)}.`);
  }
}
