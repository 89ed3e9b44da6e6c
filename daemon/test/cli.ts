/** The command line as a real process, for tests. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import assert from 'node:assert/strict';
import * as v from 'valibot';
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
  /** The user and group that it runs as, which only root may choose. */
  readonly uid?: number | undefined;
}

/** A list, or as they are typed, where none of them has a space. */
export type Words = string | readonly string[];

export const wordList = (words: Words): readonly string[] =>
  typeof words === 'string' ? words.split(' ') : words;

/** Starts `tidemark` with these words. */
export function startCli(words: Words, options: CliOptions = {}): Running {
  const { environment = {}, input, folder = repositoryRoot, uid } = options;
  const child = spawn(process.execPath, [cliEntry, ...wordList(words)], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
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
export const runCli = (words: Words, options: CliOptions = {}): Promise<Finished> =>
  startCli(words, options).finished;

export type Cli = (words: Words, options?: CliOptions) => Promise<Finished>;

/** Runs `tidemark` over the data folder `home`, but where the options name another one. */
export const cliOver =
  (home: string): Cli =>
  (words, options = {}) =>
    runCli(words, { ...options, environment: { TIDEMARK_HOME: home, ...options.environment } });

/** The one document on stdout, true to its schema. */
export function documentIn<Schema extends v.GenericSchema>(
  schema: Schema,
  { stdout }: Finished,
): v.InferOutput<Schema> {
  assert.ok(stdout.startsWith('{') && stdout.endsWith('}\n'), stdout.slice(0, 200));
  return v.parse(schema, JSON.parse(stdout));
}

/** Each of these is refused with this exit code and a sentence on stderr, without a stack; a wrong use also with a hint. */
export async function refuses(
  cli: Cli,
  code: 1 | 2,
  cases: readonly (readonly [words: Words, message: RegExp])[],
): Promise<void> {
  for (const [words, message] of cases) {
    const finished = await cli(words);
    const said = wordList(words).join(' ');
    assert.equal(finished.code, code, said);
    if (!said.includes('--json')) {
      assert.equal(finished.stdout, '', said);
    }
    assert.match(finished.stderr, message);
    assert.match(finished.stderr, code === 2 ? /^error: [^\n]+\nhint: [^\n]+\n$/ : /^error: /, said);
    assert.doesNotMatch(finished.stderr, /^\s+at /m, 'a stack');
  }
}
