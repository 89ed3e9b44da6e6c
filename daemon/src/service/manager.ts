/** What a manager of services does for Tidemark, whichever it is. */

import type { ServiceFacts } from '@tidemark/shared/protocol/service-document.ts';
import type { ServiceDefinition } from './definition.ts';
import { LaunchdService } from './launchd.ts';
import { NoService } from './no-service.ts';
import type { Steps } from './steps.ts';
import type { ServiceSystem } from './system.ts';
import { SystemdService } from './systemd.ts';

/** All but `facts` throw 'service' or 'not-writable', and leave what they could not finish in a state that `facts` tells. */
export interface ServiceManager {
  readonly definition: ServiceDefinition;
  facts(): Promise<ServiceFacts>;
  /** Installs it, or puts the present definition in the place of an older one, and starts it. */
  install(): Promise<void>;
  /** Ends it and removes its definition; does nothing where it is not installed. */
  uninstall(): Promise<void>;
  start(): Promise<void>;
  /** Ends it until the person logs in again or starts it. */
  stop(): Promise<void>;
  restart(): Promise<void>;
}

/** The manager of this machine; one that only refuses where it has none. */
export async function serviceManager(system: ServiceSystem, steps: Steps): Promise<ServiceManager> {
  if (system.platform === 'darwin') {
    return await LaunchdService.open(system, steps);
  }
  return (await SystemdService.open(system, steps)) ?? new NoService(system);
}
