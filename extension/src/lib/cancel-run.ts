/** Canceling a run, whoever shows it. */

import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import { slowTimeoutMilliseconds, withClient } from './connection.ts';
import { refreshMenuBar } from './deep-links.ts';
import { notifyFailure, withToast } from './notify.ts';

/** Resolves when the run has ended; its samples so far are kept. Throws a DaemonError. */
export const requestCancel = (runId: number): Promise<RunRecord> =>
  withClient((client) => client.call('cancel', { runId }, { timeoutMilliseconds: slowTimeoutMilliseconds }));

/** With a toast that says how it went. */
export async function cancelRun(runId: number): Promise<void> {
  await withToast({
    doing: `Canceling run ${runId}`,
    done: `Canceled run ${runId}`,
    failed: `Could not cancel run ${runId}`,
    work: () => requestCancel(runId),
  });
  await refreshMenuBar();
}

/** From a toast, which is then over anyway: only a failure is told, since the run's own end says that it was canceled. */
export async function cancelQuickly(runId: number): Promise<void> {
  try {
    await requestCancel(runId);
  } catch (error) {
    await notifyFailure(error, 'Could Not Cancel the Run');
  }
}
