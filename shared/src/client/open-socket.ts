/** Opens the daemon's socket, with an error for a person if that fails. */

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { clientError } from './daemon-error.ts';
import type { DaemonError } from './daemon-error.ts';

export const startHint = 'Start it with `tidemark service start`, or run `tidemark daemon` in a terminal.';

/** How long until the next try if the daemon's queue of new connections is full: Node asks for 511 places. */
const retryMilliseconds = 20;

/** macOS refuses a connection when its queue of 128 is full as it does when nothing listens. */
const retriesOfRefusal = process.platform === 'darwin' ? 10 : 0;

/** Connects; throws 'no-daemon' or 'timeout', or the signal's reason. */
export async function openSocket(
  path: string,
  timeoutMilliseconds: number,
  signal: AbortSignal | undefined,
): Promise<Socket> {
  const deadline = performance.now() + timeoutMilliseconds;
  for (let tries = 0; ; tries += 1) {
    try {
      return await tryOnce(path, deadline - performance.now(), timeoutMilliseconds, signal);
    } catch (error) {
      const code = isSystemError(error) ? error.code : undefined;
      const mayBeFull = code === 'EAGAIN' || (code === 'ECONNREFUSED' && tries < retriesOfRefusal);
      if (!mayBeFull || performance.now() + retryMilliseconds >= deadline) {
        throw isSystemError(error) ? refusal(error) : error;
      }
      await wait(retryMilliseconds);
      signal?.throwIfAborted();
    }
  }
}

async function tryOnce(
  path: string,
  milliseconds: number,
  allMilliseconds: number,
  signal: AbortSignal | undefined,
): Promise<Socket> {
  const socket = connect(path);
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const tooLate = (): void => {
    const message = `The daemon did not accept the connection within ${allMilliseconds / 1000} s.`;
    reject(clientError('timeout', message, startHint));
  };
  const timer = setTimeout(tooLate, milliseconds);
  const onAbort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  socket.once('connect', () => resolve(undefined)).once('error', reject);
  try {
    await promise;
    socket.off('error', reject);
    return socket;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error;

function refusal({ code, message }: NodeJS.ErrnoException): DaemonError {
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return clientError('no-daemon', 'The daemon is not running.', startHint);
  }
  return code === 'EACCES' || code === 'EPERM'
    ? clientError(
        'no-daemon',
        "The daemon's socket belongs to another user.",
        'Run the command as that user.',
      )
    : clientError('no-daemon', `The daemon cannot be reached: ${message}.`, startHint);
}
