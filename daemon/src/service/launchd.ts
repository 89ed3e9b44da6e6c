/** The service on macOS: an agent of launchd in the person's graphical session. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ServiceFacts } from '@tidemark/shared/protocol/daemon-documents.ts';
import { checkWords, secondsToEnd, serviceNames } from './definition.ts';
import {
  differencesOf,
  environmentOf,
  launchAgent,
  programOf,
  propertyListText,
  readPropertyList,
} from './launch-agent.ts';
import { failureOf, Launchctl } from './launchctl.ts';
import type { Loaded } from './launchctl.ts';
import { ManagedService, readDefinition } from './managed-service.ts';
import type { ManagedProcess, ManagerTerms, StartedProcess } from './managed-service.ts';
import type { Steps } from './steps.ts';
import type { ServiceSystem } from './system.ts';

/** A larger output file is renamed when the agent is installed: launchd never does. */
const longestOutputBytes = 1_000_000;

const definitionName = 'property list';

export class LaunchdService extends ManagedService {
  protected readonly terms: ManagerTerms;
  readonly #launchctl: Launchctl;

  static async open(system: ServiceSystem, steps: Steps): Promise<LaunchdService> {
    const { launchdLabel } = system.names ?? serviceNames.daemon;
    const path = join(system.home, 'Library', 'LaunchAgents', `${launchdLabel}.plist`);
    return new LaunchdService(system, steps, path, await readDefinition(path, definitionName));
  }

  private constructor(system: ServiceSystem, steps: Steps, path: string, installed: string | undefined) {
    super(
      system,
      steps,
      path,
      installed,
      installed === undefined ? {} : environmentOf(readPropertyList(installed)),
    );
    const { launchdLabel: label } = this.definition.names;
    this.terms = {
      manager: 'launchd',
      label,
      definition: definitionName,
      disabledBy: ' by `launchctl disable` or in System Settings',
      outputHint: '`tidemark service logs --output`',
    };
    this.#launchctl = new Launchctl(steps, system.userId, label);
  }

  override async facts(): Promise<ServiceFacts> {
    return { ...(await super.facts()), outputFile: this.definition.outputFile };
  }

  async install(): Promise<void> {
    this.refuseRoot();
    checkWords(this.definition);
    const before = this.installed;
    const loaded = await this.#launchctl.print();
    // launchd would make it open to others, and refuses to spawn where it cannot make it.
    await this.steps.makeFolder(this.definition.logFolder);
    if (loaded.kind === 'loaded') {
      await this.#launchctl.bootout(secondsToEnd);
    }
    await this.#renameLongOutput();
    let outcome: 'loaded' | 'no-session';
    try {
      await this.write(propertyListText(launchAgent(this.definition)));
      outcome = await this.#load();
    } catch (error) {
      await this.#rollBack(before, loaded);
      throw error;
    }
    if (outcome === 'loaded') {
      await this.#waitUntilAnswering(0);
    }
  }

  async uninstall(): Promise<void> {
    this.refuseRoot();
    // A label may be loaded though its file is gone.
    if ((await this.#launchctl.print()).kind === 'loaded') {
      await this.#launchctl.bootout(secondsToEnd);
    }
    if (this.installed !== undefined) {
      await this.remove();
    }
  }

  async start(): Promise<void> {
    this.refuseRoot();
    this.requireInstalled();
    const loaded = await this.#launchctl.print();
    if (loaded.kind !== 'loaded' || failureOf(loaded.job) !== undefined) {
      await this.#loadAnew(loaded);
    } else if (loaded.job.pid === undefined) {
      await this.#launchctl.kickstart({ restart: false });
      await this.#waitUntilAnswering(loaded.job.runs);
    }
  }

  async stop(): Promise<void> {
    this.refuseRoot();
    // Unloaded rather than killed: launchd would start it again if it ends with an exit code other than 0.
    if ((await this.#launchctl.print()).kind === 'loaded') {
      await this.#launchctl.bootout(secondsToEnd);
    } else {
      this.requireInstalled();
    }
  }

  async restart(): Promise<void> {
    this.refuseRoot();
    this.requireInstalled();
    const loaded = await this.#launchctl.print();
    if (loaded.kind !== 'loaded' || loaded.job.pid === undefined) {
      await this.#loadAnew(loaded);
    } else {
      await this.#launchctl.kickstart({ restart: true });
      await this.#waitUntilAnswering(loaded.job.runs);
    }
  }

  protected override async look(): Promise<ManagedProcess> {
    const loaded = await this.#launchctl.print();
    const job = loaded.kind === 'loaded' ? loaded.job : undefined;
    return {
      hasSession: loaded.kind !== 'no-session',
      isLoaded: job !== undefined,
      isDisabled: await this.#launchctl.isDisabled(),
      isRunning: job?.pid !== undefined,
      isChanging: false,
      willRestart: job?.state === 'spawn scheduled',
      // launchd tries for ever.
      gaveUp: false,
      failure: job && failureOf(job),
      pid: job?.pid,
      runs: job?.runs,
      lastExitCode: job?.lastExitCode,
      lastSignal: job?.lastSignal,
    };
  }

  protected override programOf(installed: string): readonly string[] {
    return programOf(readPropertyList(installed));
  }

  protected override differencesOf(installed: string): readonly string[] {
    const list = readPropertyList(installed);
    return list === undefined
      ? ['all of it: the file is not a property list']
      : differencesOf(list, launchAgent(this.definition));
  }

  /** One that failed is unloaded first, since kickstart cannot shorten the time that launchd waits after failures. */
  async #loadAnew(loaded: Loaded): Promise<void> {
    if (loaded.kind === 'loaded') {
      await this.#launchctl.bootout(secondsToEnd);
    }
    if ((await this.#load()) === 'no-session') {
      throw new TidemarkError(
        'service',
        'launchd starts the service only while you are logged in at the screen.',
        {
          hint: 'Log in there, or run `tidemark daemon` here for as long as you need it.',
        },
      );
    }
    await this.#waitUntilAnswering(0);
  }

  /** Enabling comes first: a disabled label is refused, by 5 or by 119, and the person has just asked for it. */
  async #load(): Promise<'loaded' | 'no-session'> {
    await this.#launchctl.enable();
    return await this.#launchctl.bootstrap(this.path);
  }

  /** `runsBefore` tells a failure of an earlier process from one of the process that was asked for. */
  #waitUntilAnswering(runsBefore = 0): Promise<void> {
    return this.waitUntilAnswering(async (): Promise<StartedProcess> => {
      const loaded = await this.#launchctl.print();
      if (loaded.kind !== 'loaded') {
        return { pid: undefined, failure: 'is no longer loaded' };
      }
      const { pid, runs = 0 } = loaded.job;
      return { pid, failure: runs > runsBefore ? failureOf(loaded.job) : undefined };
    });
  }

  /** What was loaded before is loaded again. The first error is the one to report; `facts` tell what is left. */
  async #rollBack(before: string | undefined, loadedBefore: Loaded): Promise<void> {
    try {
      await this.#launchctl.bootout(secondsToEnd);
      await this.restore(before);
      if (before !== undefined && loadedBefore.kind === 'loaded') {
        await this.#launchctl.bootstrap(this.path);
      }
    } catch {
      // As above.
    }
  }

  async #renameLongOutput(): Promise<void> {
    const { outputFile } = this.definition;
    const bytes = await stat(outputFile).then(
      ({ size }) => size,
      () => 0,
    );
    if (bytes > longestOutputBytes) {
      await this.steps.rename(outputFile, `${outputFile}.1`);
    }
  }
}
