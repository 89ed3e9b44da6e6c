/** What every command has in common: it makes one document, which is printed as JSON or as text. */

import { performance } from 'node:perf_hooks';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import type { OutputOptions } from './options.ts';
import { createProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { abortOnSignals } from './signals.ts';

export interface Context {
  /** Aborted when the person stops the command. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export interface CommandResult {
  /** What `--json` prints; one of the schemas in shared/src/protocol. */
  readonly document: object;
  /** What is printed otherwise. */
  readonly text: () => string;
  /** Default: 0. */
  readonly exitCode?: number;
}

/** Runs a command's body and prints what it made. */
export async function runCommand(
  { json }: OutputOptions,
  body: (context: Context) => Promise<CommandResult>,
): Promise<void> {
  const startedAt = performance.now();
  const progress = createProgress(process.stderr);
  const signal = abortOnSignals((interruption) => {
    progress.end();
    progress.note(
      `${interruption.message.replace(/\.$/, '')}; ending the model host. Once more ends everything at once.`,
    );
  });
  const { document, text, exitCode = 0 } = await body({ signal, progress }).finally(() => progress.end());
  process.stdout.write(json === true ? `${JSON.stringify(document, undefined, 2)}\n` : `${text()}\n`);
  process.exitCode = exitCode;
  const seconds = (performance.now() - startedAt) / 1000;
  if (seconds >= 1) {
    progress.note(`Took ${formatDuration(seconds)}.`);
  }
}
