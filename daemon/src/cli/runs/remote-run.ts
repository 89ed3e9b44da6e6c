/** A run that the daemon does and this process follows: its steps, its end, and its cancellation by Ctrl-C. */

import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { followRun } from '@tidemark/shared/client/follow-run.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { fromErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { Context } from '../command.ts';

/** A run whose model loads for minutes still answers its cancellation in seconds; this is for a machine that thrashes. */
const cancelMilliseconds = 60_000;

export interface FollowOptions {
  /** Asks the daemon for the run. */
  readonly start: (daemon: DaemonClient) => Promise<RunRecord>;
  readonly onBegin?: (record: RunRecord) => void;
  readonly onStep: OnStep;
}

/**
 * Starts a run and waits for its end, whatever that is; stopped by the person, it cancels the run and waits for what that
 * leaves. Throws a TidemarkError: what starting throws, and 'no-daemon' where the daemon ends before the run does.
 */
export async function followToEnd(
  daemon: DaemonClient,
  { start, onBegin, onStep }: FollowOptions,
  { signal, sayOnStop }: Context,
): Promise<RunDetail> {
  const cancelled = Promise.withResolvers<undefined>();
  let runId: number | undefined;
  const cancel = (): void => {
    if (runId !== undefined) {
      daemon
        .call('cancel', { runId }, { timeoutMilliseconds: cancelMilliseconds })
        .then(() => cancelled.resolve(undefined), cancelled.reject);
    }
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const following = followRun(daemon, {
      begin: async () => {
        const record = await start(daemon);
        runId = record.id;
        sayOnStop(`canceling run #${record.id}`);
        onBegin?.(record);
        if (signal.aborted) {
          cancel();
        }
        return record;
      },
      onProgress: ({ step }) => onStep(step),
    });
    await Promise.race([following, cancelled.promise]);
    return await daemon.call('getRun', { runId: runId ?? 0 }, { timeoutMilliseconds: 60_000 });
  } catch (error) {
    throw runId === undefined || daemon.isOpen ? error : daemonEnded(runId, error);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

const daemonEnded = (id: number, cause: unknown): TidemarkError =>
  new TidemarkError('no-daemon', `The daemon ended during run #${id}.`, {
    cause,
    hint:
      `Its iterations so far are kept: \`tidemark show ${id}\`. For the cause see \`tidemark logs\`; ` +
      'start the daemon with `tidemark service start`, or run `tidemark daemon` in a terminal.',
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
