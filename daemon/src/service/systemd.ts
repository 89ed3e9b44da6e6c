/** The service on Linux: a unit of systemd's user manager. */

import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ServiceFacts } from '@tidemark/shared/protocol/service-document.ts';
import { waitUntilUp } from './coming-up.ts';
import { defineService, systemdUnit } from './definition.ts';
import type { ServiceDefinition } from './definition.ts';
import type { ServiceManager } from './manager.ts';
import { refuseRoot, requireInstalled } from './preconditions.ts';
import type { Steps } from './steps.ts';
import type { Executed, ServiceSystem } from './system.ts';
import { failureOf, readUnitState, stateOf, unitProperties, wordsFor } from './systemd-state.ts';
import type { UnitState } from './systemd-state.ts';
import { environmentOfUnit, unitDifferences, unitText } from './systemd-unit.ts';

export class SystemdService implements ServiceManager {
  readonly definition: ServiceDefinition;
  readonly #system: ServiceSystem;
  readonly #steps: Steps;
  readonly #path: string;
  #installed: string | undefined;

  private constructor(system: ServiceSystem, steps: Steps, path: string, installed: string | undefined) {
    this.#system = system;
    this.#steps = steps;
    this.#path = path;
    this.#installed = installed;
    this.definition = defineService(system, installed === undefined ? {} : environmentOfUnit(installed));
  }

  /** Undefined where systemd does not answer this user: another init system, a container, a session without a bus. */
  static async open(system: ServiceSystem, steps: Steps): Promise<SystemdService | undefined> {
    const answer = await steps.ask(['systemctl', '--user', 'show', '--property=Version'], meaningOf);
    if (answer?.exitCode !== 0) {
      return undefined;
    }
    const { XDG_CONFIG_HOME: configuration } = system.environment;
    const folder =
      configuration !== undefined && isAbsolute(configuration) ? configuration : join(system.home, '.config');
    const path = join(folder, 'systemd', 'user', systemdUnit);
    return new SystemdService(system, steps, path, await readUnit(path));
  }

  async facts(): Promise<ServiceFacts> {
    const unit = await this.#show();
    const daemon = await this.#system.greet(this.definition.socketPath);
    const { pid, runs, lastExitCode, lastSignal, isDisabled } = unit;
    const isInstalled = this.#installed !== undefined;
    const differences =
      this.#installed === undefined ? [] : unitDifferences(this.#installed, unitText(this.definition));
    const { version } = this.#system;
    const isOlder = daemon !== undefined && daemon.pid === pid && daemon.version !== version;
    const state = stateOf(unit, isInstalled, differences.length > 0 || isOlder);
    return {
      manager: 'systemd',
      state,
      ...wordsFor(state, unit, isOlder),
      label: systemdUnit,
      definitionFile: this.#path,
      isInstalled,
      isLoaded: unit.isActive || unit.isFailed || unit.isChanging,
      isDisabled,
      ...(pid === undefined ? {} : { pid }),
      runs,
      ...(lastExitCode === undefined ? {} : { lastExitCode }),
      ...(lastSignal === undefined ? {} : { lastSignal }),
      differences: [...differences],
      ...(daemon === undefined ? {} : { daemon }),
      version,
      program: [...this.definition.program],
      dataFolder: this.definition.dataFolder,
      logFile: this.definition.logFile,
    };
  }

  async install(): Promise<void> {
    refuseRoot(this.#system);
    const before = this.#installed;
    await this.#steps.makeFolder(this.definition.logFolder);
    try {
      await this.#write(unitText(this.definition));
      await this.#systemctl('read its units again', 'daemon-reload');
      await this.#systemctl('enable the service', 'enable', systemdUnit);
    } catch (error) {
      await this.#rollBack(before);
      throw error;
    }
    await this.#startAnew();
  }

  async uninstall(): Promise<void> {
    refuseRoot(this.#system);
    if (this.#installed === undefined) {
      return;
    }
    await this.#systemctl('end and disable the service', 'disable', '--now', systemdUnit);
    await this.#steps.remove(this.#path);
    if (!this.#steps.isDryRun) {
      this.#installed = undefined;
    }
    await this.#systemctl('read its units again', 'daemon-reload');
    // It fails where there was no failure to forget.
    await this.#steps.change(['systemctl', '--user', 'reset-failed', systemdUnit], meaningOf);
  }

  async start(): Promise<void> {
    refuseRoot(this.#system);
    requireInstalled(this.#installed !== undefined);
    const { isActive, isDisabled } = await this.#show();
    if (isDisabled) {
      await this.#systemctl('enable the service', 'enable', systemdUnit);
    }
    if (!isActive) {
      await this.#startAnew();
    }
  }

  async stop(): Promise<void> {
    refuseRoot(this.#system);
    requireInstalled(this.#installed !== undefined);
    await this.#systemctl('end the service', 'stop', systemdUnit);
  }

  async restart(): Promise<void> {
    refuseRoot(this.#system);
    requireInstalled(this.#installed !== undefined);
    await this.#startAnew();
  }

  /** Failures that were before do not count against it: systemd refuses one that failed too often. */
  async #startAnew(): Promise<void> {
    await this.#steps.change(['systemctl', '--user', 'reset-failed', systemdUnit], meaningOf);
    await this.#systemctl('start the service', 'restart', systemdUnit);
    await waitUntilUp({
      system: this.#system,
      steps: this.#steps,
      socketPath: this.definition.socketPath,
      look: async () => {
        const unit = await this.#show();
        return { pid: unit.pid, failure: unit.isActive ? undefined : failureOf(unit) };
      },
      logsHint: `\`tidemark service logs\` shows the daemon's log, and \`journalctl --user -u ${systemdUnit}\` what it printed.`,
    });
  }

  async #rollBack(before: string | undefined): Promise<void> {
    try {
      if (before === undefined) {
        await this.#steps.remove(this.#path);
        this.#installed = undefined;
      } else {
        await this.#write(before);
      }
      await this.#steps.change(['systemctl', '--user', 'daemon-reload'], meaningOf);
    } catch {
      // The error that led here is the one to tell; `tidemark service status` says what is left.
    }
  }

  async #write(text: string): Promise<void> {
    await this.#steps.write(this.#path, text, 'The unit');
    if (!this.#steps.isDryRun) {
      this.#installed = text;
    }
  }

  async #show(): Promise<UnitState> {
    const words = ['systemctl', '--user', 'show', systemdUnit, `--property=${unitProperties.join(',')}`];
    const executed = await this.#steps.ask(words, meaningOf);
    if (executed?.exitCode !== 0) {
      throw refusal('say how the service is', executed);
    }
    return readUnitState(executed.stdout);
  }

  async #systemctl(what: string, ...words: readonly string[]): Promise<void> {
    const executed = await this.#steps.change(['systemctl', '--user', ...words], meaningOf);
    if (executed?.exitCode !== 0) {
      throw refusal(what, executed);
    }
  }
}

/** systemctl(1), Exit status; those of LSB. */
const meaningOf = (code: number): string | undefined =>
  ({
    1: 'systemd refuses it, or does not answer',
    3: 'it does not run',
    4: 'there is no such unit',
    5: 'it is not installed',
  })[code];

async function readUnit(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return undefined;
    }
    throw new TidemarkError('service', `The unit “${path}” cannot be read: ${(error as Error).message}.`, {
      hint: 'See who owns it; it should be yours.',
      cause: error,
    });
  }
}

function refusal(what: string, executed: Executed | undefined): TidemarkError {
  const [said = ''] = (executed?.stderr ?? '').trim().split('\n');
  return new TidemarkError(
    'service',
    `systemd did not ${what}${said === '' ? '' : `: ${said.replace(/\.$/, '')}`}.`,
    { hint: `\`systemctl --user status ${systemdUnit}\` and \`journalctl --user\` say more.` },
  );
}
