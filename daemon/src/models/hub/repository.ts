/** Models of a hub: from the shared cache when they are there, else downloaded into it. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { withLock } from '../../files/lock.ts';
import { storageError } from '../../files/storage-errors.ts';
import { interruptionOf } from '../../interruption.ts';
import { indexName } from '../../kokoro/checkpoint-files.ts';
import type { ModelOptions } from '../progress.ts';
import { CachedRepository } from './cache.ts';
import { HubClient, hubSettings } from './client.ts';
import type { HubFile } from './client.ts';
import { downloadFile } from './download.ts';

export interface HubModel {
  readonly repository: string;
  /** A branch, tag or commit. */
  readonly revision: string;
}

/**
 * The snapshot folder of a model, its config and weights in it. A cached one is used without asking the network, whatever
 * has been published since. Throws 'unknown-model', 'network', 'bad-checkpoint', 'not-writable' or 'interrupted'.
 */
export async function ensureSnapshot(model: HubModel, options: ModelOptions): Promise<string> {
  const cache = new CachedRepository(model.repository);
  const cached = await cache.loadableSnapshot(model.revision);
  if (cached !== undefined) {
    return cached;
  }
  return await online(model, options, async (client) => {
    const commit = await client.commitOf(model.repository, model.revision);
    const files = await client.files(model.repository, commit);
    const wanted = await wantedFiles(model, files, async (file) => {
      await fetchFiles([file], { model, client, cache, commit, options });
      return join(cache.snapshotFolder(commit), file.path);
    });
    await fetchFiles(wanted, { model, client, cache, commit, options });
    await cache.recordCommit(model.revision, commit);
    return cache.snapshotFolder(commit);
  });
}

/** The names of the voices that a repository has at a commit, and the means to fetch one into its snapshot. */
export async function hubVoices(
  model: HubModel,
  commit: string,
  options: ModelOptions,
): Promise<{ readonly voices: readonly string[]; fetch(voice: string): Promise<string> }> {
  const cache = new CachedRepository(model.repository);
  return await online(model, options, async (client) => {
    const files = await client.files(model.repository, commit);
    const byVoice = new Map(
      files.flatMap((file) => {
        const voice = /^voices\/(?<voice>[\w-]+)\.safetensors$/.exec(file.path)?.groups?.['voice'];
        return voice === undefined ? [] : [[voice, file] as const];
      }),
    );
    return {
      voices: [...byVoice.keys()].sort(),
      fetch: async (voice) => {
        const file = byVoice.get(voice);
        if (file === undefined) {
          throw new TidemarkError('unknown-voice', `${model.repository} has no voice named ${voice}.`);
        }
        await online(model, options, () => fetchFiles([file], { model, client, cache, commit, options }));
        return join(cache.snapshotFolder(commit), file.path);
      },
    };
  });
}

/** A client, unless the person wants no network; aborts become 'interrupted', and the disk's errors name it. */
export async function online<Result>(
  { repository }: HubModel,
  { signal }: Pick<ModelOptions, 'signal'>,
  body: (client: HubClient) => Promise<Result>,
): Promise<Result> {
  const settings = hubSettings();
  if (settings.isOffline) {
    throw new TidemarkError('network', `${repository} is not in the cache, and HF_HUB_OFFLINE is set.`, {
      hint: 'Unset HF_HUB_OFFLINE to download it, or use a model that `tidemark models` lists.',
    });
  }
  try {
    return await body(new HubClient(settings, { signal }));
  } catch (error) {
    if (signal?.aborted === true) {
      throw interruptionOf(signal, `The download of ${repository} was interrupted; it can be resumed.`);
    }
    throw storageError(error, new CachedRepository(repository).folder, 'HF_HOME');
  }
}

export const weightMapSchema = v.object({ weight_map: v.record(v.string(), v.string()) });

/** The config, and the weights: those that an index lists, else every safetensors file of the top level. */
async function wantedFiles(
  { repository }: HubModel,
  files: readonly HubFile[],
  fetchNow: (file: HubFile) => Promise<string>,
): Promise<HubFile[]> {
  const named = (path: string) => files.find((file) => file.path === path);
  const config = named('config.json');
  let weights = files.filter(({ path }) => /^[^/]+\.safetensors$/.test(path));
  const index = named(indexName);
  if (index !== undefined) {
    const listed = await listedFiles(await fetchNow(index), repository);
    weights = weights.filter(({ path }) => listed.has(path));
  }
  if (config === undefined || weights.length === 0) {
    const missing = config === undefined ? 'config.json' : 'safetensors weights';
    throw new TidemarkError(
      'bad-checkpoint',
      `${repository} has no ${missing}, so it is not a checkpoint for MLX.`,
      {
        hint: 'Look for a repository that was converted for MLX, such as those of mlx-community.',
      },
    );
  }
  if (weights.length > 1 && index === undefined) {
    const names = weights.map(({ path }) => path).join(', ');
    throw new TidemarkError(
      'bad-checkpoint',
      `${repository} has ${weights.length} weight files and no index that says which belong together: ${names}.`,
      { hint: `Download the one that is meant, with config.json, into a folder, and give its path.` },
    );
  }
  return [config, ...weights];
}

async function listedFiles(path: string, repository: string): Promise<Set<string>> {
  const index = v.safeParse(v.pipe(v.string(), v.parseJson(), weightMapSchema), await readFile(path, 'utf8'));
  if (!index.success) {
    throw new TidemarkError('bad-checkpoint', `${indexName} of ${repository} does not list its weights.`);
  }
  return new Set(Object.values(index.output.weight_map));
}

interface Fetching {
  readonly model: HubModel;
  readonly client: HubClient;
  readonly cache: CachedRepository;
  readonly commit: string;
  readonly options: ModelOptions;
}

async function fetchFiles(
  files: readonly HubFile[],
  { model, client, cache, commit, options }: Fetching,
): Promise<void> {
  const { repository } = model;
  const { onProgress, signal } = options;
  await withLock(
    cache.lockPath,
    async () => {
      for (const file of files) {
        await downloadFile(file, {
          client,
          cache,
          repository,
          commit,
          signal,
          onProgress: (receivedBytes) =>
            onProgress?.({
              kind: 'downloading',
              repository,
              file: file.path,
              receivedBytes,
              totalBytes: file.size,
            }),
        });
      }
    },
    {
      signal,
      onWait: () =>
        onProgress?.({
          kind: 'note',
          message: `Another process is downloading ${repository}; waiting for it.`,
        }),
    },
  );
}
