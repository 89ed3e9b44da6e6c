/** What the service needs of the machine, so that every platform's way can be tried on any. */

import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { repositoryRoot } from '../paths.ts';
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

export interface ServiceSystem {
  readonly platform: NodeJS.Platform;
  readonly userId: number;
  readonly home: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The program that is kept running, absolute, and its arguments. */
  readonly program: readonly string[];
  readonly version: string;
  /** Runs a command to its end. Undefined where there is no such command. */
  readonly execute: (words: readonly string[]) => Promise<Executed | undefined>;
  /** Who answers on a socket, if anybody does. */
  readonly greet: (socketPath: string) => Promise<Greeting | undefined>;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** This machine. */
export const thisSystem = (): ServiceSystem => ({
  platform: process.platform,
  userId: process.getuid?.() ?? 0,
  home: homedir(),
  environment: process.env,
  program: [nodeToKeep(), join(repositoryRoot, 'daemon', 'src', 'cli', 'main.js'), 'daemon'],
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

/** Longer than launchctl or systemctl take when all is well, bootouts of a daemon that is slow to end included. */
const longestCommandMilliseconds = 60_000;

/** Runs a command without a shell. */
export async function execute(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Executed | undefined> {
  const [name = '', ...rest] = words;
  const child = spawn(name, rest, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: longestCommandMilliseconds,
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const { promise, resolve, reject } = Promise.withResolvers<Executed | undefined>();
  child.on('error', (error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' || error.code === 'EACCES' ? resolve(undefined) : reject(error),
  );
  child.on('close', (code) => resolve({ exitCode: code ?? undefined, ...output }));
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
  } catch {
    return undefined;
  }
}
