/** The one way to the daemon: a connection that never outlives what it was opened for. */

import { DaemonClient } from '@tidemark/client/client/daemon-client';
import { socketPathOf } from '@tidemark/client/client/locations';
import { version } from '../../package.json';
import { preferences } from './preferences.ts';

export interface WithClientOptions {
  /** Default: the socket of the data folder in the preferences. */
  readonly socketPath?: string;
  /** For the connection and for each call that sets none of its own. Default: 3000. */
  readonly timeoutMilliseconds?: number;
  readonly signal?: AbortSignal | undefined;
}

export const clientIdentity = { name: 'raycast', version } as const;

export const defaultTimeoutMilliseconds = 3000;

/** A menu bar command has one to two seconds in all, so it asks for less. */
export const glanceTimeoutMilliseconds = 1000;

/** What the daemon has a process of its own look up: the catalog with its files. */
export const lookUpTimeoutMilliseconds = 20_000;

/** Loading a model, ending a run or examining the machine takes as long as the work does. */
export const slowTimeoutMilliseconds = 120_000;

export const socketPath = (): string => socketPathOf(preferences().dataFolder);

/** Connects, does what is asked and closes, whatever came of it. Throws a DaemonError. */
export async function withClient<Answer>(
  action: (client: DaemonClient) => Answer | Promise<Answer>,
  {
    socketPath: path = socketPath(),
    timeoutMilliseconds = defaultTimeoutMilliseconds,
    signal,
  }: WithClientOptions = {},
): Promise<Answer> {
  const client = await DaemonClient.connect({
    socketPath: path,
    client: clientIdentity,
    timeoutMilliseconds,
    signal,
  });
  // Whoever has gone away does not wait for an answer.
  const onAbort = (): void => void client.close();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    return await action(client);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await client.close();
  }
}
