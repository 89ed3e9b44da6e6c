/** A run that the daemon does and this process follows: its progress, its end, and its cancellation by Ctrl-C. */

import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { RunProgress } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { fromErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { Context } from '../command.ts';

/** Events may be lost between busy processes, so that a run is over is also asked for, so often. */
const lookMilliseconds = 10_000;

/** A run whose model loads for minutes still answers its cancellation in seconds; this is for a machine that thrashes. */
const cancelMilliseconds = 60_000;

export interface FollowOptions {
  /** Asks the daemon for the run. */
  readonly start: (daemon: DaemonClient) => Promise<RunRecord>;
  readonly onBegin?: (record: RunRecord) => void;
  readonly onProgress: (progress: RunProgress) => void;
}

/**
 * Starts a run and waits for its end, whatever that is; stopped by the person, it cancels the run and waits for what that
 * leaves. Throws a TidemarkError: what starting throws, and 'no-daemon' where the daemon ends before the run does.
 */
export async function followRun(
  daemon: DaemonClient,
  { start, onBegin, onProgress }: FollowOptions,
  { signal, sayOnStop }: Context,
): Promise<RunDetail> {
  const ended = Promise.withResolvers<undefined>();
  const run: { id?: number } = {};
  // What arrives before we know the run's number.
  const early: RunProgress[] = [];
  const receive = (progress: RunProgress): void => {
    if (run.id === undefined) {
      early.push(progress);
    } else if (progress.runId === run.id) {
      onProgress(progress);
      if (progress.step.kind === 'ended') {
        ended.resolve(undefined);
      }
    }
  };
  await daemon.subscribe('progress', receive, { signal });
  const record = await start(daemon);
  run.id = record.id;
  sayOnStop(`cancelling run #${record.id}`);
  onBegin?.(record);
  early.forEach(receive);

  void daemon.closed.then(() => ended.reject(new Error('the connection has ended')));
  const onAbort = (): void => {
    daemon
      .call('cancel', { runId: record.id }, { timeoutMilliseconds: cancelMilliseconds })
      .then(() => ended.resolve(undefined), ended.reject);
  };
  const look = setInterval(() => {
    daemon.call('getRun', { runId: record.id, document: false, samples: 0 }, { timeoutMilliseconds: 0 }).then(
      (detail) => {
        if (!isOpen(detail.record.state)) {
          ended.resolve(undefined);
        }
      },
      // A connection that broke is told above.
      () => undefined,
    );
  }, lookMilliseconds);
  try {
    if (signal.aborted) {
      onAbort();
    } else {
      signal.addEventListener('abort', onAbort, { once: true });
    }
    await ended.promise;
    return await daemon.call('getRun', { runId: record.id }, { timeoutMilliseconds: 60_000 });
  } catch (error) {
    throw daemon.isOpen ? error : daemonEnded(record.id, error);
  } finally {
    clearInterval(look);
    signal.removeEventListener('abort', onAbort);
  }
}

const daemonEnded = (id: number, cause: unknown): TidemarkError =>
  new TidemarkError('no-daemon', `The daemon ended while run #${id} was followed.`, {
    cause,
    hint:
      `The iterations until there are kept: \`tidemark show ${id}\`. Why it ended may be in \`tidemark logs\`; ` +
      'start it with `tidemark service start`, or run `tidemark daemon` in a terminal.',
  });

/**
 * The document of a run that is over. Throws where there is none: the error that it failed with, the reason of `signal` where
 * the person stopped it, 'interrupted' where something else ended it.
 */
export function documentOf(
  { record, document }: RunDetail,
  { signal }: Pick<Context, 'signal'>,
): RunDocument {
  if (document !== undefined) {
    return document;
  }
  signal.throwIfAborted();
  const { id, state, reason, error } = record;
  if (error !== undefined) {
    throw fromErrorRecord(error);
  }
  throw new TidemarkError(
    'interrupted',
    `Run #${id} was ${state}${reason === undefined ? '' : `: ${reason}`}`,
    {
      hint: `\`tidemark show ${id}\` shows what there is of it.`,
    },
  );
}
