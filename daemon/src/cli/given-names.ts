/**
 * What a person names (files, models, voices), as it is from their folder: the daemon has another one, and a child process has
 * its parent's.
 */

import { realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, relative, resolve } from 'node:path';
import { recipes } from '../models/recipes.ts';
import { looksLikePath, parseTarget, withHome } from '../models/target.ts';
import { isVoiceFile, partsOfVoice } from '../models/voices.ts';

/** For an argument that is a file. It stays as short as it was typed, since this process stays in the person's folder. */
export const givenFile = (path: string): string => withHome(path);

/**
 * The whole path. What `..` means behind a symbolic link only the system knows: `link/..` is the folder that holds the link's
 * target, and not the one that holds the link.
 */
function wholePath(given: string): string {
  const path = withHome(given);
  if (path.split('/').includes('..')) {
    try {
      return realpathSync.native(path);
    } catch {
      // Nothing is there, which is said by whoever needs it.
    }
  }
  return resolve(path);
}

/** For an argument that is a program: a name as the system finds it in the PATH, or a path. A whole path either way. */
export function givenProgram(given: string): string {
  const path = withHome(given);
  const found = path.includes('/')
    ? undefined
    : (process.env['PATH'] ?? '')
        .split(delimiter)
        .map((folder) => join(folder, path))
        .find((each) => isThere(each));
  return found ?? wholePath(given);
}

const isThere = (path: string): boolean =>
  path !== '' && statSync(path, { throwIfNoEntry: false }) !== undefined;

/**
 * For an argument that is a model: a name of the catalogue as it is, then whatever looks like a path or is there as its whole
 * path, then a repository id. Throws 'unknown-model'.
 */
export function givenModel(spec: string): string {
  const isName = recipes.some(({ name }) => name === spec);
  if (!isName && (looksLikePath(spec) || isThere(spec))) {
    return wholePath(spec);
  }
  parseTarget(spec);
  return spec;
}

/** A model from here as a person would type it, for what is said to them meanwhile: `./my-checkpoint`. */
export function asTyped(model: string): string {
  if (!isAbsolute(model)) {
    return model;
  }
  try {
    const path = relative(process.cwd(), model);
    return path === '' || path.startsWith('..') ? model : `./${path}`;
  } catch {
    // There is no working folder any more.
    return model;
  }
}

/** For an argument that is a voice, of which any part may be a file. */
export const givenVoice = (voice: string): string =>
  partsOfVoice(voice)
    .map((part) => (isVoiceFile(part) ? wholePath(part) : part))
    .join(',');
