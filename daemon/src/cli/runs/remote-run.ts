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
import { cancelMilliseconds } from '../daemon-connection.ts';
import { stateWord } from '../reports/run-words.ts';

export interface RemoteRunOptions {
  /** Asks the daemon for the run. */
  readonly start: () => Promise<RunRecord>;
  /** Shows the steps of the run that was started. */
  readonly show: (record: RunRecord) => OnStep;
}

/**
 * Has the daemon do a run, and waits for its end, whatever that is; stopped by the person, it cancels the run and waits for what
 * that leaves. Returns the run's document, and says where it is kept. Throws a TidemarkError: what starting throws, 'no-daemon'
 * where the daemon ends before the run does, and where the run has no document the error that it failed with, the reason of
 * the context's signal, or 'interrupted' where something else ended it.
 */
export async function runByDaemon<Kind extends RunDocument['kind']>(
  daemon: DaemonClient,
  kind: Kind,
  options: RemoteRunOptions,
  context: Context,
): Promise<Extract<RunDocument, { kind: Kind }>> {
  const { record, document } = await followToEnd(daemon, options, context);
  context.progress.end();
  if (document === undefined) {
    context.signal.throwIfAborted();
    throw endOf(record);
  }
  context.progress.note(keptNote(record));
  if (document.kind !== kind) {
    throw new TidemarkError(
      'internal',
      `Run #${record.id} is a ${kind}, but its document is a ${document.kind}.`,
    );
  }
  return document as Extract<RunDocument, { kind: Kind }>;
}

async function followToEnd(
  daemon: DaemonClient,
  { start, show }: RemoteRunOptions,
  { signal, sayOnStop }: Context,
): Promise<RunDetail> {
  const canceled = Promise.withResolvers<undefined>();
  let runId: number | undefined;
  let onStep: OnStep | undefined;
  const cancel = (): void => {
    if (runId !== undefined) {
      daemon
        .call('cancel', { runId }, { timeoutMilliseconds: cancelMilliseconds })
        .then(() => canceled.resolve(undefined), canceled.reject);
    }
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const following = followRun(daemon, {
      begin: async () => {
        const record = await start();
        runId = record.id;
        sayOnStop(`canceling run #${record.id}`);
        onStep = show(record);
        if (signal.aborted) {
          cancel();
        }
        return record;
      },
      onProgress: ({ step }) => onStep?.(step),
    });
    await Promise.race([following, canceled.promise]);
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

/** Why a run that has ended left no document. */
function endOf({ id, state, reason, error }: RunRecord): Error {
  return error === undefined
    ? new TidemarkError(
        'interrupted',
        `Run #${id} was ${stateWord(state)}${reason === undefined ? '' : `: ${reason}`}`,
        { hint: `Run \`tidemark show ${id}\` to see its iterations.` },
      )
    : fromErrorRecord(error);
}

/** Where to find the run again. */
const keptNote = ({ id }: RunRecord): string =>
  `Saved as run #${id}. To print it again, run \`tidemark show ${id}\`.`;
