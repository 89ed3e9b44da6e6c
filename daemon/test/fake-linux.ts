/** A Linux machine for tests of the service: a home, and a systemctl with the states and exit codes of systemctl(1). */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Executed, ServiceSystem } from '../src/service/system.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ok = (stdout = ''): Executed => ({ exitCode: 0, stdout, stderr: '' });

const failed = (exitCode: number, stderr: string): Executed => ({
  exitCode,
  stdout: '',
  stderr: `${stderr}\n`,
});

/** The process that a unit's main program would be. */
const mainPid = 700;

/** One unit of a user, kept in memory. */
class FakeSystemctl {
  readonly calls: string[] = [];
  /** Whether the user's manager answers. */
  answers = true;
  /** With which exit code the program ends at once; undefined for one that runs on. */
  programEndsWith: number | undefined;
  /** A verb that is refused once. */
  refuses: string | undefined;
  readonly #unitPath: string;
  #loaded: string | undefined;
  #isEnabled = false;
  #state: 'inactive' | 'active' | 'failed' = 'inactive';

  constructor(configuration: string) {
    this.#unitPath = join(configuration, 'systemd', 'user', 'tidemark.service');
  }

  /** The process that runs, if one does. */
  get pid(): number | undefined {
    return this.#state === 'active' ? mainPid : undefined;
  }

  run(words: readonly string[]): Executed | undefined {
    const [name, user, verb = '', ...rest] = words;
    if (name !== 'systemctl' || user !== '--user') {
      return undefined;
    }
    this.calls.push([verb, ...rest].join(' '));
    if (!this.answers) {
      return failed(1, 'Failed to connect to bus: No medium found');
    }
    if (this.refuses === verb) {
      this.refuses = undefined;
      return failed(1, `Failed to ${verb} unit: Access denied.`);
    }
    if (rest.at(-1) !== 'tidemark.service' && !['show', 'daemon-reload'].includes(verb)) {
      return failed(5, `Unit ${rest.at(-1) ?? ''} could not be found.`);
    }
    return this.#act(verb, rest);
  }

  #act(verb: string, rest: readonly string[]): Executed {
    switch (verb) {
      case 'show':
        return rest[0] === 'tidemark.service' ? ok(this.#show()) : ok('Version=252\n');
      case 'daemon-reload':
        this.#loaded = existsSync(this.#unitPath) ? readFileSync(this.#unitPath, 'utf8') : undefined;
        return ok();
      case 'enable':
        return this.#known(() => (this.#isEnabled = true));
      case 'disable':
        return this.#known(() => {
          this.#isEnabled = false;
          this.#state = rest.includes('--now') ? 'inactive' : this.#state;
        });
      case 'restart':
        return this.#known(() => (this.#state = this.programEndsWith === undefined ? 'active' : 'failed'));
      case 'stop':
        return this.#known(() => (this.#state = 'inactive'));
      case 'reset-failed':
        if (this.#loaded === undefined) {
          return failed(
            1,
            'Failed to reset failed state of unit tidemark.service: Unit tidemark.service not loaded.',
          );
        }
        this.#state = this.#state === 'failed' ? 'inactive' : this.#state;
        return ok();
      default:
        return failed(1, `Unknown command verb ${verb}.`);
    }
  }

  #known(act: () => unknown): Executed {
    if (this.#loaded === undefined) {
      return failed(5, 'Unit tidemark.service not found.');
    }
    act();
    return ok();
  }

  #show(): string {
    const isFailed = this.#state === 'failed';
    return [
      `LoadState=${this.#loaded === undefined ? 'not-found' : 'loaded'}`,
      `ActiveState=${this.#state}`,
      `SubState=${{ inactive: 'dead', active: 'running', failed: 'failed' }[this.#state]}`,
      `MainPID=${this.pid ?? 0}`,
      `ExecMainCode=${isFailed ? 1 : 0}`,
      `ExecMainStatus=${isFailed ? (this.programEndsWith ?? 0) : 0}`,
      'NRestarts=0',
      `UnitFileState=${this.#loaded === undefined ? '' : this.#isEnabled ? 'enabled' : 'disabled'}`,
      '',
    ].join('\n');
  }
}

export class FakeLinux {
  readonly home = temporaryFolder();
  readonly systemctl = new FakeSystemctl(join(this.home, '.config'));
  readonly unitPath = join(this.home, '.config', 'systemd', 'user', 'tidemark.service');
  readonly environment: NodeJS.ProcessEnv = {};
  readonly system: ServiceSystem;

  constructor(changes: Partial<ServiceSystem> = {}) {
    this.system = {
      platform: 'linux',
      userId: 1000,
      home: this.home,
      environment: this.environment,
      program: ['/opt/tidemark/node', '/opt/tidemark/main.ts', 'daemon'],
      version: '0.1.0',
      execute: (words) => Promise.resolve(this.systemctl.run(words)),
      greet: () =>
        Promise.resolve(
          this.systemctl.pid === undefined ? undefined : { pid: this.systemctl.pid, version: '0.1.0' },
        ),
      sleep: () => Promise.resolve(),
      ...changes,
    };
  }

  changes(): string[] {
    return this.systemctl.calls.filter((call) => !call.startsWith('show'));
  }
}
