/** The socket's folder and file: private to the user, and cleared of what a killed daemon left there. */

import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';

/**
 * Creates the folder with mode 0700 and removes a socket on which nothing answers. Throws 'daemon-running' if something
 * does, and 'not-writable' if the folder is another user's or the path holds anything but a socket.
 */
export async function prepareSocketPath(path: string): Promise<void> {
  prepareFolder(dirname(path));
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    return;
  }
  if (!found.isSocket()) {
    throw new TidemarkError(
      'not-writable',
      `${path} is in the way of the daemon's socket: it is not a socket.`,
      {
        hint: 'Move it elsewhere, then start the daemon again.',
      },
    );
  }
  if (await answers(path)) {
    throw new TidemarkError('daemon-running', `Another daemon is already listening on ${path}.`, {
      hint: 'Show what it is doing with `tidemark status`, or stop it with `tidemark service stop`.',
    });
  }
  unlinkSync(path);
}

function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    if (!found.isDirectory() || isForeign(found)) {
      throw new TidemarkError(
        'not-writable',
        `The folder ${folder} of the daemon's socket does not belong to you.`,
        {
          hint: 'Set TIDEMARK_HOME to a folder of your own.',
        },
      );
    }
    // Also if it existed before, or if the umask took away what the owner needs.
    chmodSync(folder, 0o700);
  } catch (error) {
    throw notWritable(folder, error);
  }
}

const isForeign = (found: Stats): boolean => process.getuid !== undefined && found.uid !== process.getuid();

/** Whether anything listens at the path. Only a refused connection says that nothing does. */
async function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', ({ code }: NodeJS.ErrnoException) => {
    resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
  });
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** Runs what creates the socket, so that its mode is 0600 from the start, whatever the umask is. */
export function withSocketMode(listen: () => void): void {
  const before = process.umask(0o177);
  try {
    listen();
  } finally {
    process.umask(before);
  }
}

/** Sets the mode to 0600 also if the umask took away more than it should. */
export function closeToOthers(path: string): void {
  chmodSync(path, 0o600);
}

/** What the system says about the socket, for a person. */
export function notWritable(path: string, error: unknown): TidemarkError {
  if (error instanceof TidemarkError) {
    return error;
  }
  const message = error instanceof Error ? error.message : String(error);
  return new TidemarkError('not-writable', `The daemon's socket cannot be created at ${path}: ${message}.`, {
    hint: 'Check that the folder is writable, or set TIDEMARK_HOME to another folder.',
    cause: error,
  });
}
