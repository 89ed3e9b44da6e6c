/** What the service runs, with which environment, and where its files are: the same for every manager of services. */

import { join } from 'node:path';
import { dataFolder as dataFolderOf, socketPathOf } from '@tidemark/shared/client/locations.ts';
import { logFileName, logFolder } from '../logging/log.ts';
import type { ServiceSystem } from './system.ts';

/** The name of the agent and of its property list. */
export const launchdLabel = 'dev.tidemark.daemon';

export const systemdUnit = 'tidemark.service';

/**
 * Variables that say where a person's files are. A manager of services starts the daemon without the person's shell, so
 * they are written down where they are set. None is a secret, which a definition is no place for.
 */
const keptVariables = ['HF_HOME', 'HF_HUB_CACHE', 'HF_ENDPOINT', 'HF_HUB_OFFLINE'] as const;

export interface ServiceDefinition {
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly dataFolder: string;
  readonly socketPath: string;
  readonly logFolder: string;
  readonly logFile: string;
  /** Where launchd writes what the process prints; the daemon's own log is {@link logFile}. */
  readonly outputFile: string;
}

/** The descriptors that the daemon may have: 2048 connections, and what it needs besides. */
export const openFiles = 4096;

/** In seconds; a daemon that was told to end is done in 5. */
export const secondsToEnd = 20;

/** In seconds: between two beginnings of a daemon that fails at once. */
export const secondsBetweenStarts = 10;

/**
 * The definition for who asks. What is `installed` is kept where this environment does not say otherwise: Raycast or a cron
 * job has not the variables of the shell that the service was installed from.
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
  // What the daemon starts by name, as osascript and pmset, is the system's own.
  environment['PATH'] = '/usr/bin:/bin:/usr/sbin:/sbin';
  const logs = logFolder(folder);
  return {
    program,
    environment,
    dataFolder: folder,
    socketPath: socketPathOf(folder),
    logFolder: logs,
    logFile: join(logs, logFileName),
    outputFile: join(logs, 'output.log'),
  };
}
