/** Whether what lies at a path is this user's own: nobody else may have planted it there, or can put another thing in its place. */

import { constants, lstatSync, realpathSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface Fault {
  readonly path: string;
  /** As a clause: `it is a symbolic link`. */
  readonly why: string;
  readonly hint: string;
}

export type Kind = 'folder' | 'file' | 'socket';

/** Undefined where the system has no users. Root is no exception: it would follow what others planted, with more at stake. */
const userId = process.geteuid?.();

const isOf = (found: Stats, ...users: readonly number[]): boolean =>
  userId === undefined || users.includes(found.uid);

const othersMayWrite = ({ mode }: Stats): boolean => userId !== undefined && (mode & 0o002) !== 0;

/** Everyone may make entries there, but remove only their own, as in /tmp. */
const isSticky = ({ mode }: Stats): boolean => (mode & 0o1000) !== 0;

/** Flags to open a file for reading that follow no link, and do not wait for who writes to a pipe. */
export const readPlain = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const look = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

/**
 * What is wrong with what lies at `path` itself; undefined where nothing is, or where nothing is there. No link is followed. A
 * file with a second name may be one that another user linked there to have it written to. Throws Node's errors.
 */
export function faultOf(path: string, kind: Kind, found = look(path)): Fault | undefined {
  if (found === undefined) {
    return undefined;
  }
  const moveIt = 'Move it elsewhere, or set TIDEMARK_HOME to another folder.';
  if (found.isSymbolicLink()) {
    return { path, why: 'it is a symbolic link', hint: moveIt };
  }
  const isKind = { folder: found.isDirectory(), file: found.isFile(), socket: found.isSocket() }[kind];
  if (!isKind) {
    return { path, why: `it is not a ${kind}`, hint: moveIt };
  }
  if (!isOf(found, userId ?? found.uid)) {
    return foreign(path, found);
  }
  if (kind === 'file' && found.nlink > 1) {
    return { path, why: 'it has more than one name (a hard link)', hint: moveIt };
  }
  return kind === 'folder' && othersMayWrite(found) ? open(path) : undefined;
}

/**
 * What is wrong with the folder, or with the way to it; undefined where nothing is. The folder need not exist. Those above it may
 * belong to somebody else, whom the person trusts then, but not every user may be able to rename what is in them.
 */
export function folderFault(path: string): Fault | undefined {
  return wayFault(resolve(path)) ?? wayFault(realPathOf(resolve(path))) ?? faultOf(path, 'folder');
}

/** As {@link folderFault}, of a folder that a person chose, who may have made it a link to one on another disk. */
export function homeFault(path: string): Fault | undefined {
  return wayFault(resolve(path)) ?? folderFault(realPathOf(resolve(path)));
}

function wayFault(path: string): Fault | undefined {
  for (let child = path, parent = dirname(path); parent !== child; child = parent, parent = dirname(parent)) {
    const found = look(parent);
    if (found?.isDirectory() === true && othersMayWrite(found)) {
      if (!isSticky(found)) {
        return open(parent);
      }
      const entry = look(child);
      if (entry !== undefined && !isOf(entry, userId ?? 0, 0)) {
        return foreign(child, entry);
      }
    }
  }
  return undefined;
}

/** With the links on the way to it resolved, as far as it exists. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : resolve(realPathOf(parent), path.slice(parent.length).replace(/^\//, ''));
  }
}

const foreign = (path: string, { uid }: Stats): Fault => ({
  path,
  why: `it belongs to another user (user ID ${uid})`,
  hint: 'Run the command as that user, or set TIDEMARK_HOME to a folder of your own.',
});

const open = (path: string): Fault => ({
  path,
  why: 'all users can write to it',
  hint: `Close it with \`chmod o-w "${path}"\`, or set TIDEMARK_HOME to another folder.`,
});

/** `/srv/tidemark cannot be used: it belongs to another user (user ID 1000).` */
export const faultMessage = ({ path, why }: Fault): string => `${path} cannot be used: ${why}.`;
