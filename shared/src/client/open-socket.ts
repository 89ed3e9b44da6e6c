/** Opens the daemon's socket, with an error for a person if that fails. */

import { once } from 'node:events';
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { clientError, DaemonError } from './daemon-error.ts';
import { faultMessage, faultOf, folderFault } from './ownership.ts';
import type { Fault } from './ownership.ts';

/** What is said where nothing listens. */
export const notRunning = 'The daemon is not running.';

export const startHint = 'Start it with `tidemark service start`, or run `tidemark daemon` in a terminal.';

export const notAnsweringHint =
  'Check `tidemark logs`. If this continues, run `tidemark service restart`, or end its process and start it again.';

/** How long until the next try if the daemon's queue of new connections is full: Node asks for 511 places. */
const retryMilliseconds = 20;

/** macOS refuses a connection when its queue of 128 is full as it does when nothing listens. */
const retriesOfRefusal = process.platform === 'darwin' ? 10 : 0;

/** The longest path that a socket may have: `sun_path` has 104 bytes on macOS, 108 on Linux, the last one zero. */
export const longestSocketPath = 103;

/**
 * Connects to the socket at a path, or to that to which the daemon left a link there. Throws 'no-daemon' where none listens;
 * what another user may have put there is 'no-daemon' too: they are told nothing. Of a daemon that may well listen it throws
 * 'timeout', 'not-writable' where the system does not let this user connect, and 'busy' where it has no room for that; or the
 * signal's reason.
 */
export async function openSocket(
  path: string,
  timeoutMilliseconds: number,
  signal: AbortSignal | undefined,
): Promise<Socket> {
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMilliseconds));
  const stop = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  for (let tries = 0; ; tries += 1) {
    const socket = connect(ownSocket(path));
    try {
      await once(socket, 'connect', { signal: stop });
      return socket;
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      signal?.throwIfAborted();
      if (timeout.aborted) {
        const message = `The daemon did not accept the connection within ${timeoutMilliseconds / 1000} s: others are waiting too.`;
        throw clientError('timeout', message, notAnsweringHint);
      }
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' && (code !== 'ECONNREFUSED' || tries >= retriesOfRefusal)) {
        throw refusal(error as NodeJS.ErrnoException, path);
      }
    }
    // Whatever ends this wait, the next try says why.
    await wait(retryMilliseconds, undefined, { signal: stop }).catch(() => undefined);
  }
}

/**
 * The path of the socket, once it is clear that it is of a process of this user. The system does not say to Node who is at the other
 * end of a connection, but only their own process can make a socket that belongs to them.
 */
function ownSocket(path: string): string {
  try {
    const found = lstatSync(path);
    const isLink = found.isSymbolicLink();
    refuse(folderFault(dirname(path)) ?? (isLink ? undefined : faultOf(path, 'socket', found)));
    if (isLink) {
      const target = readlinkSync(path);
      if (!isAbsolute(target)) {
        throw clientError('no-daemon', `${path} is not the daemon's: it leads to “${target}”.`, startHint);
      }
      refuse(folderFault(dirname(target)) ?? faultOf(target, 'socket', lstatSync(target)));
      return target;
    }
    return Buffer.byteLength(path) <= longestSocketPath
      ? path
      : join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw error instanceof DaemonError ? error : unseen(error as NodeJS.ErrnoException, path);
  }
}

function refuse(fault: Fault | undefined): void {
  if (fault !== undefined) {
    throw clientError('no-daemon', faultMessage(fault), fault.hint);
  }
}

/** Where the path of the socket does not lead to one. */
function unseen({ code, message }: NodeJS.ErrnoException, path: string): DaemonError {
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return noDaemon();
  }
  return code === 'EACCES' || code === 'EPERM'
    ? clientError(
        'no-daemon',
        `There is no permission to look for the daemon's socket at ${path}.`,
        "If the daemon is another user's, run the command as that user; else see `ls -ld` of the folders above it.",
      )
    : clientError('no-daemon', `The daemon cannot be reached: ${message}.`, startHint);
}

/** Why a socket that is there, and this user's own, was not connected to. */
function refusal({ code = '', message }: NodeJS.ErrnoException, path: string): DaemonError {
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return noDaemon();
    case 'EACCES':
    case 'EPERM':
      return clientError(
        'not-writable',
        `There is no permission to connect to the daemon's socket ${path}.`,
        `Run \`chmod 600 ${path}\`, or restart the daemon, which makes its socket again.`,
      );
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
    case 'ENOMEM':
      return clientError(
        'busy',
        `The daemon cannot be reached: the system has no room for another connection (${code}).`,
        'Close other programs, and try again.',
      );
    default:
      return clientError('no-daemon', `The daemon cannot be reached: ${message}.`, startHint);
  }
}

const noDaemon = (): DaemonError => clientError('no-daemon', notRunning, startHint);
