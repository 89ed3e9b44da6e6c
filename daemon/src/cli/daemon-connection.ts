/** How commands reach the daemon of this user, and what they do where none runs. */

import type { Command } from 'commander';
import { connectWhenReady } from '@tidemark/shared/client/connect-when-ready.ts';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { daemonOf } from '@tidemark/shared/client/daemon-note.ts';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { notRunning } from '@tidemark/shared/client/open-socket.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { dataFolder } from '../paths.ts';
import { tidemarkVersion } from '../version.ts';
import type { Context } from './command.ts';
import { otherVersion } from './other-version.ts';

/** Who we are in the daemon's log and in its runs' triggers. */
export const cliClient = { name: 'cli', version: tidemarkVersion } as const;

type Stoppable = Pick<Context, 'signal'>;

/** In which a daemon that has started, or whose socket was removed, makes its socket. */
const socketMilliseconds = 10_000;

/**
 * Waits for a daemon that runs and does not listen. Throws a TidemarkError: 'no-daemon'; 'timeout', 'busy', 'not-writable' or
 * 'protocol-version' of one that is there.
 */
async function connectDaemon({ signal }: Stoppable): Promise<DaemonClient> {
  const folder = dataFolder();
  const socketPath = socketPathOf(folder);
  const options = { socketPath, client: cliClient, signal };
  const isListening = (error: unknown): boolean =>
    !(error instanceof TidemarkError && error.code === 'no-daemon' && error.message === notRunning);
  try {
    return await DaemonClient.connect(options);
  } catch (error) {
    if (isListening(error) || daemonOf(folder) === undefined) {
      throw error;
    }
  }
  try {
    return await connectWhenReady(options, socketMilliseconds, () => daemonOf(folder) !== undefined);
  } catch (error) {
    const holder = daemonOf(folder);
    if (isListening(error) || holder === undefined) {
      throw error;
    }
    throw new TidemarkError(
      'timeout',
      `The daemon is running as process ${holder.pid}, but does not listen at ${socketPath}.`,
      {
        hint: 'Try again in a moment; `tidemark logs` shows what it is doing. If it stays so, run `tidemark service restart`.',
        cause: error,
      },
    );
  }
}

/**
 * Nothing where no daemon runs. A daemon that does not answer or speaks another version still throws: working around it in
 * silence would measure beside it, and put the run where its history does not see it.
 */
export async function daemonIfRunning(context: Stoppable): Promise<DaemonClient | undefined> {
  try {
    return await connectDaemon(context);
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'no-daemon') {
      return undefined;
    }
    throw error;
  }
}

/** Asks a daemon that has to be there. Throws as {@link connectDaemon} and the calls do. */
export async function withDaemon<Result>(
  context: Stoppable,
  body: (daemon: DaemonClient) => Promise<Result>,
): Promise<Result> {
  await using daemon = await connectDaemon(context);
  return await body(daemon);
}

/**
 * Waits for what the daemon is doing for us, however long it takes. Stopped by the person, it asks the daemon to `cancel` that
 * and waits until it has. Throws what asking throws, and what canceling throws.
 */
export async function waitOrCancel<Result>(
  ask: () => Promise<Result>,
  cancel: () => Promise<unknown>,
  { signal }: Stoppable,
): Promise<Result> {
  const failed = Promise.withResolvers<never>();
  const onAbort = (): void => void cancel().catch(failed.reject);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([ask(), failed.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A model that loads is stopped in seconds; this is for a machine that thrashes. */
export const cancelMilliseconds = 60_000;

export interface PlaceOptions {
  readonly local?: true;
}

export function addPlaceOptions(command: Command): Command {
  return command
    .optionsGroup('Daemon:')
    .option(
      '--local',
      'measure in a separate process even if the daemon is running, and keep the run out of the history',
    );
}

/**
 * The daemon that is to do the run. A daemon that speaks another version of the protocol is an error and not a reason to
 * measure here: beside a daemon whose host is at work both would be disturbed, and the person would look for the run in a
 * history that never got it.
 */
export async function daemonForRun(
  { local }: PlaceOptions,
  context: Context,
): Promise<DaemonClient | undefined> {
  if (local === true) {
    return undefined;
  }
  try {
    const daemon = await daemonIfRunning(context);
    const other = daemon === undefined ? undefined : otherVersion(daemon.daemon.daemonVersion);
    if (other !== undefined) {
      context.progress.note(`${other.message} ${other.hint}`);
    }
    return daemon;
  } catch (error) {
    if (error instanceof TidemarkError && error.code !== 'interrupted') {
      const hint = `${error.hint ?? ''} To measure without the daemon, add --local.`.trim();
      throw new TidemarkError(error.code, error.message, { hint, cause: error });
    }
    throw error;
  }
}
