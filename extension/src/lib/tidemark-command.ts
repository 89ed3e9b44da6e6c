/** The `tidemark` command: where it is, and what its `service` commands say. Everything else goes through the socket. */

import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { dataFolder as standardDataFolder } from '@tidemark/client/client/locations';
import { TidemarkError } from '@tidemark/client/errors';
import { commandInClone, isExecutable, placesOf, wrongCommand } from './chosen-paths.ts';
import { preferences } from './preferences.ts';

/** Raycast has none of a shell's environment, so the places where npm, Homebrew and people put commands are named here. */
const usualPlaces = (home = homedir()): readonly string[] => [
  join(home, '.local', 'bin', 'tidemark'),
  join(home, 'bin', 'tidemark'),
  '/opt/homebrew/bin/tidemark',
  '/usr/local/bin/tidemark',
  '/opt/local/bin/tidemark',
  ...['tidemark', 'Tidemark', 'Developer/tidemark', 'Projects/tidemark', 'Code/tidemark', 'src/tidemark'].map(
    (folder) => join(home, folder, commandInClone),
  ),
  '/usr/bin/tidemark',
];

export const setUpHint = 'Set up Tidemark first, or enter the path to its command in the preferences.';

/** The chosen one, whether or not it is there, since a person who chose wants to be told; else the first that can be run. */
export function findTidemark(
  chosen: string | undefined = preferences().tidemarkPath,
  places: readonly string[] = usualPlaces(),
): string | undefined {
  return (chosen === undefined ? places : placesOf(chosen)).find(isExecutable);
}

/** The clone of Tidemark that a command belongs to; undefined where it is laid out otherwise. */
export function cloneOf(path: string): string | undefined {
  try {
    const launcher = realpathSync(path);
    const parts = [dirname(launcher), dirname(dirname(launcher))].map((each) => basename(each));
    return parts.join('/') === 'bin/daemon' ? dirname(dirname(dirname(launcher))) : undefined;
  } catch {
    return undefined;
  }
}

/** A line for a terminal that means the same command and the same data as this extension does, whatever that terminal's own are. */
export function terminalCommand(...parameters: readonly string[]): string {
  const { dataFolder } = preferences();
  const folder = dataFolder === standardDataFolder() ? [] : [`TIDEMARK_HOME=${quoted(dataFolder)}`];
  return [...folder, quoted(findTidemark() ?? 'tidemark'), ...parameters.map(quoted)].join(' ');
}

/** As one word of a shell. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

export interface CommandOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: 20 s, which is what launchd gives a service to end. */
  readonly timeoutMilliseconds?: number;
  /** Whether a command that says something and then fails counts as one that said something. Default: false. */
  readonly acceptFailure?: boolean;
}

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `tidemark` with arguments; never through a shell. Throws 'service' with what the command said where it fails, and
 * 'timeout' where it does not end.
 */
export async function runTidemark(
  parameters: readonly string[],
  { signal, timeoutMilliseconds = 20_000, acceptFailure = false }: CommandOptions = {},
): Promise<CommandOutput> {
  const path = findTidemark();
  if (path === undefined) {
    const wrong = wrongCommand(preferences());
    throw new TidemarkError('service', wrong?.message ?? 'The tidemark command was not found.', {
      hint: wrong?.hint ?? setUpHint,
    });
  }
  const { dataFolder } = preferences();
  return await new Promise((resolve, reject) => {
    execFile(
      path,
      [...parameters],
      {
        signal,
        timeout: timeoutMilliseconds,
        maxBuffer: 4 * 1024 * 1024,
        // So that the command, the daemon that it installs and this extension mean the same data.
        env:
          dataFolder === standardDataFolder() ? process.env : { ...process.env, TIDEMARK_HOME: dataFolder },
      },
      (error, stdout, stderr) => {
        if (error === null || (acceptFailure && typeof error.code === 'number' && hasAnswer(stdout))) {
          resolve({ stdout, stderr });
        } else if (error.killed === true) {
          reject(
            new TidemarkError(
              'timeout',
              `\`tidemark ${parameters.join(' ')}\` did not finish within ${timeoutMilliseconds / 1000} s.`,
            ),
          );
        } else {
          reject(failure(path, parameters, stdout, stderr, error.message));
        }
      },
    );
  });
}

/** Whether it said what was asked for, and not only why it could not. */
const hasAnswer = (stdout: string): boolean => stdout !== '' && errorDocument(stdout) === undefined;

/** With `--json` an error is a document on standard output, otherwise a sentence or two on standard error. */
function failure(
  path: string,
  parameters: readonly string[],
  stdout: string,
  stderr: string,
  otherwise: string,
): TidemarkError {
  const told = errorDocument(stdout) ?? errorDocument(stderr);
  if (told !== undefined) {
    return new TidemarkError('service', told.message, { hint: told.hint });
  }
  const [sentence, ...rest] = stderr
    .split('\n')
    .map((line) => line.replace(/^tidemark: /, '').trim())
    .filter((line) => line !== '');
  return new TidemarkError(
    'service',
    sentence ?? `\`tidemark ${parameters.join(' ')}\` failed: ${otherwise}`,
    { hint: rest.join(' ') || `The command is ${path}.` },
  );
}

function errorDocument(text: string): { message: string; hint: string | undefined } | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown; hint?: unknown } };
    return typeof error?.message === 'string'
      ? { message: error.message, hint: typeof error.hint === 'string' ? error.hint : undefined }
      : undefined;
  } catch {
    return undefined;
  }
}
