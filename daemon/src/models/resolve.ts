/** Resolves the name of a model or a voice to the files that are loaded. */

import { statSync } from 'node:fs';
import { basename, join, parse } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable } from '@tidemark/shared/printable.ts';
import type { ModelRecord } from '@tidemark/shared/protocol/provenance.ts';
import { checkpointFiles } from '../kokoro/checkpoint-files.ts';
import { ensureCheckpoint, modelFolder } from './checkpoint/build.ts';
import { faultOf, promisedSha256 } from './hub/cache.ts';
import { ensureSnapshot, fetchVoice } from './hub/repository.ts';
import type { HubModel, RepositoryVoices } from './hub/repository.ts';
import type { ModelOptions } from './progress.ts';
import { hashFiles } from './packaged.ts';
import type { Recipe } from './recipes.ts';
import { readCheckpointTensors, sumByDtype, sumBytes } from './safetensors/header.ts';
import { absolutePath, parseTarget } from './target.ts';
import { isTorchFile, makeVoiceFile } from './voice-files.ts';
import {
  convertVoices,
  isVoiceFile,
  packagedVoices,
  partsOfVoice,
  unknownVoice,
  voicesFolder,
  voicesIn,
} from './voices.ts';

export interface ResolvedModel extends ModelRecord {
  /** With `config.json` and the weights. */
  readonly folder: string;
}

/**
 * Finds a model, and builds or downloads it where it is not on this machine yet.
 *
 * Throws a TidemarkError: 'unknown-model', 'bad-checkpoint', 'not-writable', 'network', 'interrupted', 'build-failed' or
 * 'native-addon'.
 */
export async function resolveModel(spec: string, options: ModelOptions): Promise<ResolvedModel> {
  const target = parseTarget(spec);
  switch (target.kind) {
    case 'packaged':
      return await resolvePackaged(target.recipe, options);
    case 'path':
      return await resolveFolder(target.path, options);
    case 'hub':
      return await resolveHub(target, options);
  }
}

async function resolvePackaged(recipe: Recipe, options: ModelOptions): Promise<ResolvedModel> {
  const manifest = await ensureCheckpoint(recipe, options);
  const { weightsFile, license, tensorBytes, bytesByDtype, sources } = manifest;
  const [weights] = sources;
  return {
    name: recipe.name,
    folder: modelFolder(options.dataFolder, recipe.name),
    source: {
      kind: 'packaged',
      description:
        `built locally from ${weights?.package ?? 'the packaged weights'} ${weights?.version ?? ''}`.trim(),
      weightsFile,
      sha256: manifest.files[weightsFile]?.sha256 ?? '',
      license,
    },
    tensorBytes,
    bytesByDtype,
  };
}

async function resolveFolder(path: string, options: ModelOptions): Promise<ResolvedModel> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new TidemarkError('unknown-model', `${path} is not a folder.`, {
      hint: 'Give a folder that contains config.json and the weights, or a name that `tidemark models` lists.',
    });
  }
  return await describeFolder(path, { name: path, kind: 'folder', description: path }, options);
}

async function resolveHub(model: HubModel, options: ModelOptions): Promise<ResolvedModel> {
  const { repository: name } = model;
  const folder = await ensureSnapshot(model, options);
  const description = `${name} at commit ${basename(folder).slice(0, 7)}`;
  const resolved = await describeFolder(folder, { name, kind: 'hub', description }, options);
  await checkPromisedDigests(resolved, options);
  return resolved;
}

/** The cache's blobs are named by their digest, so wrong bytes in one are known. Throws 'bad-checkpoint'. */
async function checkPromisedDigests(
  { name, folder, source }: ResolvedModel,
  { signal }: ModelOptions,
): Promise<void> {
  const paths = checkpointFiles(folder);
  for (const path of paths) {
    const promised = await promisedSha256(path);
    const sha256 = paths.length === 1 ? source.sha256 : await hashFiles([path], signal);
    if (promised !== undefined && promised.sha256 !== sha256) {
      throw new TidemarkError(
        'bad-checkpoint',
        `${printable(basename(path))} of ${name} is damaged in the cache: its bytes do not match its digest.`,
        { hint: `Delete ${promised.blob} and try again; the file is then downloaded anew.` },
      );
    }
  }
}

/** Reads the headers and hashes the files of a checkpoint folder. Throws 'bad-checkpoint' where they are not sound. */
async function describeFolder(
  folder: string,
  {
    name,
    kind,
    description,
  }: Pick<ModelRecord, 'name'> & Pick<ModelRecord['source'], 'kind' | 'description'>,
  { signal }: ModelOptions,
): Promise<ResolvedModel> {
  const paths = checkpointFiles(folder);
  const tensors = await readCheckpointTensors(folder);
  return {
    name,
    folder,
    source: {
      kind,
      description,
      weightsFile: paths.map((path) => basename(path)).join(', '),
      sha256: await hashFiles(paths, signal),
    },
    tensorBytes: sumBytes(tensors),
    bytesByDtype: sumByDtype(tensors),
  };
}

/** A model that `spec` names, and the file of its voice; both are on this machine then. Throws what finding either does. */
export async function resolveSubject(
  spec: string,
  voice: string,
  options: ModelOptions,
): Promise<{ model: ResolvedModel; voiceFile: string }> {
  const model = await resolveModel(spec, options);
  return { model, voiceFile: await voicePath(model, voice, options) };
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/**
 * The safetensors file of a voice: `voice` [510, 1, 256], float32. A voice is a name, the path of a safetensors or PyTorch
 * file, or several of these with commas between them, which are mixed in equal parts.
 *
 * A model without the voice speaks with the packaged one of that name, for voices do not depend on the checkpoint; a
 * note says so. Throws 'unknown-voice' with the nearest name and a list of all.
 */
export async function voicePath(model: ResolvedModel, voice: string, options: ModelOptions): Promise<string> {
  const paths: string[] = [];
  for (const part of partsOfVoice(voice)) {
    paths.push(await partPath(model, part, options));
  }
  const [only = ''] = paths;
  return paths.length === 1 && !isTorchFile(only) ? only : await makeVoiceFile(paths, options.dataFolder);
}

async function partPath(model: ResolvedModel, voice: string, options: ModelOptions): Promise<string> {
  if (isVoiceFile(voice)) {
    const path = absolutePath(voice, 'unknown-voice', 'the path of the file');
    if (!isFile(path)) {
      throw new TidemarkError('unknown-voice', `There is no voice file at ${path}.`, {
        hint: 'Give the path of a .safetensors or .pt file, or the name of a voice.',
      });
    }
    return path;
  }
  const own = ['safetensors', 'pt'].map((ending) => join(model.folder, 'voices', `${voice}.${ending}`));
  for (const path of own.filter(isFile)) {
    if (model.source.kind !== 'hub' || (await faultOf(path)) === undefined) {
      return path;
    }
  }
  const published = model.source.kind === 'hub' ? await publishedVoice(model, voice, options) : undefined;
  if (published?.path !== undefined) {
    return published.path;
  }
  const packaged = packagedVoices();
  if (!packaged.includes(voice)) {
    const names = published?.voices ?? voicesIn(model.folder).map((file) => parse(file).name);
    throw unknownVoice(voice, [...new Set([...names, ...packaged])].sort());
  }
  await convertVoices(options.dataFolder, options.signal);
  if (model.source.kind !== 'packaged') {
    const reason = published?.problem ?? `${model.name} has no voice ${printable(voice)}`;
    options.onProgress?.({
      kind: 'note',
      message: `${reason}; using the packaged voice of that name.`,
    });
  }
  return join(voicesFolder(options.dataFolder), `${voice}.safetensors`);
}

/**
 * A voice from the model's repository, if it has it; undefined where there is no network. A cache that cannot be written, as
 * one that an administrator shares, is a `problem` rather than an error: the packaged voice may do.
 */
async function publishedVoice(
  { name, folder }: ResolvedModel,
  voice: string,
  options: ModelOptions,
): Promise<(Partial<RepositoryVoices> & { readonly problem?: string }) | undefined> {
  try {
    return await fetchVoice(name, basename(folder), voice, options);
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'not-writable') {
      return { problem: error.message.replace(/\.$/, '') };
    }
    if (error instanceof TidemarkError && error.code === 'network') {
      return undefined;
    }
    throw error;
  }
}
