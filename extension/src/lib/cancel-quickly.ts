/** Cancels a run from a toast, which is then over anyway. */

import { slowTimeoutMilliseconds, withClient } from './connection.ts';
import { notifyFailure } from './notify.ts';

/** Never throws; the run's own end says that it was cancelled. */
export async function cancelQuickly(runId: number): Promise<void> {
  try {
    await withClient((client) =>
      client.call('cancel', { runId }, { timeoutMilliseconds: slowTimeoutMilliseconds }),
    );
  } catch (error) {
    await notifyFailure(error, 'The Run Was Not Cancelled');
  }
}
