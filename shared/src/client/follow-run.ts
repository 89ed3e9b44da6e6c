/** Follows a run over one connection: its steps as they come, until it is over. */

import { TidemarkError } from '../errors.ts';
import { isOpen } from '../protocol/daemon/run-record.ts';
import type { RunProgress } from '../protocol/daemon/run-progress.ts';
import type { RunRecord } from '../protocol/daemon/run-record.ts';
import type { DaemonClient } from './daemon-client.ts';

export interface FollowOptions {
  /** Asks the daemon for a new run, or for one that it knows. Its steps are received before this is answered. */
  readonly begin: () => Promise<RunRecord>;
  readonly onProgress: (progress: RunProgress) => void;
  /** Stops following; the run goes on. */
  readonly signal?: AbortSignal | undefined;
  /** How often the daemon is asked whether the run is over. Default: 10 s. */
  readonly lookMilliseconds?: number | undefined;
}

/**
 * Resolves when the run is over, to its record as it was at the beginning. An event may be lost between busy processes, so the
 * daemon is also asked from time to time. Throws what `begin` throws, the reason of `signal`, and 'no-daemon' where the
 * connection ends first.
 */
export async function followRun(
  client: DaemonClient,
  { begin, onProgress, signal, lookMilliseconds = 10_000 }: FollowOptions,
): Promise<RunRecord> {
  const over = Promise.withResolvers<undefined>();
  const unsubscribe = new AbortController();
  let runId: number | undefined;
  // A run may take its first steps before the answer that says its number is here.
  const early: RunProgress[] = [];
  const receive = (progress: RunProgress): void => {
    if (runId === undefined) {
      early.push(progress);
    } else if (progress.runId === runId) {
      onProgress(progress);
      if (progress.step.kind === 'ended') {
        over.resolve(undefined);
      }
    }
  };
  const stop = (): void => over.reject(signal?.reason);
  let look: ReturnType<typeof setInterval> | undefined;
  try {
    signal?.throwIfAborted();
    await client.subscribe('progress', receive, { signal: unsubscribe.signal });
    const record = await begin();
    runId = record.id;
    if (!isOpen(record.state)) {
      over.resolve(undefined);
    }
    early.forEach(receive);
    signal?.addEventListener('abort', stop, { once: true });
    signal?.throwIfAborted();
    void client.closed.then(() =>
      over.reject(
        new TidemarkError('no-daemon', `The connection to the daemon ended during run #${record.id}.`),
      ),
    );
    look = setInterval(() => {
      const asked = { runId: record.id, document: false, samples: 0 };
      client.call('getRun', asked, { timeoutMilliseconds: 0 }).then(
        ({ record: { state } }) => {
          if (!isOpen(state)) {
            over.resolve(undefined);
          }
        },
        // A connection that broke rejects above.
        () => undefined,
      );
    }, lookMilliseconds);
    await over.promise;
    return record;
  } finally {
    clearInterval(look);
    signal?.removeEventListener('abort', stop);
    unsubscribe.abort();
  }
}
