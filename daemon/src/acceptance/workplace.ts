/** Where the checks work: a data folder of their own, so that nothing of the person's history is read or written. */

import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { connectWhenReady } from '@tidemark/shared/client/connect-when-ready.ts';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { guarded } from '../background.ts';
import { throwIfInterrupted } from '../interruption.ts';
import { installedFolder, isInstalled } from '../paths.ts';
import { serviceNames } from '../service/definition.ts';
import type { ServiceSystem } from '../service/system.ts';
import { tidemarkVersion } from '../version.ts';
import { RunningProgram, runProgram } from './programs.ts';
import type { Ran } from './programs.ts';
import { endWords, lastLine } from './trial.ts';
import type { Trial } from './trial.ts';

/** How long things may take, in seconds. */
export interface Limits {
  /** A command that measures nothing. */
  readonly command: number;
  /** A command that measures. */
  readonly measurement: number;
  /** Until a daemon that was started answers. */
  readonly start: number;
  /** Until a daemon that was told to end has ended. */
  readonly end: number;
  /** For one answer of the daemon. */
  readonly answer: number;
  /** Until a manager has started a daemon again that was killed: launchd waits 10 s, systemd 30 s. */
  readonly restart: number;
  /** A schedule's interval, and how long the daemon is stopped: longer than that. */
  readonly interval: number;
  readonly stopped: number;
}

export const usualLimits: Limits = {
  command: 120,
  measurement: 1800,
  start: 60,
  end: 30,
  answer: 5,
  restart: 90,
  interval: 60,
  stopped: 70,
};

export interface WorkplaceOptions {
  /** This machine; its program is the daemon's command line. */
  readonly system: ServiceSystem;
  readonly signal: AbortSignal;
  readonly limits: Limits;
  readonly onLine: (line: string) => void;
}

export const clientName = { name: 'acceptance', version: tidemarkVersion } as const;

export class Workplace implements Disposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-acceptance-')));
  readonly dataFolder = join(this.folder, 'data');
  readonly socketPath = socketPathOf(this.dataFolder);
  /** The machine for a service that is not the person's. */
  readonly system: ServiceSystem;
  readonly signal: AbortSignal;
  readonly limits: Limits;
  readonly #onLine: (line: string) => void;

  constructor({ system, signal, limits, onLine }: WorkplaceOptions) {
    this.signal = signal;
    this.limits = limits;
    this.#onLine = onLine;
    this.system = {
      ...system,
      names: serviceNames.acceptance,
      environment: { ...system.environment, TIDEMARK_HOME: this.dataFolder, NO_COLOR: '1' },
    };
    mkdirSync(this.dataFolder, { mode: 0o700 });
    if (isInstalled && existsSync(installedFolder)) {
      // What set-up downloaded, and no model: one that is damaged would be built again there.
      symlinkSync(installedFolder, join(this.dataFolder, 'installed'));
    }
    // However hastily the process ends.
    process.on(
      'exit',
      guarded('removing a folder', () => this[Symbol.dispose]()),
    );
  }

  /** The daemon's command line. */
  get daemonProgram(): readonly string[] {
    return this.system.program;
  }

  /** The command line of `tidemark WORDS`. */
  wordsOf(words: readonly string[]): string[] {
    return [...this.system.program.slice(0, -1), ...words];
  }

  /** Starts a program, which ends when it is disposed of or the person stops the command. */
  start(words: readonly string[], folder?: string): RunningProgram {
    throwIfInterrupted(this.signal);
    const { environment } = this.system;
    return new RunningProgram(words, {
      environment: { ...process.env, ...environment },
      folder: folder ?? this.folder,
      signal: this.signal,
      endSeconds: this.limits.end,
      onLine: this.#onLine,
    });
  }

  /** Runs `tidemark WORDS`, records it, and requires that it ends with one of `exitCodes`. */
  async tidemark(
    trial: Trial,
    words: readonly string[],
    seconds: number,
    exitCodes: readonly number[] = [0],
  ): Promise<Ran> {
    const { environment } = this.system;
    const ran = await runProgram(this.wordsOf(words), {
      environment: { ...process.env, ...environment },
      folder: this.folder,
      signal: this.signal,
      endSeconds: this.limits.end,
      onLine: this.#onLine,
      seconds,
    });
    const isGood = !ran.isLate && ran.exitCode !== undefined && exitCodes.includes(ran.exitCode);
    trial.ran(['tidemark', ...words], ran, !isGood);
    const said = lastLine(ran.stderr.replace(/^hint: .*$/gmu, ''));
    trial.require(
      `\`tidemark ${words[0] ?? ''}\` ends with exit code ${exitCodes.join(' or ')}`,
      `${endWords(ran)}${isGood || said === '' ? '' : ` (${said})`}`,
      isGood,
    );
    return ran;
  }

  /** As {@link tidemark} with `--json`, and requires a document that is true to its schema. */
  async document<Schema extends v.GenericSchema>(
    trial: Trial,
    schema: Schema,
    words: readonly string[],
    seconds: number,
    exitCodes?: readonly number[],
  ): Promise<v.InferOutput<Schema>> {
    const { stdout } = await this.tidemark(trial, [...words, '--json'], seconds, exitCodes);
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), stdout);
    const fault = parsed.success ? undefined : parsed.issues[0].message;
    trial.require(
      `\`tidemark ${words[0] ?? ''} --json\` prints one document that is true to its schema`,
      fault ?? 'it does',
      parsed.success,
    );
    return parsed.output;
  }

  /** Connects to the daemon of this place, and waits for one that has just been started, while `isStarting`. */
  connect(isStarting: () => boolean, seconds = this.limits.start): Promise<DaemonClient> {
    return connectWhenReady(this.#connection, seconds * 1000, isStarting);
  }

  connectOnce(): Promise<DaemonClient> {
    return DaemonClient.connect(this.#connection);
  }

  get #connection(): Parameters<typeof DaemonClient.connect>[0] {
    return {
      socketPath: this.socketPath,
      client: clientName,
      timeoutMilliseconds: this.limits.answer * 1000,
      signal: this.signal,
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
