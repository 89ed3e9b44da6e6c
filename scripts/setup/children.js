/** Runs the programs that set-up needs, and ends them with everything that they started when set-up is stopped. */

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import process from 'node:process';
import { Interrupted } from './failures.js';

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] replaces the environment
 * @property {string} [input] standard input; none unless given
 * @property {string} [log] a file that everything the program prints is added to
 * @property {AbortSignal} [signal] ends the program, and all that it started
 */

/**
 * @typedef {object} RunResult
 * @property {number} status the exit status; 127 when there is no such program, 128 when a signal ended it
 * @property {string} output the last part of standard output and standard error together
 */

/** Enough for any program's last words. */
const keptCharacters = 200_000;
const graceMilliseconds = 3000;

/**
 * Runs a program to its end. A failing program is a result; only an abort rejects, and not before the program has
 * ended.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 * @throws {Interrupted}
 */
export async function run(command, args, { cwd, env = process.env, input, log, signal } = {}) {
  if (signal?.aborted) {
    throw new Interrupted();
  }
  // A process group of its own can be ended whole: npm, pip and CMake start further processes.
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const logStream = log === undefined ? undefined : createWriteStream(log, { flags: 'a' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (/** @type {string} */ text) => {
      output = (output + text).slice(-keptCharacters);
      logStream?.write(text);
    });
  }
  // A program that reads no input may close it first; that is no failure.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);

  /** @type {NodeJS.Timeout | undefined} */
  let lastResort;
  const end = () => {
    endGroup(child.pid, 'SIGTERM');
    lastResort = setTimeout(() => {
      endGroup(child.pid, 'SIGKILL');
    }, graceMilliseconds);
  };
  signal?.addEventListener('abort', end, { once: true });
  try {
    const status = await new Promise((/** @type {(status: number) => void} */ resolve) => {
      child.once('error', (error) => {
        output += error.message;
        resolve(127);
      });
      child.once('close', (code) => {
        resolve(code ?? 128);
      });
    });
    if (signal?.aborted) {
      throw new Interrupted();
    }
    return { status, output };
  } finally {
    signal?.removeEventListener('abort', end);
    clearTimeout(lastResort);
    await new Promise((resolve) => {
      if (logStream) {
        logStream.end(() => resolve(undefined));
      } else {
        resolve(undefined);
      }
    });
  }
}

/**
 * @param {number | undefined} group
 * @param {NodeJS.Signals} signal
 */
function endGroup(group, signal) {
  if (group === undefined) {
    return;
  }
  try {
    process.kill(-group, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}
