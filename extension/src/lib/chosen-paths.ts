/** Paths that a person entered in the preferences and that lead nowhere, each named with its value and with what was tried. */

import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { dataFolder as standardDataFolder } from '@tidemark/client/client/locations';
import { preferences } from './preferences.ts';
import type { TidemarkPreferences } from './preferences.ts';

export interface WrongPath {
  /** What is wrong with which preference, as a sentence. */
  readonly message: string;
  readonly hint: string;
}

/** Where npm links the command within a clone of Tidemark. */
export const commandInClone = join('node_modules', '.bin', 'tidemark');

/** A path as it was entered, or a clone's folder in the place of its command. */
export const placesOf = (chosen: string): readonly string[] => [chosen, join(chosen, commandInClone)];

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The command's path first, since nothing can be started without it. */
export const wrongPath = (chosen: TidemarkPreferences = preferences()): WrongPath | undefined =>
  wrongCommand(chosen) ?? wrongDataFolder(chosen);

export function wrongCommand({
  tidemarkPath,
  typed,
}: Pick<TidemarkPreferences, 'tidemarkPath' | 'typed'>): WrongPath | undefined {
  if (tidemarkPath === undefined || placesOf(tidemarkPath).some(isExecutable)) {
    return undefined;
  }
  const value = typed.tidemarkPath ?? tidemarkPath;
  return {
    message: `The Tidemark executable in the preferences, “${value}”, ${faultOfCommand(value, tidemarkPath)}.`,
    hint: `Enter the absolute path to ${commandInClone} in your clone of Tidemark, or clear the field to search the usual places.`,
  };
}

function faultOfCommand(value: string, path: string): string {
  const tried = value === path ? '' : ` (tried ${path})`;
  switch (kindOf(path)) {
    case 'missing':
      return isAbsolute(value) || value.startsWith('~')
        ? `does not exist${tried}`
        : `is not an absolute path${tried}`;
    case 'folder':
      return `is a folder without ${commandInClone} in it${tried}`;
    case 'unreadable':
      return `cannot be read${tried}`;
    case 'file':
      return `is not executable${tried}`;
  }
}

function wrongDataFolder({
  dataFolder,
  typed,
}: Pick<TidemarkPreferences, 'dataFolder' | 'typed'>): WrongPath | undefined {
  const value = typed.dataFolder;
  const fault = value === undefined ? undefined : faultOfFolder(dataFolder);
  if (value === undefined || fault === undefined) {
    return undefined;
  }
  const tried = value === dataFolder ? '' : ` (tried ${dataFolder})`;
  return {
    message: `The data folder in the preferences, “${value}”, ${fault}${tried}.`,
    hint: `Choose the folder in which the daemon keeps its data, or clear the field to use ${standardDataFolder()}.`,
  };
}

function faultOfFolder(path: string): string | undefined {
  switch (kindOf(path)) {
    case 'missing':
      return 'does not exist';
    case 'file':
      return 'is not a folder';
    case 'unreadable':
      return 'cannot be read';
    case 'folder':
      try {
        accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
        return undefined;
      } catch {
        return 'belongs to somebody else or is read-only';
      }
  }
}

function kindOf(path: string): 'missing' | 'folder' | 'file' | 'unreadable' {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable';
  }
}
