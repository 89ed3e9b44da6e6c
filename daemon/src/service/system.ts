/** What the service needs of the machine, so that each platform's manager can be tested on any. */

import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { OtherVersionError } from '@tidemark/shared/client/daemon-error.ts';
import { isInstalled, repositoryRoot } from '../paths.ts';
import { tidemarkVersion } from '../version.ts';

export interface Executed {
  /** Undefined where a signal ended it, or where it did not end in time. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The daemon that answers on a socket. */
export interface Greeting {
  readonly pid: number;
  readonly version: string;
}

/** What a manager calls the service: launchd its agent and property list, systemd its unit. */
export interface ServiceNames {
  readonly launchdLabel: string;
  readonly systemdUnit: string;
}

export interface ServiceSystem {
  /** Default: those of the person's service. */
  readonly names?: ServiceNames;
  readonly platform: NodeJS.Platform;
  readonly userId: number;
  readonly home: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The program that is kept running, absolute, and its arguments. */
  readonly program: readonly string[];
  readonly version: string;
  /** Runs a command to its end. Undefined where there is no such command. */
  readonly execute: (words: readonly string[]) => Promise<Executed | undefined>;
  /** Who answers on a socket, if any does. */
  readonly greet: (socketPath: string) => Promise<Greeting | undefined>;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** This machine. */
export const thisSystem = (): ServiceSystem => ({
  platform: process.platform,
  userId: process.getuid?.() ?? 0,
  home: homedir(),
  environment: process.env,
  program: isInstalled
    ? installedProgram(repositoryRoot, process.execPath, process.env)
    : [nodeToKeep(), join(repositoryRoot, 'daemon', 'src', 'cli', 'main.js'), 'daemon'],
  version: tidemarkVersion,
  execute: (words) => execute(words, process.env),
  greet,
  sleep: delay,
});

/** The Node that set-up installed, which stays in place whatever happens to the person's own; otherwise the running one. */
function nodeToKeep(): string {
  const pinned = join(repositoryRoot, 'node_modules', '.bin', 'node');
  return realpathSync(existsSync(pinned) ? pinned : process.execPath);
}

/**
 * The daemon's command line for a package in `root`, by names that stay when the package or Node is replaced by a newer version:
 * npm's global link to the command, and the link to Node that is beside it or in the PATH, as Homebrew has them.
 */
export function installedProgram(root: string, execPath: string, environment: NodeJS.ProcessEnv): string[] {
  const command = join(root, 'bin', 'tidemark.js');
  const prefix = join(root, '..', '..', '..');
  const link = join(prefix, 'bin', 'tidemark');
  const folders = [join(prefix, 'bin'), ...(environment['PATH'] ?? '').split(delimiter).filter(isAbsolute)];
  const nodes = folders.map((folder) => join(folder, 'node'));
  return [
    lasting(nodes.find((node) => isSame(node, execPath)) ?? execPath),
    lasting(isSame(link, command) ? link : command),
    'daemon',
  ];
}

/** Homebrew keeps each version of a formula in a folder of its own, `Cellar/FORMULA/VERSION`, and links the newest as `opt/FORMULA`. */
function lasting(path: string): string {
  const [, brew = '', formula = '', rest = ''] = /^(.*)\/Cellar\/([^/]+)\/[^/]+\/(.+)$/.exec(path) ?? [];
  const link = join(brew, 'opt', formula, rest);
  return isSame(link, path) ? link : path;
}

function isSame(link: string, target: string): boolean {
  try {
    return realpathSync(link) === realpathSync(target);
  } catch {
    return false;
  }
}

/** Longer than launchctl or systemctl usually take, including the bootout of a daemon that is slow to end. */
const longestCommandMilliseconds = 60_000;

/** Runs a command without a shell. */
export function execute(
  [name = '', ...words]: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Executed | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Executed | undefined>();
  // One that is stopped takes no other signal.
  const options = { env: environment, timeout: longestCommandMilliseconds, killSignal: 'SIGKILL' } as const;
  execFile(name, words, options, (error, stdout, stderr) => {
    // A number is the exit code, a word what the system refused, and null stands for a signal.
    const code: unknown = error === null ? 0 : error.code;
    if (code === 'ENOENT' || code === 'EACCES') {
      resolve(undefined);
    } else if (error !== null && typeof code === 'string') {
      reject(error);
    } else {
      resolve({ exitCode: typeof code === 'number' ? code : undefined, stdout, stderr });
    }
  });
  return promise;
}

async function greet(socketPath: string): Promise<Greeting | undefined> {
  try {
    await using client = await DaemonClient.connect({
      socketPath,
      client: { name: 'service', version: tidemarkVersion },
      timeoutMilliseconds: 1000,
    });
    const { pid, daemonVersion } = client.daemon;
    return { pid, version: daemonVersion };
  } catch (error) {
    // One from before an upgrade, whose protocol may be another.
    return error instanceof OtherVersionError && error.daemon !== undefined
      ? { pid: error.daemon.pid, version: error.daemon.daemonVersion }
      : undefined;
  }
}
