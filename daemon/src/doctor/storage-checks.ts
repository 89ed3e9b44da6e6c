/** Checks the places that Tidemark writes to: the data folder, its disk, the models in it, and the hub's cache. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { listCatalogue } from '../models/catalogue.ts';
import { hubCacheFolder } from '../models/hub/cache.ts';
import { freeBytesAt, storageError } from '../files/storage-errors.ts';
import type { Finding } from './finding.ts';

/** The largest checkpoint is 327 MB; the study's five are 1.2 GB. */
const leastFreeBytes = 400e6;
const enoughFreeBytes = 2e9;

/** The folder itself, or the nearest one above it that exists. */
function nearestExisting(folder: string): string {
  let path = folder;
  while (!existsSync(path) && dirname(path) !== path) {
    path = dirname(path);
  }
  return path;
}

/** By writing a file, since permissions alone do not tell of a read-only or full disk. */
export async function checkDataFolder(folder: string): Promise<Finding> {
  const existing = nearestExisting(folder);
  try {
    const probe = await mkdtemp(join(existing, '.tidemark-doctor-'));
    try {
      await writeFile(join(probe, 'probe'), 'x');
    } finally {
      await rm(probe, { recursive: true, force: true });
    }
  } catch (error) {
    throw storageError(error, folder);
  }
  return {
    status: 'ok',
    detail:
      existing === folder ? `${folder} can be written to` : `${folder} is not there yet and can be made`,
  };
}

export async function checkDisk(folder: string): Promise<Finding> {
  const freeBytes = await freeBytesAt(nearestExisting(folder));
  if (freeBytes === undefined) {
    return { status: 'ok', detail: `the disk of ${folder} does not say how much is free` };
  }
  const detail = `${formatBytes(freeBytes)} free for ${folder}`;
  if (freeBytes >= enoughFreeBytes) {
    return { status: 'ok', detail };
  }
  return {
    status: freeBytes < leastFreeBytes ? 'fail' : 'warn',
    detail: `${detail}; the models of a study take 1.2 GB`,
    remedy: 'Free some space, or set TIDEMARK_HOME to a folder on another disk.',
  };
}

export async function checkCheckpoints(folder: string): Promise<Finding> {
  const models = await listCatalogue(folder);
  const named = (state: string): string[] =>
    models.filter((model) => model.state === state).map(({ name }) => name);
  const [built, damaged] = [named('built'), named('damaged')];
  if (damaged.length > 0) {
    return {
      status: 'warn',
      detail: `damaged: ${damaged.join(', ')}`,
      remedy: `They are built anew when they are next used, or now by \`tidemark models build ${damaged.join(' ')}\`.`,
    };
  }
  return {
    status: 'ok',
    detail: built.length === 0 ? 'none yet; each is built when it is first used' : built.join(', '),
  };
}

/** Only repository ids need it, so a cache that cannot be written is no failure. */
export function checkHubCache(): Finding {
  const folder = hubCacheFolder();
  try {
    accessSync(nearestExisting(folder), constants.R_OK | constants.W_OK);
  } catch {
    return {
      status: 'warn',
      detail: `${folder} cannot be written to, so repositories cannot be downloaded`,
      remedy: 'Set HF_HOME to a folder that can be written to.',
    };
  }
  return { status: 'ok', detail: existsSync(folder) ? folder : `${folder}, not there yet` };
}
