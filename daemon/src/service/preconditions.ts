/** What has to hold before a service is changed. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ServiceSystem } from './system.ts';

/** A service of root would run outside the person's session, own files in their folders, and answer to nobody. */
export function refuseRoot({ userId }: ServiceSystem): void {
  if (userId === 0) {
    throw new TidemarkError('service', 'The service belongs to a person, and is not installed for root.', {
      hint: 'Run it as yourself, without sudo.',
    });
  }
}

export function requireInstalled(isInstalled: boolean): void {
  if (!isInstalled) {
    throw new TidemarkError('service', 'The service is not installed.', {
      hint: 'Install it with `tidemark service install`.',
    });
  }
}
