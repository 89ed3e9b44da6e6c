/** One action on the service, from the question what manages services here to the document that says what came of it. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { serviceSchemaVersion } from '@tidemark/shared/protocol/service-document.ts';
import type { ServiceAction, ServiceDocument } from '@tidemark/shared/protocol/service-document.ts';
import { deleteHistory, historyFiles } from './delete-history.ts';
import { serviceManager } from './manager.ts';
import { Steps } from './steps.ts';
import { noticesFor } from './notices.ts';
import type { ServiceSystem } from './system.ts';

export interface ServiceRequest {
  readonly action: ServiceAction;
  /** Shows what would be done, and does nothing that changes anything. */
  readonly isDryRun?: boolean | undefined;
  /** With `uninstall`: the history and the logs go as well. */
  readonly deletesHistory?: boolean | undefined;
  /** That the person has confirmed what cannot be taken back. */
  readonly isConfirmed?: boolean | undefined;
}

/** Throws 'service', 'usage' or 'not-writable'. */
export async function runService(system: ServiceSystem, request: ServiceRequest): Promise<ServiceDocument> {
  const { action, isDryRun = false, deletesHistory = false, isConfirmed = false } = request;
  const steps = new Steps(system, isDryRun);
  const manager = await serviceManager(system, steps);
  const { definition } = manager;
  if (deletesHistory && !isConfirmed && !isDryRun) {
    const files = await historyFiles(definition.dataFolder);
    throw new TidemarkError(
      'usage',
      `Deleting the history cannot be taken back: ${files.length === 0 ? `there is none in ${definition.dataFolder}` : files.join(', ')}.`,
      { hint: 'Add --yes to delete it, or leave --delete-history out to keep it.' },
    );
  }
  if (action !== 'status') {
    await manager[action]();
  }
  if (deletesHistory) {
    const daemon = await system.greet(definition.socketPath);
    if (daemon !== undefined && !isDryRun) {
      throw new TidemarkError(
        'service',
        `The service is removed, and the history is kept: a daemon still runs, as process ${daemon.pid}.`,
        { hint: 'End it, and run the same again.' },
      );
    }
    await deleteHistory(definition.dataFolder, steps);
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
    notices: noticesFor(action, system, { ...facts, keepsHistory: !deletesHistory }),
  };
}
