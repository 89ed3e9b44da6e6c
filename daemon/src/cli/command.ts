/** What every command has in common: it makes one document, which is printed as JSON or as text. */

import { performance } from 'node:perf_hooks';
import type { Command } from 'commander';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import { abortOnSignals } from './exit-codes.ts';
import { writeJson, writeText } from './output.ts';
import { formatError } from './program.ts';
import { createProgress } from './progress.ts';
import type { Progress } from './progress.ts';

export interface Context {
  /** Aborted when the person stops the command. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Says on stderr what went wrong, where the command goes on. */
  readonly report: (error: unknown) => void;
  /** Sets what the command says it does when the person stops it. Default: “stopping the model host”. */
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

export interface OutputOptions {
  readonly json?: true | undefined;
  readonly verbose?: true | undefined;
}

/**
 * Makes `command` print what `body` makes of its arguments and options, which `body` gets in commander's order, after the
 * context. The types of its parameters are those of the command's arguments, as their parsers leave them.
 */
export function printResult(
  command: Command,
  body: (context: Context, ...given: never[]) => Promise<CommandResult>,
): Command {
  return command
    .optionsGroup('Output:')
    .option('--json', 'print one JSON document on stdout instead of text')
    .option('--verbose', "print stack traces and the model host's last output when something fails")
    .action((...given: readonly unknown[]) =>
      // Commander adds the options and the command itself to the arguments.
      runCommand(given.at(-2) as OutputOptions, (context) =>
        body(context, ...(given.slice(0, -1) as never[])),
      ),
    );
}

/** Runs a command's body and prints what it made. */
export async function runCommand(
  { json, verbose }: OutputOptions,
  body: (context: Context) => Promise<CommandResult>,
): Promise<void> {
  const startedAt = performance.now();
  const progress = createProgress(process.stderr);
  let onStop = 'stopping the model host';
  const signal = abortOnSignals(({ message }) => {
    progress.end();
    progress.note(`${message.replace(/\.$/, '')}; ${onStop}. Press Ctrl-C again to quit immediately.`);
  });
  const made = await body({
    signal,
    progress,
    report: (error) =>
      progress.note(formatError(error, { verbose: verbose === true, stream: process.stderr })),
    sayOnStop: (what) => (onStop = what),
  })
    .catch((error: unknown) => {
      // Whatever broke when the person stopped it, that they stopped it is the reason.
      signal.throwIfAborted();
      throw error;
    })
    .finally(() => progress.end());
  const { document, text, exitCode = 0 } = made;
  if (json === true) {
    writeJson(document, 2);
  } else if (text() !== '') {
    writeText(text());
  }
  process.exitCode = exitCode;
  const seconds = (performance.now() - startedAt) / 1000;
  if (seconds >= 1) {
    progress.note(`Took ${formatDuration(seconds)}.`);
  }
}
