/** X-rays a checkpoint wherever it is: headers only, of a remote one by range requests. */

import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import * as v from 'valibot';
import { isLfsPointer, lfsPointerHint, lfsPointerProblem } from '../../files/git-lfs.ts';
import { indexName, onlyVoices, weightFileNames } from '../../kokoro/checkpoint-files.ts';
import { gatherWeights } from '../../kokoro/weight-files.ts';
import { ensureCheckpoint, modelFolder } from '../checkpoint/build.ts';
import { CachedRepository } from '../hub/cache.ts';
import { readRange, remoteSource } from '../hub/remote-file.ts';
import type { RemoteRepository } from '../hub/remote-file.ts';
import { filesListedIn, notForMlx, online, weightFilesOf } from '../hub/repository.ts';
import type { HubModel } from '../hub/repository.ts';
import type { ModelOptions } from '../progress.ts';
import { fileSource, readSafetensorsHeader } from '../safetensors/header.ts';
import type { ByteSource } from '../safetensors/header.ts';
import { parseTarget } from '../target.ts';
import { examine } from './examine.ts';
import type { Examination, ExaminedFile } from './examine.ts';

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
      const cached = await new CachedRepository(target.repository).snapshotOf(target.revision);
      if (cached?.gaps.length !== 0) {
        return await remoteExamination(target, { ...options, gaps: cached?.gaps });
      }
      const { folder } = cached;
      return await folderExamination(folder, { kind: 'hub', description: folder, isRemote: false });
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
    ...readLocalConfig(dirname(path)),
  };
}

async function folderExamination(folder: string, source: XrayDocument['source']): Promise<FoundExamination> {
  const { names, unlisted, isIndexed } = weightFileNames(folder);
  const files = await Promise.all(names.map((name) => examineFile(join(folder, name))));
  const { chosen, others } = isIndexed ? { chosen: files, others: unlisted } : chooseWeights(files);
  if (chosen.length === 0) {
    throw onlyVoices(folder);
  }
  return { source, files: chosen, otherFiles: others, ...readLocalConfig(folder) };
}

const examineSource = async (name: string, source: ByteSource): Promise<ExaminedFile> => ({
  name,
  fileBytes: source.size,
  header: await readSafetensorsHeader(source),
});

const examineFile = async (path: string): Promise<ExaminedFile> =>
  await examineSource(basename(path), await fileSource(path));

type ReadConfig = Pick<Examination, 'config' | 'configProblem'>;

function readLocalConfig(folder: string): ReadConfig {
  const path = join(folder, 'config.json');
  try {
    return parseQuantization(readFileSync(path, 'utf8'), path);
  } catch {
    return { config: undefined };
  }
}

/**
 * Of the files where there is no index: those that belong together. Of several that share tensors, loading refuses all; the
 * x-ray shows those that are probably meant, with a warning about the others.
 */
function chooseWeights(files: readonly ExaminedFile[]): {
  readonly chosen: readonly ExaminedFile[];
  readonly others: readonly string[];
} {
  const { weights, clashes } = gatherWeights(
    files.map((file) => ({ name: file.name, tensors: file.header.tensors, file })),
  );
  return { chosen: weights.map(({ file }) => file), others: clashes.map(({ file }) => file.name) };
}

const quantizationSchema = v.object({ bits: v.number(), group_size: v.optional(v.number(), 64) });
const configSchema = v.looseObject({
  quantization: v.nullish(quantizationSchema),
  quantization_config: v.nullish(quantizationSchema),
});

/** What a config.json says of quantization; nothing where it is none. */
function parseQuantization(text: string, description: string): ReadConfig {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), configSchema), text);
  if (!parsed.success) {
    const isPointer = isLfsPointer(Buffer.from(text));
    return {
      config: undefined,
      configProblem: isPointer ? `${lfsPointerProblem(description, 'JSON')} ${lfsPointerHint}` : undefined,
    };
  }
  const { quantization, quantization_config: olderName } = parsed.output;
  const found = quantization ?? olderName ?? undefined;
  return { config: { quantization: found && { bits: found.bits, groupSize: found.group_size } } };
}

/** No config or index of a Kokoro checkpoint comes near this; a larger file is not read. */
const longestText = 10_000_000;

async function remoteExamination(
  model: HubModel,
  options: Parameters<typeof online>[1],
): Promise<FoundExamination> {
  return await online(model, options, async (client) => {
    const { repository, revision } = model;
    const commit = await client.commitOf(repository, revision);
    const remote: RemoteRepository = { client, repository, commit };
    const files = await client.files(repository, commit);
    const textOf = async (path: string): Promise<string | undefined> => {
      const file = files.find((candidate) => candidate.path === path);
      return file === undefined || file.size === 0 || file.size > longestText
        ? undefined
        : new TextDecoder().decode(await readRange(file, remote, { start: 0, end: file.size }));
    };

    const present = weightFilesOf(files);
    if (present.length === 0) {
      throw notForMlx(repository, 'safetensors weights');
    }
    const names = present.map(({ path }) => path);
    const listed = filesListedIn(await textOf(indexName));
    const examined = await Promise.all(
      present
        .filter(({ path }) => listed?.has(path) ?? true)
        .map((file) => examineSource(file.path, remoteSource(file, remote))),
    );
    const { chosen, others } =
      listed === undefined
        ? chooseWeights(examined)
        : { chosen: examined, others: names.filter((name) => !listed.has(name)).sort() };
    if (chosen.length === 0) {
      throw notForMlx(repository, 'safetensors weights');
    }
    const configText = await textOf('config.json');
    return {
      source: {
        kind: 'hub',
        description: `${repository} at commit ${commit} on ${client.host}`,
        isRemote: true,
      },
      files: chosen,
      otherFiles: others,
      ...(configText === undefined
        ? { config: undefined }
        : parseQuantization(configText, `config.json of ${repository}`)),
    };
  });
}
