/** Opens the daemon's socket, with an error for a person if that fails. */

import { once } from 'node:events';
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
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMilliseconds));
  const stop = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  for (let tries = 0; ; tries += 1) {
    const socket = connect(path);
    try {
      await once(socket, 'connect', { signal: stop });
      return socket;
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      signal?.throwIfAborted();
      if (timeout.aborted) {
        const message = `The daemon did not accept the connection within ${timeoutMilliseconds / 1000} s.`;
        throw clientError('timeout', message, startHint);
      }
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' && (code !== 'ECONNREFUSED' || tries >= retriesOfRefusal)) {
        throw refusal(error as NodeJS.ErrnoException);
      }
    }
    // Whatever ends this wait, the next try says why.
    await wait(retryMilliseconds, undefined, { signal: stop }).catch(() => undefined);
  }
}

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
