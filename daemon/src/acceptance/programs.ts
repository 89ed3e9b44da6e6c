/** Programs that a check runs: each the leader of a group of its own, which has ended when the check has. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { guarded, later, whenAborted } from '../background.ts';
import { endWithThisProcess } from '../child-task.ts';
import { throwIfInterrupted } from '../interruption.ts';

export interface Ran {
  /** Undefined where a signal ended it, or where it could not be started. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** It did not end in its time, and was ended. */
  readonly isLate: boolean;
}

export interface ProgramOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly folder?: string | undefined;
  readonly signal: AbortSignal;
  /** Between SIGTERM, upon which it tidies up, and SIGKILL. */
  readonly endSeconds: number;
  /** Of what it prints on stderr, as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** What is kept of an output; a document of many traces is some megabytes. */
const longestOutput = 64_000_000;

export class RunningProgram implements AsyncDisposable {
  readonly words: readonly string[];
  readonly #child: ChildProcess;
  readonly #startedAt = performance.now();
  readonly #ended = Promise.withResolvers<Ran>();
  readonly #aborted: Disposable;
  readonly #endSeconds: number;
  #stdout = '';
  #stderr = '';
  #isLate = false;
  #ran: Ran | undefined;

  constructor(words: readonly string[], { environment, folder, signal, endSeconds, onLine }: ProgramOptions) {
    this.words = words;
    this.#endSeconds = endSeconds;
    const [name = '', ...given] = words;
    this.#child = spawn(name, given, {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const child = this.#child;
    endWithThisProcess(child, () => this.#kill('SIGKILL'));
    child.stdout?.setEncoding('utf8').on(
      'data',
      guarded('reading what a program prints', (text: string) => {
        this.#stdout = (this.#stdout + text).slice(-longestOutput);
      }),
    );
    child.stderr?.setEncoding('utf8').on(
      'data',
      guarded('reading what a program prints', (text: string) => {
        this.#stderr = (this.#stderr + text).slice(-longestOutput);
        text
          .split('\n')
          .filter((line) => line.trim() !== '')
          .forEach((line) => onLine?.(line));
      }),
    );
    child.on(
      'error',
      guarded('starting a program', (error: Error) => {
        this.#stderr += error.message;
        this.#end(undefined, undefined);
      }),
    );
    child.on(
      'close',
      guarded('noting the end of a program', (code: number | null, by: NodeJS.Signals | null) =>
        this.#end(code ?? undefined, by ?? undefined),
      ),
    );
    this.#aborted = whenAborted(signal, 'ending a program', () => this.stop());
  }

  /** 0 where it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#ran !== undefined;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves when it has ended, by itself, or after this many seconds by force. */
  async ended(seconds: number): Promise<Ran> {
    const limit = later('ending a program', seconds * 1000, () => {
      this.#isLate = true;
      return this.stop();
    });
    try {
      return await this.#ended.promise;
    } finally {
      clearTimeout(limit);
    }
  }

  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(this.pid, signal);
    } catch {
      // It has ended.
    }
  }

  /** Ends it in good order, or by force where it takes long: SIGCONT first, since one that is stopped takes no other signal. */
  async stop(): Promise<Ran> {
    if (this.#ran === undefined && this.pid > 0) {
      this.signal('SIGCONT');
      this.signal('SIGTERM');
      const force = later('ending a program', this.#endSeconds * 1000, () => this.#kill('SIGKILL'));
      await this.#ended.promise;
      clearTimeout(force);
    }
    return await this.#ended.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    // What it left in its group.
    this.#kill('SIGKILL');
  }

  #kill(signal: NodeJS.Signals): void {
    try {
      if (this.pid > 0) {
        process.kill(-this.pid, signal);
      }
    } catch {
      // There is nothing of it.
    }
  }

  #end(exitCode: number | undefined, signal: NodeJS.Signals | undefined): void {
    this.#ran ??= {
      exitCode,
      signal,
      stdout: this.#stdout,
      stderr: this.#stderr,
      seconds: (performance.now() - this.#startedAt) / 1000,
      isLate: this.#isLate,
    };
    this.#aborted[Symbol.dispose]();
    this.#ended.resolve(this.#ran);
  }
}

/** Runs a program to its end. Throws the signal's reason when it is aborted, once the program has ended. */
export async function runProgram(
  words: readonly string[],
  { seconds, ...options }: ProgramOptions & { readonly seconds: number },
): Promise<Ran> {
  throwIfInterrupted(options.signal);
  await using program = new RunningProgram(words, options);
  const ran = await program.ended(seconds);
  throwIfInterrupted(options.signal);
  return ran;
}

/** Waits until something holds, for at most so many seconds; resolves to whether it does. Throws the signal's reason. */
export async function waitUntil(
  holds: () => boolean | Promise<boolean>,
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    throwIfInterrupted(signal);
    if (await holds()) {
      return true;
    }
    if (performance.now() >= end) {
      return false;
    }
    await pause(200, signal);
  }
}

/** Resolves after a while, or as soon as the signal is aborted. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<unknown> =>
  delay(milliseconds, undefined, { signal }).catch(() => undefined);
