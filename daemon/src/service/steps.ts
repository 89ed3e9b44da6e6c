/** What is done to the system, step by step: recorded to be shown, and in a dry run only shown. */

import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ServiceStep } from '@tidemark/shared/protocol/daemon-documents.ts';
import { writeWhole } from '../files/output-file.ts';
import { storageError } from '../files/storage-errors.ts';
import type { Executed, ServiceSystem } from './system.ts';

/** The result that a dry run assumes of a command that it does not run. */
const assumed: Executed = { exitCode: 0, stdout: '', stderr: '' };

export class Steps {
  readonly isDryRun: boolean;
  readonly #system: ServiceSystem;
  readonly #steps: ServiceStep[] = [];

  constructor(system: ServiceSystem, isDryRun: boolean) {
    this.#system = system;
    this.isDryRun = isDryRun;
  }

  get all(): readonly ServiceStep[] {
    return this.#steps;
  }

  /** Runs a command that only asks, also in a dry run. `explain` says what its exit code means. */
  ask(
    words: readonly string[],
    explain: (code: number) => string | undefined,
  ): Promise<Executed | undefined> {
    return this.#run(words, true, explain);
  }

  /** Runs a command that changes something; a dry run assumes that it succeeds. */
  async change(
    words: readonly string[],
    explain: (code: number) => string | undefined,
  ): Promise<Executed | undefined> {
    if (this.isDryRun) {
      this.#steps.push({ kind: 'command', words: [...words], asks: false });
      return assumed;
    }
    return await this.#run(words, false, explain);
  }

  /** Creates a folder and those above it, for this user alone, if it does not exist. */
  async makeFolder(path: string, mode = 0o700): Promise<void> {
    const isThere = await stat(path).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
    if (!isThere) {
      await this.#file('make-folder', path, () => mkdir(path, { recursive: true, mode }));
    }
  }

  /** Writes a file whole, for this user alone: launchd refuses one that others may write (launchctl(1), load). */
  async write(path: string, content: string, what: string): Promise<void> {
    await this.makeFolder(dirname(path), 0o755);
    await this.#file('write', path, async () => {
      await writeWhole(path, content, { what, example: path });
      await chmod(path, 0o600);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#file('rename', from, () => rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#file('remove', path, () => rm(path, { recursive: true, force: true }));
  }

  /**
   * Checks again and again until something holds, for at most `seconds`. Resolves to whether it does; a dry run assumes so.
   * The steps of the checks are not recorded.
   */
  async wait(what: string, holds: () => Promise<boolean>, seconds: number): Promise<boolean> {
    const step: Extract<ServiceStep, { kind: 'wait' }> = { kind: 'wait', for: what, done: false };
    this.#steps.push(step);
    if (this.isDryRun) {
      return true;
    }
    const kept = this.#steps.length;
    for (let waited = 0; ; waited += pollSeconds) {
      step.done = await holds();
      this.#steps.length = kept;
      if (step.done || waited >= seconds) {
        return step.done;
      }
      await this.#system.sleep(pollSeconds * 1000);
    }
  }

  /** Waits, but not in a dry run. */
  async pause(seconds: number): Promise<void> {
    if (!this.isDryRun) {
      await this.#system.sleep(seconds * 1000);
    }
  }

  async #run(
    words: readonly string[],
    asks: boolean,
    explain: (code: number) => string | undefined,
  ): Promise<Executed | undefined> {
    const executed = await this.#system.execute(words);
    const exitCode = executed?.exitCode;
    const outcome = exitCode === undefined ? undefined : explain(exitCode);
    this.#steps.push({ kind: 'command', words: [...words], asks, exitCode, outcome });
    return executed;
  }

  async #file(
    kind: 'make-folder' | 'write' | 'rename' | 'remove',
    path: string,
    act: () => Promise<unknown>,
  ): Promise<void> {
    const step: ServiceStep = { kind, path, done: false };
    this.#steps.push(step);
    if (this.isDryRun) {
      return;
    }
    try {
      await act();
      step.done = true;
    } catch (error) {
      throw notWritable(error, path);
    }
  }
}

/** The system decides where these files are, so another place cannot be the remedy. */
function notWritable(error: unknown, path: string): unknown {
  const known = storageError(error, path);
  return known instanceof TidemarkError
    ? new TidemarkError(known.code, known.message, {
        hint: `Check that ${dirname(path)} is a folder of yours, and that its disk has free space.`,
        cause: error,
      })
    : known;
}

const pollSeconds = 0.2;
