/** The command line as a real process, for tests. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../src/paths.ts';

export const cliEntry = join(repositoryRoot, 'daemon', 'src', 'cli', 'main.js');

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What it wrote so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
}

export interface CliOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly folder?: string;
}

/** Starts `tidemark` with these words. */
export function startCli(words: readonly string[], options: CliOptions = {}): Running {
  const { environment = {}, input, folder = repositoryRoot } = options;
  const child = spawn(process.execPath, [cliEntry, ...words], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const { promise: finished, resolve } = Promise.withResolvers<Finished>();
  child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  return { child, finished, stdout: () => stdout, stderr: () => stderr };
}

/** Runs `tidemark` to its end. */
export const runCli = (words: readonly string[], options: CliOptions = {}): Promise<Finished> =>
  startCli(words, options).finished;
