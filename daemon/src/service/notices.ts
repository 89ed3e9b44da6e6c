/** What a person should know besides, when a service is installed or looked at. */

import { join, sep } from 'node:path';
import type { ServiceAction, ServiceFacts } from '@tidemark/shared/protocol/service-document.ts';
import type { ServiceSystem } from './system.ts';

export function noticesFor(
  action: ServiceAction,
  system: ServiceSystem,
  facts: ServiceFacts & { readonly keepsHistory: boolean },
): string[] {
  const notices: string[] = [];
  const [, entry = ''] = facts.program;
  if (facts.manager === 'launchd' && action === 'install') {
    const guarded = ['Desktop', 'Documents', 'Downloads'].find((name) =>
      entry.startsWith(join(system.home, name) + sep),
    );
    if (guarded !== undefined) {
      // Transparency, Consent and Control guards these folders, and an agent has no window to ask in.
      notices.push(
        `Tidemark is in your ${guarded} folder, where macOS may keep an agent from reading it. If the daemon does not start, ` +
          'move Tidemark elsewhere and install the service again.',
      );
    }
    notices.push(
      'macOS shows it in System Settings › General › Login Items & Extensions, as an item of Node.',
    );
  }
  if (facts.manager === 'systemd' && action === 'install') {
    notices.push(
      'It ends when you log out. `loginctl enable-linger` keeps it running, and starts it with the machine.',
    );
  }
  if (action === 'uninstall' && facts.keepsHistory) {
    notices.push(`Runs, schedules and models are kept in ${facts.dataFolder}.`);
  }
  return notices;
}
