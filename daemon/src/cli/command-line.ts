/** The command line: reads the words, runs the command, and says what went wrong. */

import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { errorSchemaVersion } from '@tidemark/shared/protocol/error-document.ts';
import type { ErrorDocument } from '@tidemark/shared/protocol/error-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { exitCodeOfError } from './exit-codes.ts';
import { formatError } from './format-error.ts';
import { endQuietlyOnClosedPipes } from './streams.ts';

/** What comes of it is in the process's exit code. */
export async function runCommandLine(program: Command): Promise<void> {
  endQuietlyOnClosedPipes();
  try {
    await program.parseAsync();
  } catch (error) {
    fail(error, program);
  }
}

function fail(error: unknown, program: Command): void {
  if (error instanceof CommanderError && error.exitCode === 0) {
    // Help or the version, which was asked for and is printed.
    return;
  }
  if (error instanceof CommanderError && error.code === 'commander.help') {
    // No command was given; the help on stderr says which there are.
    process.exitCode = 2;
    return;
  }
  const failure = error instanceof CommanderError ? usageError(error, program) : error;
  // The options may be what did not parse, so the words themselves are looked at.
  const has = (flag: string): boolean => process.argv.includes(flag);
  process.stderr.write(`${formatError(failure, { verbose: has('--verbose'), stream: process.stderr })}\n`);
  if (has('--json') && !isFileOption(program, '--json')) {
    const document: ErrorDocument = {
      kind: 'error',
      schemaVersion: errorSchemaVersion,
      error: toErrorRecord(failure),
    };
    process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  }
  process.exitCode = exitCodeOfError(failure);
}

/** The command that was meant, where there is such a one. */
function meantCommand(program: Command): Command | undefined {
  return program.commands.find((command) => command.name() === process.argv[2]);
}

/** Of a command for which an option names a file, rather than say what is to be on stdout. */
function isFileOption(program: Command, flag: string): boolean {
  return meantCommand(program)?.options.some(({ long, required }) => long === flag && required) === true;
}

function helpCommand(program: Command): string {
  const command = meantCommand(program);
  const subcommand = command?.commands.find((each) => each.name() === process.argv[3]);
  return ['tidemark', command?.name(), subcommand?.name(), '--help'].filter(Boolean).join(' ');
}

/** Commander's own complaint, as ours. */
function usageError({ message }: CommanderError, program: Command): TidemarkError {
  const [first = '', ...suggestions] = message.replace(/^error: /, '').split('\n');
  const sentence = first.charAt(0).toUpperCase() + first.slice(1);
  const suggestion = suggestions.join(' ').replaceAll(/^\(|\)$/g, '');
  return new TidemarkError('usage', sentence.endsWith('.') ? sentence : `${sentence}.`, {
    hint: suggestion === '' ? `Run \`${helpCommand(program)}\`.` : suggestion,
  });
}
