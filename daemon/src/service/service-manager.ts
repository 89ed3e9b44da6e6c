/** The manager of services of this machine: launchd, systemd, or none that Tidemark knows. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ServiceFacts } from '@tidemark/shared/protocol/daemon-documents.ts';
import { defineService } from './definition.ts';
import { LaunchdService } from './launchd.ts';
import type { ServiceManager } from './managed-service.ts';
import type { Steps } from './steps.ts';
import type { ServiceSystem } from './system.ts';
import { SystemdService } from './systemd.ts';

export async function openServiceManager(system: ServiceSystem, steps: Steps): Promise<ServiceManager> {
  if (system.platform === 'darwin') {
    return await LaunchdService.open(system, steps);
  }
  return (await SystemdService.open(system, steps)) ?? noManager(system);
}

const message = 'There is no systemd user manager here to keep the daemon running.';

const hint =
  'Run `tidemark daemon` under any supervisor that restarts it after an exit code other than 0 and stops it with SIGTERM.';

const refuse = (): Promise<never> => Promise.reject(new TidemarkError('service', message, { hint }));

function noManager(system: ServiceSystem): ServiceManager {
  const definition = defineService(system);
  const { program, dataFolder, logFile, socketPath } = definition;
  const facts = async (): Promise<ServiceFacts> => {
    const daemon = await system.greet(socketPath);
    return {
      manager: 'none',
      state: 'unsupported',
      message: daemon === undefined ? message : `${message} A daemon answers, as process ${daemon.pid}.`,
      hint,
      label: definition.names.systemdUnit,
      isInstalled: false,
      isLoaded: false,
      isDisabled: false,
      daemon,
      differences: [],
      version: system.version,
      program: [...program],
      dataFolder,
      logFile,
    };
  };
  return {
    definition,
    facts,
    install: refuse,
    uninstall: refuse,
    start: refuse,
    stop: refuse,
    restart: refuse,
  };
}
