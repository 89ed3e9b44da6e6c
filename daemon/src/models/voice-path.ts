/** Finds the file of a voice for a model: the model's own, else the packaged one. */

import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { dataFolder as defaultDataFolder } from '../paths.ts';
import { hubVoices } from './hub/repository.ts';
import type { ModelOptions } from './progress.ts';
import type { ResolvedModel } from './resolve.ts';
import { convertVoices, packagedVoices, unknownVoice, voicesFolder, voicesIn } from './voices.ts';

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
const voiceFileIn = (folder: string, voice: string): string => join(folder, `${voice}.safetensors`);

/**
 * The safetensors file of a voice: `voice` [510, 1, 256], float32. A voice is a name, or the path of such a file.
 *
 * A model without the voice speaks with the packaged one of that name, for voices do not depend on the checkpoint; a
 * note says so. Throws 'unknown-voice' with the nearest name and a list of all.
 */
export async function voicePath(
  model: ResolvedModel,
  voice: string,
  options: ModelOptions = { dataFolder: defaultDataFolder() },
): Promise<string> {
  if (voice.includes('/') || voice.endsWith('.safetensors')) {
    const path = resolve(voice);
    if (!isFile(path)) {
      throw new TidemarkError('unknown-voice', `There is no voice file at ${path}.`);
    }
    return path;
  }
  const own = voiceFileIn(join(model.folder, 'voices'), voice);
  if (isFile(own)) {
    return own;
  }
  const published = model.source.kind === 'hub' ? await publishedVoice(model, voice, options) : undefined;
  if (published?.path !== undefined) {
    return published.path;
  }
  const known = new Set([
    ...(published?.voices ?? voicesIn(model.folder).map((name) => basename(name, '.safetensors'))),
    ...packagedVoices(),
  ]);
  if (!packagedVoices().includes(voice)) {
    throw unknownVoice(voice, [...known].sort());
  }
  await convertVoices(options.dataFolder, options.signal);
  if (model.source.kind !== 'packaged') {
    options.onProgress?.({
      kind: 'note',
      message: `${model.name} has no voice ${voice}; the packaged one of that name is used.`,
    });
  }
  return voiceFileIn(voicesFolder(options.dataFolder), voice);
}

/** A voice from the model's repository, if it has it; nothing where the network is not to be had. */
async function publishedVoice(
  { name, folder }: ResolvedModel,
  voice: string,
  options: ModelOptions,
): Promise<{ readonly voices: readonly string[]; readonly path?: string } | undefined> {
  const commit = basename(folder);
  try {
    const hub = await hubVoices({ repository: name, revision: commit }, commit, options);
    return hub.voices.includes(voice)
      ? { voices: hub.voices, path: await hub.fetch(voice) }
      : { voices: hub.voices };
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'network') {
      return undefined;
    }
    throw error;
  }
}
