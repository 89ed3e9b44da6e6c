/** The Kokoro checkpoints that the Hugging Face cache has already, whoever downloaded them. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelsDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { checkpointFiles } from '../../kokoro/checkpoint-files.ts';
import { parseConfig } from '../../kokoro/config.ts';
import { parseTarget } from '../target.ts';
import { CachedRepository } from './cache.ts';
import { hubCacheFolder } from './environment.ts';

type DownloadedModel = NonNullable<ModelsDocument['downloaded']>[number];

/** Kokoro's own has 6 kB; what is far larger is of another kind of model. */
const longestConfigBytes = 1 << 20;

/**
 * Repositories whose branch main is in the cache with a configuration and all weights, sorted. What cannot be read is left out:
 * using it says what is wrong.
 */
export async function downloadedModels(): Promise<DownloadedModel[]> {
  const names = await readdir(hubCacheFolder()).catch(() => []);
  const found = await Promise.all(
    names.toSorted().map(async (name) => {
      const [, owner, repository] = /^models--((?:(?!--).)+)--((?:(?!--).)+)$/.exec(name) ?? [];
      return owner === undefined ? undefined : await downloadedModel(`${owner}/${repository}`);
    }),
  );
  return found.filter((model) => model !== undefined);
}

async function downloadedModel(repository: string): Promise<DownloadedModel | undefined> {
  try {
    if (parseTarget(repository).kind !== 'hub') {
      return undefined;
    }
    const cached = new CachedRepository(repository);
    const commit = await cached.commitOf('main');
    if (commit === undefined || !(await isKokoro(cached.snapshotFolder(commit)))) {
      return undefined;
    }
    const snapshot = await cached.snapshotOf('main');
    if (snapshot === undefined || snapshot.gaps.length > 0) {
      return undefined;
    }
    const { folder } = snapshot;
    const sizes = await Promise.all(checkpointFiles(folder).map(async (path) => (await stat(path)).size));
    return { repository, folder, diskBytes: sizes.reduce((sum, size) => sum + size, 0) };
  } catch {
    return undefined;
  }
}

/** By its configuration, before the headers of what may be a model of many gigabytes are read. */
async function isKokoro(folder: string): Promise<boolean> {
  const path = join(folder, 'config.json');
  if ((await stat(path)).size > longestConfigBytes) {
    return false;
  }
  parseConfig(JSON.parse(await readFile(path, 'utf8')));
  return true;
}
