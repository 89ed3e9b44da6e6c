/** What the service runs, with which environment, and where its files are: the same for launchd and systemd. */

import { join, sep } from 'node:path';
import {
  dataFolder as dataFolderOf,
  logFileName,
  logFolder,
  socketPathOf,
} from '@tidemark/shared/client/locations.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable } from '@tidemark/shared/printable.ts';
import type { ServiceNames, ServiceSystem } from './system.ts';

/** The names of the person's service, and of that which `tidemark acceptance` installs beside it and removes again. */
export const serviceNames = {
  daemon: { launchdLabel: 'dev.tidemark.daemon', systemdUnit: 'tidemark.service' },
  acceptance: { launchdLabel: 'dev.tidemark.acceptance', systemdUnit: 'tidemark-acceptance.service' },
} as const satisfies Readonly<Record<string, ServiceNames>>;

/**
 * Variables that say where a person's files are. The daemon is started without the person's shell, so the definition
 * carries those that are set. None is a secret: a definition is no place for one.
 */
const keptVariables = ['HF_HOME', 'HF_HUB_CACHE', 'HF_ENDPOINT', 'HF_HUB_OFFLINE'] as const;

export interface ServiceDefinition {
  readonly names: ServiceNames;
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly dataFolder: string;
  readonly socketPath: string;
  readonly logFolder: string;
  readonly logFile: string;
  /** Where launchd writes what the process prints; the daemon's own log is {@link logFile}. */
  readonly outputFile: string;
}

/** The file descriptors that the daemon may have: 2048 connections, and what else it needs. */
export const openFiles = 4096;

/** In seconds; a daemon that is asked to end takes up to 5. */
export const secondsToEnd = 20;

/** In seconds: between two starts of a daemon that fails at once. launchd counts from the start, systemd from the end. */
export const secondsBetweenStarts = { launchd: 10, systemd: 30 } as const;

/**
 * The definition for this environment. `installed` variables are kept unless the environment sets others: Raycast or a cron
 * job does not have the variables of the shell that the service was installed from.
 */
export function defineService(
  system: ServiceSystem,
  installed: Readonly<Record<string, string>> = {},
): ServiceDefinition {
  const { environment: shell, platform, home, program } = system;
  const isSet = (value: string | undefined): value is string => value !== undefined && value.trim() !== '';
  const environment: Record<string, string> = {};
  const defaultFolder = dataFolderOf({}, platform, home);
  const shellFolder = dataFolderOf(shell, platform, home);
  const folder = shellFolder === defaultFolder ? (installed['TIDEMARK_HOME'] ?? defaultFolder) : shellFolder;
  if (folder !== defaultFolder) {
    environment['TIDEMARK_HOME'] = folder;
  }
  for (const name of keptVariables) {
    const value = isSet(shell[name]) ? shell[name] : installed[name];
    if (value !== undefined) {
      environment[name] = value;
    }
  }
  // What the daemon starts by name, such as osascript and pmset, is the system's own.
  environment['PATH'] = '/usr/bin:/bin:/usr/sbin:/sbin';
  const logs = logFolder(folder);
  return {
    names: system.names ?? serviceNames.daemon,
    program,
    environment,
    dataFolder: folder,
    socketPath: socketPathOf(folder),
    logFolder: logs,
    logFile: join(logs, logFileName),
    outputFile: join(logs, 'output.log'),
  };
}

/** Control characters, all that counts as a line break somewhere, what no XML holds, and what Node makes of bytes that are not UTF-8. */
const unwritable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFFFD-\uFFFF]/u;

/** Throws 'service' if the program would not stay, and 'bad-input' if a path or variable cannot be written: a line break in one would begin a directive of its own. */
export function checkWords({ program, environment, dataFolder }: ServiceDefinition): void {
  const named = [
    ...Object.entries(environment),
    ...program.map((word) => ["The path of Tidemark's program", word] as const),
    ['The path of the data folder', dataFolder] as const,
  ];
  const fleeting = program.find((word) => word.includes(`${sep}_npx${sep}`));
  if (fleeting !== undefined) {
    throw new TidemarkError(
      'service',
      `npx keeps Tidemark in its cache, ${fleeting}, which it may clear at any time.`,
      {
        hint: 'Run `npm install -g tidemark`, then `tidemark service install`.',
      },
    );
  }
  for (const [name, value] of named) {
    if (unwritable.test(value)) {
      throw new TidemarkError(
        'bad-input',
        `${name} contains a line break, another control character, or bytes that are not UTF-8: “${printable(value)}”. ` +
          'A service cannot be defined with it.',
        { hint: 'Use a path without such characters.' },
      );
    }
  }
}
