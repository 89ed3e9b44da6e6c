/** The service on Linux: a unit of systemd's user manager. */

import { isAbsolute, join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { checkWords, serviceNames } from './definition.ts';
import { ManagedService, readDefinition } from './managed-service.ts';
import type { ManagedProcess, ManagerTerms } from './managed-service.ts';
import type { Steps } from './steps.ts';
import type { Executed, ServiceSystem } from './system.ts';
import { environmentOfUnit, programOfUnit, unitDifferences, unitText } from './systemd-unit.ts';

/** What is asked of `systemctl show`. */
const unitProperties = [
  'ActiveState',
  'SubState',
  'MainPID',
  'ExecMainCode',
  'ExecMainStatus',
  'NRestarts',
  'UnitFileState',
];

export class SystemdService extends ManagedService {
  protected readonly terms: ManagerTerms;
  readonly #unit: string;

  private constructor(system: ServiceSystem, steps: Steps, path: string, installed: string | undefined) {
    super(system, steps, path, installed, installed === undefined ? {} : environmentOfUnit(installed));
    this.#unit = this.definition.names.systemdUnit;
    this.terms = {
      manager: 'systemd',
      label: this.#unit,
      definition: 'unit',
      disabledBy: '',
      outputHint: `\`journalctl --user -u ${this.#unit}\``,
    };
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
    const path = join(folder, 'systemd', 'user', (system.names ?? serviceNames.daemon).systemdUnit);
    return new SystemdService(system, steps, path, await readDefinition(path, 'unit'));
  }

  async install(): Promise<void> {
    this.refuseRoot();
    checkWords(this.definition);
    const before = this.installed;
    await this.steps.makeFolder(this.definition.logFolder);
    try {
      await this.write(unitText(this.definition));
      await this.#systemctl('reload its units', 'daemon-reload');
      await this.#systemctl('enable the service', 'enable', this.#unit);
    } catch (error) {
      await this.#rollBack(before);
      throw error;
    }
    await this.#startAnew();
  }

  async uninstall(): Promise<void> {
    this.refuseRoot();
    if (this.installed === undefined) {
      // One whose unit's file was removed runs on.
      if ((await this.look()).isLoaded) {
        await this.#systemctl('stop the service', 'stop', this.#unit);
      }
      return;
    }
    await this.#systemctl('stop and disable the service', 'disable', '--now', this.#unit);
    await this.remove();
    await this.#systemctl('reload its units', 'daemon-reload');
    // It fails where there was no failure to forget.
    await this.#change('reset-failed', this.#unit);
  }

  async start(): Promise<void> {
    this.refuseRoot();
    this.requireInstalled();
    const { isRunning, isDisabled } = await this.look();
    if (isDisabled) {
      await this.#systemctl('enable the service', 'enable', this.#unit);
    }
    if (!isRunning) {
      await this.#startAnew();
    }
  }

  async stop(): Promise<void> {
    this.refuseRoot();
    this.requireInstalled();
    await this.#systemctl('stop the service', 'stop', this.#unit);
  }

  async restart(): Promise<void> {
    this.refuseRoot();
    this.requireInstalled();
    await this.#startAnew();
  }

  protected override async look(): Promise<ManagedProcess> {
    const words = ['systemctl', '--user', 'show', this.#unit, `--property=${unitProperties.join(',')}`];
    const executed = await this.steps.ask(words, meaningOf);
    if (executed?.exitCode !== 0) {
      throw refusal('report the state of the service', this.#unit, executed);
    }
    return readUnitState(executed.stdout);
  }

  protected override programOf(installed: string): readonly string[] {
    return programOfUnit(installed);
  }

  protected override differencesOf(installed: string): readonly string[] {
    return unitDifferences(installed, unitText(this.definition));
  }

  /** Earlier failures do not count against it: systemd refuses a unit that failed too often. */
  async #startAnew(): Promise<void> {
    await this.#change('reset-failed', this.#unit);
    await this.#systemctl('start the service', 'restart', this.#unit);
    await this.waitUntilAnswering(() => this.look());
  }

  /** The error that led here is the one to report; `facts` tell what is left. */
  async #rollBack(before: string | undefined): Promise<void> {
    try {
      await this.restore(before);
      await this.#change('daemon-reload');
    } catch {
      // As above.
    }
  }

  async #systemctl(what: string, ...words: readonly string[]): Promise<void> {
    const executed = await this.#change(...words);
    if (executed?.exitCode !== 0) {
      throw refusal(what, this.#unit, executed);
    }
  }

  #change(...words: readonly string[]): Promise<Executed | undefined> {
    return this.steps.change(['systemctl', '--user', ...words], meaningOf);
  }
}

/** What `systemctl show` prints of the unit. */
function readUnitState(shown: string): ManagedProcess {
  const values = new Map(
    shown
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const pid = Number(values.get('MainPID') ?? 0);
  const status = Number(values.get('ExecMainStatus') ?? 0);
  const active = values.get('ActiveState');
  const willRestart = values.get('SubState') === 'auto-restart';
  const isRunning = active === 'active';
  const isFailed = active === 'failed' || willRestart;
  const isChanging = active === 'activating' || active === 'deactivating' || active === 'reloading';
  // Of sigaction(2): 1 CLD_EXITED, 2 CLD_KILLED, 3 CLD_DUMPED.
  const end = values.get('ExecMainCode');
  const lastExitCode = end === '1' ? status : undefined;
  const lastSignal = end === '2' || end === '3' ? String(status) : undefined;
  const failure =
    lastSignal === undefined
      ? `ended with exit code ${lastExitCode ?? 0}`
      : `was ended by signal ${lastSignal}`;
  return {
    hasSession: true,
    isLoaded: isRunning || isFailed || isChanging,
    isDisabled: ['disabled', 'masked', 'masked-runtime'].includes(values.get('UnitFileState') ?? ''),
    isRunning,
    isChanging,
    willRestart,
    // It restarts what fails until a limit is reached; the unit of an older version has one.
    gaveUp: active === 'failed',
    failure: isFailed ? failure : undefined,
    pid: pid > 0 ? pid : undefined,
    runs: Number(values.get('NRestarts') ?? 0) + (active === 'inactive' ? 0 : 1),
    lastExitCode,
    lastSignal,
  };
}

/** systemctl(1), Exit status; those of LSB. */
const meaningOf = (code: number): string | undefined =>
  ({
    1: 'systemd refuses it, or does not answer',
    3: 'it is not running',
    4: 'there is no such unit',
    5: 'it is not installed',
  })[code];

function refusal(what: string, unit: string, executed: Executed | undefined): TidemarkError {
  const [said = ''] = (executed?.stderr ?? '').trim().split('\n');
  return new TidemarkError(
    'service',
    `systemd did not ${what}${said === '' ? '' : `: ${said.replace(/\.$/, '')}`}.`,
    { hint: `\`systemctl --user status ${unit}\` and \`journalctl --user\` say more.` },
  );
}
