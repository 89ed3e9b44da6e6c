/** A run as a screen shows it: what is too much for one stays with the daemon. */

import type { DaemonClient, CallOptions } from '@tidemark/client/client/daemon-client';
import { TidemarkError } from '@tidemark/client/errors';
import type { RunDetail } from '@tidemark/client/protocol/daemon/methods';

interface ShownRun {
  readonly runId: number;
  /** The most that a chart has points for. */
  readonly samples: number;
  /** The most that a trace's picture has columns for; 0 for no picture. */
  readonly traceColumns: number;
}

/**
 * A trace has 20,000 operations, which the worker that runs a command has no memory for: the daemon draws them together. A daemon
 * that is older than traces refuses that, and has none.
 */
export async function shownRun(
  client: DaemonClient,
  { traceColumns, ...wanted }: ShownRun,
  options?: CallOptions,
): Promise<RunDetail> {
  try {
    return await client.call('getRun', { ...wanted, traceColumns }, options);
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'bad-request') {
      return await client.call('getRun', wanted, options);
    }
    throw error;
  }
}
