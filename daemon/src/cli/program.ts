/** The program `tidemark`: its commands and its own help, and what it prints when a command fails. */

import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { errorSchemaVersion } from '@tidemark/shared/protocol/command-documents.ts';
import type { ErrorDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { keepPrivate } from '../files/own.ts';
import { reasonOf } from '../files/storage-errors.ts';
import { nearest } from '../models/nearest.ts';
import { dataFolder } from '../paths.ts';
import { tidemarkVersion } from '../version.ts';
import { exitCodeOfError } from './exit-codes.ts';
import { writeJson, writeText } from './output.ts';
import { setUpBefore } from './set-up.ts';

/** Commands that the help shows under one title. Each adds itself to the program. */
export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly ((program: Command) => void)[];
}

/** Runs the command that the process's arguments name. The result is in the process's exit code. */
export async function runProgram(groups: readonly CommandGroup[]): Promise<void> {
  keepPrivate();
  endQuietlyOnClosedPipes();
  let program: Command | undefined;
  try {
    program = createProgram(groups);
    await program.parseAsync();
  } catch (error) {
    fail(error, program);
  }
}

/** A program that throws a CommanderError rather than exit, and prints no complaint of its own. */
function createProgram(groups: readonly CommandGroup[]): Command {
  const program = new Command('tidemark')
    .description('Measures and explains the memory use of Kokoro-82M text-to-speech on MLX.')
    .version(tidemarkVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .configureHelp({ helpWidth: Math.min(100, process.stdout.columns || 100) })
    .configureOutput({
      // Help names folders, which the environment gives.
      writeOut: (text) => writeText(text.replace(/\n$/, '')),
      writeErr: (text) => writeText(text.replace(/\n$/, ''), process.stderr),
      outputError: () => undefined,
    })
    .exitOverride()
    .hook('preAction', (_program, command) => setUpBefore(command));
  for (const { title, commands } of groups) {
    program.commandsGroup(title);
    commands.forEach((add) => add(program));
  }
  for (const command of [program, ...program.commands.filter(({ commands }) => commands.length > 0)]) {
    command.addHelpCommand(new Command('help').argument('[command]').description('print help for a command'));
  }
  return addExamples(
    program,
    [
      'tidemark study                       compare the peak memory of five models',
      'tidemark profile bf16                measure one model, iteration by iteration',
      'tidemark profile mlx-community/Kokoro-82M-4bit --text "Good morning."',
      'tidemark report study.json --out study.html',
      'tidemark compare before.json after.json',
      "tidemark xray 4bit-fp32              show where a checkpoint's bytes are",
      'tidemark service install             run the daemon in the background',
      'tidemark schedule add nightly --cron "0 3 * * *"',
      'tidemark watch                       show what the daemon is doing, live',
      'tidemark doctor                      check the setup',
    ],
    `Models are built or downloaded when they are first used. Models and the daemon's history are in ${dataFolder()}; set ` +
      'TIDEMARK_HOME to use another folder.',
    'Exit codes: 0 success, 1 failure, 2 wrong usage, 3 got worse (compare), 4 the daemon is not running, 130 stopped by Ctrl-C.',
  );
}

/** Adds examples to a command's help, and notes below them, which are wrapped like the rest of the help. */
export const addExamples = (
  command: Command,
  examples: readonly string[],
  ...notes: readonly string[]
): Command =>
  command.addHelpText('after', () => {
    const help = command.createHelp();
    return [
      '',
      'Examples:',
      ...examples.map((example) => `  $ ${example}`),
      ...notes.flatMap((note) => ['', help.boxWrap(note, help.helpWidth ?? 80)]),
    ].join('\n');
  });

function fail(error: unknown, program = new Command()): void {
  if (error instanceof CommanderError && error.exitCode === 0) {
    // Help or the version, which was asked for and is printed.
    return;
  }
  if (error instanceof CommanderError && error.code === 'commander.help') {
    // No command was given; the help on stderr says which there are.
    process.exitCode = 2;
    return;
  }
  const failure = error instanceof CommanderError ? usageError(error, program) : withoutFolder(error);
  // The options may be what did not parse, so the words themselves are looked at.
  const has = (flag: string): boolean => process.argv.includes(flag);
  writeText(formatError(failure, { verbose: has('--verbose'), stream: process.stderr }), process.stderr);
  if (wantsJson(program)) {
    const document: ErrorDocument = {
      kind: 'error',
      schemaVersion: errorSchemaVersion,
      error: toErrorRecord(failure),
    };
    writeJson(document, 2);
  }
  process.exitCode = exitCodeOfError(failure);
}

/** Whatever needed the folder that the command was run in: a person's to mend, and not to be told as an error of the system's. */
function withoutFolder(error: unknown): unknown {
  return error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd'
    ? new TidemarkError('bad-input', 'The current folder no longer exists.', {
        hint: 'Change to another folder, or give absolute paths.',
        cause: error,
      })
    : error;
}

/** The command that the arguments name, if there is one. */
const meantCommand = (program: Command): Command | undefined =>
  program.commands.find((command) => command.name() === process.argv[2]);

/** Whether one document is to be on stdout. For `report`, --json may also name a file. */
function wantsJson(program: Command): boolean {
  const place = process.argv.indexOf('--json');
  const next = process.argv[place + 1];
  const option = meantCommand(program)?.options.find(({ long }) => long === '--json');
  return place >= 0 && (option?.optional !== true || next === undefined || next.startsWith('-'));
}

/** Commander's own complaint, as ours. */
function usageError({ message }: CommanderError, program: Command): TidemarkError {
  const [first = '', ...suggestions] = message
    .replace(/^error: /, '')
    .replace(
      /^command-argument value '(.*)' is invalid for argument '(.*?)'\./,
      "'$1' is invalid for argument '$2'.",
    )
    .split('\n');
  const command = meantCommand(program);
  const word = process.argv[3] ?? '';
  const subcommand = command?.commands.find((each) => each.name() === word);
  const help = ['tidemark', command?.name(), subcommand?.name(), '--help'].filter(Boolean).join(' ');
  // A word that is no subcommand is taken for an argument of the one that is meant where none is named.
  const isUnknown =
    (command?.commands.length ?? 0) > 0 && subcommand === undefined && /^too many/.test(first);
  const said = isUnknown ? `unknown command '${command?.name() ?? ''} ${word}'` : first;
  const sentence = said.charAt(0).toUpperCase() + said.slice(1);
  const near = isUnknown ? nearest(word, command?.commands.map((each) => each.name()) ?? []) : undefined;
  const hint = isUnknown
    ? near === undefined
      ? undefined
      : `Did you mean \`tidemark ${command?.name() ?? ''} ${near}\`?`
    : (elsewhere(first, program) ?? suggestions.join(' ').replaceAll(/^\(|\)$/g, ''));
  return new TidemarkError('usage', sentence.endsWith('.') ? sentence : `${sentence}.`, {
    hint: hint === undefined || hint === '' ? `Run \`${help}\`.` : hint,
  });
}

/** What a newcomer types who knows what they want, and not yet where it is. */
function elsewhere(complaint: string, program: Command): string | undefined {
  if (/^unknown (command 'version'|option '-v')/.test(complaint)) {
    return 'Did you mean --version?';
  }
  if (complaint === "missing required argument 'model'") {
    return `Name a model, as in \`tidemark ${process.argv[2] ?? ''} bf16\`; \`tidemark models\` lists them.`;
  }
  if (process.argv[2] === 'watch-python' && complaint.startsWith('unknown option')) {
    return 'Put -- before the command, as in `tidemark watch-python -- python my_script.py`.';
  }
  const [, word] = /^unknown command '(.*)'$/.exec(complaint) ?? [];
  const groups = program.commands.filter(({ commands }) => commands.some((each) => each.name() === word));
  const meant = groups.map((group) => `\`tidemark ${group.name()} ${word ?? ''}\``);
  return meant.length === 0 ? undefined : `Did you mean ${meant.join(' or ')}?`;
}

export interface FormatErrorOptions {
  /** Whether stacks and causes are shown. */
  readonly verbose: boolean;
  readonly stream: NodeJS.WriteStream;
}

/**
 * An error as a person reads it in a terminal: what happened, what to do next, and a stack only where it was asked for. Lines
 * without the last line break.
 */
export function formatError(error: unknown, { verbose, stream }: FormatErrorOptions): string {
  const mark = (style: 'red' | 'cyan', word: string): string => styleText(style, word, { stream });
  const message = error instanceof Error ? error.message : String(error);
  const hint = hintOf(error);
  return [
    `${mark('red', 'error:')} ${message === '' ? 'Something failed without an error message.' : message}`,
    ...(hint === undefined ? [] : [`${mark('cyan', 'hint:')} ${hint}`]),
    ...(verbose ? stacksOf(error) : []),
  ].join('\n');
}

function hintOf(error: unknown): string | undefined {
  if (error instanceof TidemarkError && error.code !== 'internal') {
    return error.hint;
  }
  return 'This is a bug in Tidemark. Run the command again with --verbose, and report the output.';
}

function stacksOf(error: unknown): string[] {
  const lines: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    lines.push(`${each === error ? '' : 'caused by: '}${each.stack ?? each.message}`);
  }
  return lines;
}

/** `tidemark … | head` closes our stdout early: that is no error, and there is nobody left to tell. */
function endQuietlyOnClosedPipes(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      // With the exit code that the command has by then; an argument, even undefined, would replace it.
      process.exit();
    }
    const failure = new TidemarkError(
      'not-writable',
      `The output cannot be written: ${reasonOf(error) ?? error.message}.`,
      { hint: 'Send it to a file or a program that can take it.', cause: error },
    );
    writeText(formatError(failure, { verbose: false, stream: process.stderr }), process.stderr);
    process.exit(1);
  });
  // Progress that nobody reads does not stop the work.
  process.stderr.on('error', () => undefined);
}
