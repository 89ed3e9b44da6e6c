/** The service where no manager of services is known: what there is to say instead. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ServiceFacts } from '@tidemark/shared/protocol/service-document.ts';
import { defineService, systemdUnit } from './definition.ts';
import type { ServiceDefinition } from './definition.ts';
import type { ServiceManager } from './manager.ts';
import type { ServiceSystem } from './system.ts';

const message = 'There is no systemd of this user here that could keep the daemon running.';

const hint =
  'Run `tidemark daemon` under any supervisor that starts it again after an exit code other than 0, and ends it with SIGTERM.';

export class NoService implements ServiceManager {
  readonly definition: ServiceDefinition;
  readonly #system: ServiceSystem;

  constructor(system: ServiceSystem) {
    this.#system = system;
    this.definition = defineService(system);
  }

  async facts(): Promise<ServiceFacts> {
    const { program, dataFolder, logFile, socketPath } = this.definition;
    const daemon = await this.#system.greet(socketPath);
    return {
      manager: 'none',
      state: 'unsupported',
      message: daemon === undefined ? message : `${message} A daemon answers, as process ${daemon.pid}.`,
      hint,
      label: systemdUnit,
      isInstalled: false,
      isLoaded: false,
      isDisabled: false,
      ...(daemon === undefined ? {} : { daemon }),
      differences: [],
      version: this.#system.version,
      program: [...program],
      dataFolder,
      logFile,
    };
  }

  readonly install = refuse;
  readonly uninstall = refuse;
  readonly start = refuse;
  readonly stop = refuse;
  readonly restart = refuse;
}

const refuse = (): Promise<never> => Promise.reject(new TidemarkError('service', message, { hint }));
