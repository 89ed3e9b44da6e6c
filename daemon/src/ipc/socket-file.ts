/** The socket's folder and file: private to the user, and cleared of what a killed daemon left there. */

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { longestSocketPath } from '@tidemark/shared/client/open-socket.ts';
import { faultOf, folderFault } from '@tidemark/shared/client/ownership.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { guarded } from '../background.ts';
import { temporaryBeside } from '../files/durable.ts';
import { refused, takeFolder } from '../files/own.ts';

export interface SocketPlace {
  /** Where to listen: the path that clients know, or what that is a link to. */
  readonly path: string;
  /** Removes the link, if there is one, and what it leads to; the socket's own file is removed by who closes it. */
  readonly remove: () => void;
}

/**
 * Creates the folder with mode 0700 and removes a socket on which nothing answers. Throws 'daemon-running' if something
 * does, and 'not-writable' if the folder is another user's or the path holds anything but a socket.
 *
 * Where the path is too long for a socket, that lies in a folder with a random name, to which the path is a link: nobody can
 * tell the name beforehand, and so take it, and clients find it from whatever surroundings they have.
 */
export async function prepareSocketPath(
  path: string,
  folders: readonly string[] = sharedFolders,
): Promise<SocketPlace> {
  try {
    takeFolder(dirname(path));
    const isLong = Buffer.byteLength(path) > longestSocketPath;
    const place = isLong ? linkedPlace(path, folders) : { path, remove: () => undefined };
    if (!isLong && isOurLink(path)) {
      // It was left by a daemon that was given a longer path to the same folder.
      unlinkSync(path);
    }
    await clear(place.path);
    return place;
  } catch (error) {
    throw notWritable(path, error);
  }
}

/** Where everybody can make folders; the last one is their own, in case the others are full. */
const sharedFolders = ['/tmp', '/var/tmp', homedir()] as const;

function linkedPlace(path: string, folders: readonly string[]): SocketPlace {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined && !isOurLink(path)) {
    throw inTheWay(path, 'it is not a link that a daemon left');
  }
  const target = isOurLink(path) ? readlinkSync(path) : undefined;
  // A restart of the machine empties such folders, and anybody may have read the name in the meantime.
  const isSound =
    target !== undefined && existsSync(dirname(target)) && folderFault(dirname(target)) === undefined;
  const socket = isSound ? target : join(newFolder(folders), basename(path));
  chmodSync(dirname(socket), 0o700);
  if (!isSound) {
    const link = temporaryBeside(path);
    symlinkSync(socket, link);
    renameSync(link, path);
  }
  return {
    path: socket,
    remove: () => {
      if (isOurLink(path) && readlinkSync(path) === socket) {
        rmSync(path);
      }
      rmSync(dirname(socket), { recursive: true, force: true });
    },
  };
}

/** Whether it is a link as a daemon makes it. Nobody else can write in its folder. */
const isOurLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true &&
  /^\/.*\/tidemark-[A-Za-z0-9]{6}\/daemon\.sock$/.test(readlinkSync(path));

function newFolder(folders: readonly string[]): string {
  let failure: unknown;
  for (const folder of folders) {
    try {
      const made = mkdtempSync(join(folder, 'tidemark-'));
      const fault = folderFault(made);
      if (fault === undefined) {
        return made;
      }
      rmdirSync(made);
      failure = refused(fault);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function clear(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    return;
  }
  const fault = faultOf(path, 'socket', found);
  if (fault !== undefined) {
    throw inTheWay(path, fault.why);
  }
  if (await answers(path)) {
    throw new TidemarkError('daemon-running', `Another daemon is already listening on ${path}.`, {
      hint: 'Show what it is doing with `tidemark status`, or stop it with `tidemark service stop`.',
    });
  }
  unlinkSync(path);
}

const inTheWay = (path: string, why: string): TidemarkError =>
  new TidemarkError('not-writable', `${path} is in the way of the daemon's socket: ${why}.`, {
    hint: 'Move it elsewhere, then start the daemon again.',
  });

/** Whether anything listens at the path. Only a refused connection says that nothing does. */
async function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  const asking = 'looking for another daemon';
  socket.once(
    'connect',
    guarded(asking, () => resolve(true)),
  );
  socket.once(
    'error',
    guarded(asking, ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    ),
  );
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
