/** The daemon's socket over a stubbed core, for tests that are both of its sides. */

import { join } from 'node:path';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { exampleStatus } from '@tidemark/shared/test/example-messages.ts';
import { SocketServer } from '../src/ipc/socket-server.ts';
import type { Handlers } from '../src/ipc/requests.ts';
import type { SocketServerOptions } from '../src/ipc/socket-server.ts';
import { silentLog, stubHandlers } from './stub-handlers.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const startedAt = '2026-11-24T10:00:00.000Z';

export interface Serving extends AsyncDisposable {
  readonly server: SocketServer;
  readonly path: string;
}

/** The socket over a stubbed core, in this process and in a folder that goes with it. */
export async function serving(
  handlers: Partial<Handlers> = {},
  options: Partial<SocketServerOptions> = {},
): Promise<Serving> {
  const path = join(temporaryFolder(), 'run', 'daemon.sock');
  const server = await SocketServer.listen({
    socketPath: path,
    version: '9.8.7',
    startedAt,
    handlers: stubHandlers({ status: () => exampleStatus(), ...handlers }),
    log: silentLog,
    ...options,
  });
  return { server, path, [Symbol.asyncDispose]: () => server.close() };
}

export const client = { name: 'test', version: '1' };
export const connectTo = ({ path }: Serving): Promise<DaemonClient> =>
  DaemonClient.connect({ socketPath: path, client });
