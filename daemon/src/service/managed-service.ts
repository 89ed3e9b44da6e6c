/** A service whose manager reads a definition from a file: what launchd and systemd have in common. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable } from '@tidemark/shared/printable.ts';
import type { ServiceFacts, ServiceState } from '@tidemark/shared/protocol/daemon-documents.ts';
import { reasonOfEnd } from '../logging/log.ts';
import { LogReader } from '../logging/read-log.ts';
import { defineService } from './definition.ts';
import type { ServiceDefinition } from './definition.ts';
import type { Steps } from './steps.ts';
import type { ServiceSystem } from './system.ts';

/** All but `facts` throw 'service' or 'not-writable', and leave what they could not finish in a state that `facts` tells. */
export interface ServiceManager {
  readonly definition: ServiceDefinition;
  facts(): Promise<ServiceFacts>;
  /** Installs it, or replaces an older definition by the present one, and starts it. */
  install(): Promise<void>;
  /** Stops it and removes its definition; does nothing where it is not installed. */
  uninstall(): Promise<void>;
  start(): Promise<void>;
  /** Stops it until the person logs in again or starts it. */
  stop(): Promise<void>;
  restart(): Promise<void>;
}

/** How the manager sees a process that it was asked to start. */
export interface StartedProcess {
  readonly pid: number | undefined;
  /** How it failed, as the end of a sentence: `ended with exit code 1`. */
  readonly failure: string | undefined;
}

/** How the manager sees the service. */
export interface ManagedProcess extends StartedProcess {
  /** False where the manager starts nothing until the person logs in at the screen. */
  readonly hasSession: boolean;
  readonly isLoaded: boolean;
  readonly isDisabled: boolean;
  readonly isRunning: boolean;
  /** Starting or stopping. */
  readonly isChanging: boolean;
  /** After a failure, the manager will start it again. */
  readonly willRestart: boolean;
  /** After failures, the manager starts it no more by itself. */
  readonly gaveUp: boolean;
  readonly runs: number | undefined;
  readonly lastExitCode: number | undefined;
  readonly lastSignal: string | undefined;
}

/** How the parts of a service are called by its manager. */
export interface ManagerTerms {
  readonly manager: 'launchd' | 'systemd';
  readonly label: string;
  /** `property list`, `unit`. */
  readonly definition: string;
  /** What disables a service: ` by …`, or nothing. */
  readonly disabledBy: string;
  /** Where what the process printed is. */
  readonly outputHint: string;
}

const secondsToAnswer = 20;

export abstract class ManagedService implements ServiceManager {
  readonly definition: ServiceDefinition;
  protected readonly system: ServiceSystem;
  protected readonly steps: Steps;
  protected readonly path: string;
  protected abstract readonly terms: ManagerTerms;
  #installed: string | undefined;

  /** `installed` is the text of the definition's file, and `environment` the variables that it sets. */
  constructor(
    system: ServiceSystem,
    steps: Steps,
    path: string,
    installed: string | undefined,
    environment: Readonly<Record<string, string>>,
  ) {
    this.system = system;
    this.steps = steps;
    this.path = path;
    this.#installed = installed;
    this.definition = defineService(system, environment);
  }

  abstract install(): Promise<void>;
  abstract uninstall(): Promise<void>;
  abstract start(): Promise<void>;
  abstract stop(): Promise<void>;
  abstract restart(): Promise<void>;

  protected abstract look(): Promise<ManagedProcess>;
  /** The keys in which an installed definition differs from the one that this version would install. */
  protected abstract differencesOf(installed: string): readonly string[];

  /** The command line in an installed definition. */
  protected abstract programOf(installed: string): readonly string[];

  async facts(): Promise<ServiceFacts> {
    const { installed, terms } = this;
    const { program, dataFolder, logFile, socketPath } = this.definition;
    const managed = await this.look();
    const daemon = await this.system.greet(socketPath);
    const { version } = this.system;
    const { isLoaded, isDisabled, pid, runs, lastExitCode, lastSignal } = managed;
    const differences = installed === undefined ? [] : [...this.differencesOf(installed)];
    // One that is the present definition starts what runs this.
    const missing =
      installed === undefined || differences.length === 0
        ? undefined
        : this.programOf(installed).find((word) => isAbsolute(word) && !existsSync(word));
    const isOtherVersion = daemon !== undefined && daemon.pid === pid && daemon.version !== version;
    const state = stateOf(managed, installed !== undefined, differences.length > 0 || isOtherVersion);
    const otherPid = daemon?.pid === pid ? undefined : daemon?.pid;
    const lastError = managed.failure === undefined ? undefined : await lastErrorIn(logFile);
    return {
      manager: terms.manager,
      state,
      ...wordsFor(state, managed, terms, { isOtherVersion, missing, otherPid, lastError }),
      label: terms.label,
      definitionFile: this.path,
      isInstalled: installed !== undefined,
      isLoaded,
      isDisabled,
      pid,
      runs,
      lastExitCode,
      lastSignal,
      gaveUp: managed.gaveUp,
      lastError,
      differences,
      missing,
      daemon,
      version,
      program: [...program],
      dataFolder,
      logFile,
    };
  }

  /** The text of the definition's file. */
  protected get installed(): string | undefined {
    return this.#installed;
  }

  /** A service of root would run outside the person's session, own files in their folders, and answer to nobody. */
  protected refuseRoot(): void {
    if (this.system.userId === 0) {
      throw new TidemarkError(
        'service',
        'The service runs as an ordinary user, and is not installed for root.',
        {
          hint: 'Run the command as yourself, without sudo.',
        },
      );
    }
  }

  protected requireInstalled(): void {
    if (this.#installed === undefined) {
      throw new TidemarkError('service', 'The service is not installed.', { hint: installHint });
    }
  }

  protected async write(text: string): Promise<void> {
    await this.steps.write(this.path, text, `The ${this.terms.definition}`);
    if (!this.steps.isDryRun) {
      this.#installed = text;
    }
  }

  protected async remove(): Promise<void> {
    await this.steps.remove(this.path);
    if (!this.steps.isDryRun) {
      this.#installed = undefined;
    }
  }

  /** Puts back what was installed before; a first installation leaves nothing behind. */
  protected async restore(before: string | undefined): Promise<void> {
    await (before === undefined ? this.remove() : this.write(before));
  }

  /**
   * Waits until the daemon answers. Throws 'service' when it ends or does not answer in time, and when another daemon holds
   * the socket: this one cannot run then, and the manager would start it again and again.
   */
  protected async waitUntilAnswering(look: () => Promise<StartedProcess>): Promise<void> {
    let failure: string | undefined;
    let other: number | undefined;
    const answers = await this.steps.wait(
      'the daemon to answer',
      async () => {
        const started = await look();
        const greeting = await this.system.greet(this.definition.socketPath);
        ({ failure } = started);
        other = greeting !== undefined && greeting.pid !== started.pid ? greeting.pid : undefined;
        return failure !== undefined || (greeting !== undefined && other === undefined);
      },
      secondsToAnswer,
    );
    if (other !== undefined) {
      throw new TidemarkError(
        'service',
        `Another daemon, process ${other}, is already running and holds the socket.`,
        { hint: 'Stop it (with Ctrl-C if it runs in a terminal), then run `tidemark service restart`.' },
      );
    }
    if (failure !== undefined || !answers) {
      throw new TidemarkError(
        'service',
        `The daemon was started and ${failure ?? `has not answered within ${secondsToAnswer} s`}.${becauseOf(failure === undefined ? undefined : await lastErrorIn(this.definition.logFile))}`,
        {
          hint: `\`tidemark service logs\` shows the daemon's log, and ${this.terms.outputHint} what it printed.`,
        },
      );
    }
  }
}

/** The reason that the daemon logged when it last failed, without what comes from Node; undefined where the log has none. */
async function lastErrorIn(logFile: string): Promise<string | undefined> {
  await using reader = await LogReader.open(logFile);
  const [line] = await reader.lastLines(1, (each) => endingOf(each) !== undefined).catch((): string[] => []);
  return line === undefined ? undefined : endingOf(line);
}

function endingOf(line: string): string | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), v.object({ msg: v.string() })), line);
  return parsed.success ? reasonOfEnd(parsed.output.msg) : undefined;
}

const becauseOf = (lastError: string | undefined): string =>
  lastError === undefined ? '' : ` The last reason in its log: ${lastError}`;

const installHint = 'Install it with `tidemark service install`.';

/** A definition's text; undefined where there is none. Throws 'service' where it cannot be read. */
export async function readDefinition(path: string, what: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return undefined;
    }
    throw new TidemarkError('service', `The ${what} “${path}” cannot be read: ${message}.`, {
      hint: 'Check who owns it; it should be yours.',
      cause: error,
    });
  }
}

function stateOf(managed: ManagedProcess, isInstalled: boolean, isOutdated: boolean): ServiceState {
  if (!isInstalled) {
    return 'not-installed';
  }
  if (managed.isDisabled && managed.pid === undefined) {
    return 'disabled';
  }
  // Before a crash, of which an older definition with a Node that is gone is a common reason.
  if (isOutdated) {
    return 'outdated';
  }
  if (!managed.isLoaded) {
    return 'installed-not-loaded';
  }
  if (managed.isRunning) {
    return 'running';
  }
  return managed.failure === undefined ? 'loaded-not-running' : 'crashed';
}

function wordsFor(
  state: ServiceState,
  { pid, failure, hasSession, isLoaded, isChanging, willRestart, gaveUp }: ManagedProcess,
  { manager, definition, disabledBy }: ManagerTerms,
  {
    isOtherVersion,
    missing,
    otherPid,
    lastError,
  }: {
    readonly isOtherVersion: boolean;
    readonly missing: string | undefined;
    readonly otherPid: number | undefined;
    readonly lastError: string | undefined;
  },
): Pick<ServiceFacts, 'message' | 'hint'> {
  const other =
    otherPid === undefined
      ? ''
      : ` Another daemon, process ${otherPid}, answers; ${manager} did not start it.`;
  const next = willRestart
    ? `; ${manager} will start it again`
    : gaveUp
      ? `, and ${manager} gave up starting it`
      : '';
  switch (state) {
    case 'not-installed':
      return isLoaded
        ? {
            message: `The service is loaded, but its ${definition} is gone.`,
            hint: 'Run `tidemark service install`, or `tidemark service uninstall` to stop it.',
          }
        : { message: `The service is not installed.${other}`, hint: installHint };
    case 'installed-not-loaded':
      return hasSession
        ? {
            message: `The service is installed and stopped; it starts at the next login.${other}`,
            hint: 'Start it now with `tidemark service start`.',
          }
        : { message: `The service is installed, and starts when you log in at the screen.${other}` };
    case 'loaded-not-running':
      return isChanging
        ? { message: `The daemon is starting or stopping.${other}` }
        : {
            message: `The service is loaded, but the daemon is not running.${other}`,
            hint: 'Start it with `tidemark service start`.',
          };
    case 'running':
      return { message: `The daemon is running as process ${pid ?? 0}.${other}` };
    case 'crashed':
      return {
        message: `The daemon ${failure ?? 'failed'}${next}.${becauseOf(lastError)}${other}`,
        hint: '`tidemark service logs` shows more; `tidemark service restart` starts it again now.',
      };
    case 'outdated': {
      if (isOtherVersion && missing === undefined) {
        return {
          message: 'The running daemon is of another version.',
          hint: 'Run `tidemark service restart`.',
        };
      }
      const what =
        missing === undefined
          ? `The ${definition} is not the one that this version of Tidemark installs.`
          : `The service starts ${printable(missing)}, which is no longer there.`;
      const end = failure === undefined ? '' : ` The daemon ${failure}${next}.${becauseOf(lastError)}`;
      return {
        message: `${what}${end}`,
        hint: `Run \`tidemark service install\` to replace it${failure === undefined ? '' : ' and start the daemon again'}.`,
      };
    }
    case 'disabled':
      return {
        message: `The service is disabled${disabledBy}.${other}`,
        hint: 'Enable and start it with `tidemark service start`.',
      };
    case 'unsupported':
      return { message: `${manager} is not available here.` };
  }
}
