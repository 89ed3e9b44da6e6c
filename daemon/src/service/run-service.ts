/** Runs one action on the service, and reports what it did and what state the service is in. */

import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { serviceSchemaVersion } from '@tidemark/shared/protocol/daemon-documents.ts';
import type {
  ServiceAction,
  ServiceDocument,
  ServiceFacts,
} from '@tidemark/shared/protocol/daemon-documents.ts';
import { openServiceManager } from './service-manager.ts';
import { Steps } from './steps.ts';
import type { ServiceSystem } from './system.ts';

export interface ServiceRequest {
  readonly action: ServiceAction;
  /** Shows what would be done, and changes nothing. */
  readonly isDryRun?: boolean | undefined;
  /** With `uninstall`: deletes the history and the logs as well. */
  readonly deletesHistory?: boolean | undefined;
  /** That the person has confirmed what cannot be undone. */
  readonly isConfirmed?: boolean | undefined;
}

/** Throws 'service', 'usage' or 'not-writable'. */
export async function runService(system: ServiceSystem, request: ServiceRequest): Promise<ServiceDocument> {
  const { action, isDryRun = false, deletesHistory = false, isConfirmed = false } = request;
  const steps = new Steps(system, isDryRun);
  const manager = await openServiceManager(system, steps);
  const { dataFolder, socketPath } = manager.definition;
  if (deletesHistory && !isConfirmed && !isDryRun) {
    const history = await historyFiles(dataFolder);
    const what = history.length === 0 ? `there is none in ${dataFolder}` : history.join(', ');
    throw new TidemarkError('usage', `Deleting the history cannot be undone: ${what}.`, {
      hint: 'Add --yes to delete it, or omit --delete-history to keep it.',
    });
  }
  if (action !== 'status') {
    await manager[action]();
  }
  if (deletesHistory) {
    const daemon = await system.greet(socketPath);
    if (daemon !== undefined && !isDryRun) {
      throw new TidemarkError(
        'service',
        `The service is removed, but the history is kept: a daemon is still running, as process ${daemon.pid}.`,
        { hint: 'Stop it, then run the same command again.' },
      );
    }
    for (const path of await historyFiles(dataFolder)) {
      await steps.remove(path);
    }
  }
  const changes = [...steps.all];
  const facts = await manager.facts();
  return {
    kind: 'service',
    schemaVersion: serviceSchemaVersion,
    asOf: new Date().toISOString(),
    action,
    isDryRun,
    ...facts,
    steps: changes,
    notices: noticesFor(action, system, facts, !deletesHistory),
  };
}

/**
 * How the installed service has failed, where no daemon answers, or will, since what it starts is gone: what a person is to know. Undefined where there is no
 * failure, or the manager does not tell.
 */
export async function failedService(system: ServiceSystem): Promise<ServiceFacts | undefined> {
  try {
    const facts = await (await openServiceManager(system, new Steps(system, true))).facts();
    const hasFailed = facts.daemon === undefined && (facts.state === 'crashed' || facts.gaveUp === true);
    return facts.isInstalled && (hasFailed || facts.missing !== undefined) ? facts : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The history's database with what SQLite keeps beside it, databases that were set aside because they were damaged, and the
 * logs, as sorted paths. Models and voices are no history: `tidemark models remove` is for them.
 */
async function historyFiles(dataFolder: string): Promise<string[]> {
  const names = await readdir(dataFolder).catch(() => []);
  return names
    .filter((name) => name === 'logs' || name === 'run' || /^history\.sqlite/.test(name))
    .sort()
    .map((name) => join(dataFolder, name));
}

/** What a person should know besides. */
function noticesFor(
  action: ServiceAction,
  { home }: ServiceSystem,
  { manager, program, dataFolder }: ServiceFacts,
  keepsHistory: boolean,
): string[] {
  const notices: string[] = [];
  const [, entry = ''] = program;
  if (manager === 'launchd' && action === 'install') {
    const guarded = ['Desktop', 'Documents', 'Downloads'].find((name) =>
      entry.startsWith(join(home, name) + sep),
    );
    if (guarded !== undefined) {
      // Transparency, Consent and Control guards these folders, and an agent has no window to ask in.
      notices.push(
        `Tidemark is in your ${guarded} folder, which macOS may not let an agent read. If the daemon does not start, ` +
          'move Tidemark elsewhere and install the service again.',
      );
    }
    notices.push(
      'macOS lists it in System Settings › General › Login Items & Extensions, as an item of Node.',
    );
  }
  if (manager === 'systemd' && action === 'install') {
    notices.push(
      'It stops when you log out. `loginctl enable-linger` keeps it running, and starts it with the machine.',
    );
  }
  if (action === 'uninstall' && keepsHistory) {
    notices.push(`Runs, schedules and models are kept in ${dataFolder}.`);
  }
  return notices;
}
