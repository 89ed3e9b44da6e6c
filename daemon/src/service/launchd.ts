/** The service on macOS: an agent of launchd in the person's graphical session. */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ServiceFacts } from '@tidemark/shared/protocol/service-document.ts';
import { waitUntilUp } from './coming-up.ts';
import type { Beginning } from './coming-up.ts';
import { defineService, launchdLabel, secondsToEnd } from './definition.ts';
import type { ServiceDefinition } from './definition.ts';
import {
  differencesOf,
  environmentOf,
  launchAgent,
  propertyListText,
  readPropertyList,
} from './launch-agent.ts';
import { Launchctl } from './launchctl.ts';
import type { Loaded } from './launchctl.ts';
import { failureOf, stateOf, wordsFor } from './launchd-words.ts';
import type { ServiceManager } from './manager.ts';
import { refuseRoot, requireInstalled } from './preconditions.ts';
import type { Steps } from './steps.ts';
import type { ServiceSystem } from './system.ts';

/** What launchd has written so much to is put aside when the agent is installed, for launchd never does. */
const longestOutputBytes = 1_000_000;

interface Installed {
  readonly text: string;
  readonly list: Readonly<Record<string, unknown>> | undefined;
}

export class LaunchdService implements ServiceManager {
  readonly definition: ServiceDefinition;
  readonly #system: ServiceSystem;
  readonly #steps: Steps;
  readonly #launchctl: Launchctl;
  readonly #path: string;
  #installed: Installed | undefined;

  private constructor(system: ServiceSystem, steps: Steps, path: string, installed: Installed | undefined) {
    this.#system = system;
    this.#steps = steps;
    this.#path = path;
    this.#installed = installed;
    this.#launchctl = new Launchctl(steps, system.userId);
    this.definition = defineService(system, environmentOf(installed?.list));
  }

  static async open(system: ServiceSystem, steps: Steps): Promise<LaunchdService> {
    const path = join(system.home, 'Library', 'LaunchAgents', `${launchdLabel}.plist`);
    return new LaunchdService(system, steps, path, await readInstalled(path));
  }

  async facts(): Promise<ServiceFacts> {
    const loaded = await this.#launchctl.print();
    const isDisabled = await this.#launchctl.isDisabled();
    const daemon = await this.#system.greet(this.definition.socketPath);
    const job = loaded.kind === 'loaded' ? loaded.job : undefined;
    const { pid, runs, lastExitCode, lastSignal } = job ?? {};
    const differences =
      this.#installed === undefined
        ? []
        : this.#installed.list === undefined
          ? ['all of it: the file is no property list']
          : [...differencesOf(this.#installed.list, launchAgent(this.definition))];
    const { version } = this.#system;
    const isOlder = daemon !== undefined && daemon.pid === pid && daemon.version !== version;
    const isInstalled = this.#installed !== undefined;
    const state = stateOf({ isInstalled, isDisabled, isOutdated: differences.length > 0 || isOlder, job });
    return {
      manager: 'launchd',
      state,
      ...wordsFor(state, loaded, { isOlder, otherPid: daemon?.pid === pid ? undefined : daemon?.pid }),
      label: launchdLabel,
      definitionFile: this.#path,
      isInstalled,
      isLoaded: job !== undefined,
      isDisabled,
      ...(pid === undefined ? {} : { pid }),
      ...(runs === undefined ? {} : { runs }),
      ...(lastExitCode === undefined ? {} : { lastExitCode }),
      ...(lastSignal === undefined ? {} : { lastSignal }),
      differences,
      ...(daemon === undefined ? {} : { daemon }),
      version,
      program: [...this.definition.program],
      dataFolder: this.definition.dataFolder,
      logFile: this.definition.logFile,
      outputFile: this.definition.outputFile,
    };
  }

  async install(): Promise<void> {
    refuseRoot(this.#system);
    const before = this.#installed;
    const loaded = await this.#launchctl.print();
    const { logFolder } = this.definition;
    // By ourselves, since launchd would make it open to others, and refuses to spawn where it cannot.
    await this.#steps.makeFolder(logFolder);
    if (loaded.kind === 'loaded') {
      await this.#launchctl.bootout(secondsToEnd);
    }
    await this.#putOutputAside();
    let outcome: 'loaded' | 'no-session';
    try {
      await this.#write(propertyListText(launchAgent(this.definition)));
      outcome = await this.#load();
    } catch (error) {
      await this.#rollBack(before, loaded);
      throw error;
    }
    if (outcome === 'loaded') {
      await this.#waitUntilUp(0);
    }
  }

  async uninstall(): Promise<void> {
    refuseRoot(this.#system);
    // A label may be loaded though its file is gone.
    if ((await this.#launchctl.print()).kind === 'loaded') {
      await this.#launchctl.bootout(secondsToEnd);
    }
    if (this.#installed !== undefined) {
      await this.#steps.remove(this.#path);
      this.#forget();
    }
  }

  async start(): Promise<void> {
    refuseRoot(this.#system);
    requireInstalled(this.#installed !== undefined);
    const loaded = await this.#launchctl.print();
    if (loaded.kind !== 'loaded' || failureOf(loaded.job) !== undefined) {
      await this.#loadAnew(loaded);
    } else if (loaded.job.pid === undefined) {
      await this.#launchctl.kickstart({ restart: false });
      await this.#waitUntilUp(loaded.job.runs);
    }
  }

  async stop(): Promise<void> {
    refuseRoot(this.#system);
    // Unloaded rather than killed: launchd would start it again where it ends with an exit code that is not 0.
    if ((await this.#launchctl.print()).kind === 'loaded') {
      await this.#launchctl.bootout(secondsToEnd);
    } else {
      requireInstalled(this.#installed !== undefined);
    }
  }

  async restart(): Promise<void> {
    refuseRoot(this.#system);
    requireInstalled(this.#installed !== undefined);
    const loaded = await this.#launchctl.print();
    if (loaded.kind !== 'loaded' || loaded.job.pid === undefined) {
      await this.#loadAnew(loaded);
    } else {
      await this.#launchctl.kickstart({ restart: true });
      await this.#waitUntilUp(loaded.job.runs);
    }
  }

  /** One that failed is unloaded first, since kickstart cannot shorten the time that launchd lets pass after failures. */
  async #loadAnew(loaded: Loaded): Promise<void> {
    if (loaded.kind === 'loaded') {
      await this.#launchctl.bootout(secondsToEnd);
    }
    if ((await this.#load()) === 'no-session') {
      throw noSession();
    }
    await this.#waitUntilUp(0);
  }

  /** Enabling comes first: a disabled label is refused, by 5 or by 119, and the person has just asked for it. */
  async #load(): Promise<'loaded' | 'no-session'> {
    await this.#launchctl.enable();
    return await this.#launchctl.bootstrap(this.#path);
  }

  /** `runsBefore` tells an end that came after from the one that was asked for. */
  #waitUntilUp(runsBefore: number | undefined): Promise<void> {
    return waitUntilUp({
      system: this.#system,
      steps: this.#steps,
      socketPath: this.definition.socketPath,
      look: async () => beginningOf(await this.#launchctl.print(), runsBefore),
      logsHint: '`tidemark service logs` shows the daemon’s log, and with --output what it printed.',
    });
  }

  /** What was installed before works on; a first installation leaves nothing behind. The first error is the one to tell. */
  async #rollBack(before: Installed | undefined, loadedBefore: Loaded): Promise<void> {
    try {
      await this.#launchctl.bootout(secondsToEnd);
      if (before === undefined) {
        await this.#steps.remove(this.#path);
        this.#forget();
      } else {
        await this.#write(before.text);
        if (loadedBefore.kind === 'loaded') {
          await this.#launchctl.bootstrap(this.#path);
        }
      }
    } catch {
      // `tidemark service status` tells what is left.
    }
  }

  async #write(text: string): Promise<void> {
    await this.#steps.write(this.#path, text, 'The property list');
    if (!this.#steps.isDryRun) {
      this.#installed = { text, list: readPropertyList(text) };
    }
  }

  #forget(): void {
    if (!this.#steps.isDryRun) {
      this.#installed = undefined;
    }
  }

  async #putOutputAside(): Promise<void> {
    const { outputFile } = this.definition;
    const bytes = await stat(outputFile).then(
      ({ size }) => size,
      () => 0,
    );
    if (bytes > longestOutputBytes) {
      await this.#steps.rename(outputFile, `${outputFile}.1`);
    }
  }
}

async function readInstalled(path: string): Promise<Installed | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    return { text, list: readPropertyList(text) };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return undefined;
    }
    throw new TidemarkError(
      'service',
      `The property list “${path}” cannot be read: ${(error as Error).message}.`,
      {
        hint: 'See who owns it; it should be yours.',
        cause: error,
      },
    );
  }
}

function beginningOf(loaded: Loaded, runsBefore = 0): Beginning {
  if (loaded.kind !== 'loaded') {
    return { pid: undefined, failure: 'is not loaded any more' };
  }
  const { pid, runs = 0 } = loaded.job;
  return { pid, failure: runs > runsBefore ? failureOf(loaded.job) : undefined };
}

const noSession = (): TidemarkError =>
  new TidemarkError('service', 'launchd starts the service only where you are logged in at the screen.', {
    hint: 'Log in there, or run `tidemark daemon` here for as long as it is needed.',
  });
