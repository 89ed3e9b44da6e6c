/** Models of a hub: from the shared cache when they are there, else downloaded into it. */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { makeFolder } from '../../files/durable.ts';
import { withLock } from '../../files/lock.ts';
import { storageError } from '../../files/storage-errors.ts';
import { throwIfInterrupted } from '../../interruption.ts';
import { indexName } from '../../kokoro/checkpoint-files.ts';
import { clashError, gatherWeights, isTensorFileName } from '../../kokoro/weight-files.ts';
import type { ModelOptions } from '../progress.ts';
import { readSafetensorsHeader } from '../safetensors/header.ts';
import { CachedRepository } from './cache.ts';
import type { CachedSnapshot } from './cache.ts';
import { HubClient } from './client.ts';
import { hubSettings } from './environment.ts';
import { RangeIgnored } from './failures.ts';
import type { HubFile } from './client.ts';
import { downloadFile } from './download.ts';
import type { Download } from './download.ts';
import { remoteSource } from './remote-file.ts';
import type { RemoteRepository } from './remote-file.ts';

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
  const cached = await cache.snapshotOf(model.revision);
  if (cached?.gaps.length === 0) {
    return cached.folder;
  }
  return await online(model, { ...options, gaps: cached?.gaps }, async (client) => {
    const { repository, revision } = model;
    const commit = await client.commitOf(repository, revision);
    const files = await client.files(repository, commit);
    const download = { client, cache, repository, commit, ...options };
    const wanted = await wantedFiles(download, files, async (file) => {
      await fetchFiles([file], download);
      return join(cache.snapshotFolder(commit), file.path);
    });
    await fetchFiles(wanted, download);
    await cache.recordCommit(revision, commit);
    return cache.snapshotFolder(commit);
  });
}

export interface RepositoryVoices {
  readonly voices: readonly string[];
  /** The file of the voice that was asked for, if it is one of them. */
  readonly path?: string;
}

/**
 * The names of the voices that a repository has at a commit; `voice`, if it is one of them, is in the snapshot then. Where
 * it is there in both forms, the safetensors file is taken.
 */
export async function fetchVoice(
  repository: string,
  commit: string,
  voice: string,
  options: ModelOptions,
): Promise<RepositoryVoices> {
  return await online({ repository }, options, async (client) => {
    const files = await client.files(repository, commit);
    const nameOf = ({ path }: HubFile): string | undefined =>
      /^voices\/(?<voice>[\w-]+)\.(safetensors|pt)$/.exec(path)?.groups?.['voice'];
    const voices = [...new Set(files.map(nameOf))].filter((name) => name !== undefined).sort();
    const file = files
      .filter((candidate) => nameOf(candidate) === voice)
      .sort((a, b) => Number(a.path.endsWith('.pt')) - Number(b.path.endsWith('.pt')))[0];
    if (file === undefined) {
      return { voices };
    }
    const cache = new CachedRepository(repository);
    await fetchFiles([file], { client, cache, repository, commit, ...options });
    return { voices, path: join(cache.snapshotFolder(commit), file.path) };
  });
}

/** A client, unless the person wants no network; aborts become 'interrupted', and the disk's errors name it. */
export async function online<Result>(
  { repository }: Pick<HubModel, 'repository'>,
  { signal, onProgress, gaps = [] }: ModelOptions & { readonly gaps?: CachedSnapshot['gaps'] | undefined },
  body: (client: HubClient) => Promise<Result>,
): Promise<Result> {
  const settings = hubSettings();
  if (settings.isOffline) {
    const state = gaps.length === 0 ? 'not in the cache' : `incomplete in the cache (${gaps.join('; ')})`;
    throw new TidemarkError('network', `${repository} is ${state}, and HF_HUB_OFFLINE is set.`, {
      hint: 'Unset HF_HUB_OFFLINE to download what is missing, or use a model that `tidemark models` lists.',
    });
  }
  try {
    const onWait = (message: string): void => onProgress?.({ kind: 'note', message });
    return await body(new HubClient(settings, { signal, onWait }));
  } catch (error) {
    throwIfInterrupted(signal, `The download of ${repository} was interrupted; it can be resumed.`);
    throw storageError(error, new CachedRepository(repository).folder, 'HF_HOME');
  }
}

/** The safetensors files of a repository's top level. */
export const weightFilesOf = (files: readonly HubFile[]): HubFile[] =>
  files.filter(({ path }) => !path.includes('/') && isTensorFileName(path));

const indexSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ weight_map: v.record(v.string(), v.string()) }),
);

/** The files that an index lists; undefined for what is not an index. */
export function filesListedIn(index: string | undefined): ReadonlySet<string> | undefined {
  const parsed = v.safeParse(indexSchema, index);
  return parsed.success ? new Set(Object.values(parsed.output.weight_map)) : undefined;
}

/** The error for a repository that lacks what an MLX checkpoint needs. */
export const notForMlx = (repository: string, missing: string): TidemarkError =>
  new TidemarkError('bad-checkpoint', `${repository} has no ${missing}, so it is not an MLX checkpoint.`, {
    hint: 'Choose a repository that was converted for MLX, for example one of mlx-community.',
  });

/** The config, and the weights: those that an index lists, else the top level's shards of one checkpoint. */
async function wantedFiles(
  remote: RemoteRepository,
  files: readonly HubFile[],
  fetchNow: (file: HubFile) => Promise<string>,
): Promise<HubFile[]> {
  const { repository } = remote;
  const named = (path: string) => files.find((file) => file.path === path);
  const config = named('config.json');
  const index = named(indexName);
  let weights = weightFilesOf(files);
  if (index !== undefined) {
    const listed = filesListedIn(await readFile(await fetchNow(index), 'utf8'));
    if (listed === undefined) {
      throw new TidemarkError('bad-checkpoint', `${indexName} of ${repository} does not list its weights.`);
    }
    weights = weights.filter(({ path }) => listed.has(path));
  }
  if (config === undefined || weights.length === 0) {
    throw notForMlx(repository, config === undefined ? 'config.json' : 'safetensors weights');
  }
  if (weights.length === 1 || index !== undefined) {
    return [config, ...weights];
  }
  // The config comes last: without it, an interrupted download of shards cannot be taken for a whole model.
  return [...(await weightsThatBelongTogether(weights, remote)), config];
}

/**
 * The files that are shards of one checkpoint by their headers, which alone are fetched for it. Throws 'bad-checkpoint' where
 * some have the same tensors.
 */
async function weightsThatBelongTogether(
  files: readonly HubFile[],
  remote: RemoteRepository,
): Promise<HubFile[]> {
  const { repository } = remote;
  let described;
  try {
    described = await Promise.all(
      files.map(async (file) => {
        const { tensors } = await readSafetensorsHeader(remoteSource(file, remote));
        return { name: file.path, tensors, file };
      }),
    );
  } catch (error) {
    if (error instanceof RangeIgnored) {
      // Whoever loads the downloaded folder judges its files.
      return [...files];
    }
    throw error;
  }
  const gathered = gatherWeights(described);
  const clash = clashError(
    repository,
    gathered,
    'Download the one you want and config.json into a folder, and give the path of that folder.',
  );
  if (clash !== undefined) {
    throw clash;
  }
  if (gathered.weights.length === 0) {
    throw notForMlx(repository, 'safetensors weights');
  }
  return gathered.weights.map(({ file }) => file);
}

async function fetchFiles(files: readonly HubFile[], download: Download & ModelOptions): Promise<void> {
  const { cache, repository, onProgress, signal } = download;
  makeFolder(dirname(cache.lockPath), cache.folderMode);
  const message = `Another process is downloading ${repository}; waiting for it.`;
  await withLock(
    cache.lockPath,
    async () => {
      for (const file of files) {
        await downloadFile(file, download);
      }
    },
    { signal, onWait: () => onProgress?.({ kind: 'note', message }) },
  );
}
