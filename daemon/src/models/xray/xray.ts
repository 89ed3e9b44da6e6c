/** X-rays a checkpoint wherever it is: headers only, of a remote one by range requests. */

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import * as v from 'valibot';
import { checkpointFiles, indexName } from '../../kokoro/checkpoint-files.ts';
import { ensureCheckpoint, modelFolder } from '../checkpoint/build.ts';
import { CachedRepository } from '../hub/cache.ts';
import type { HubClient, HubFile } from '../hub/client.ts';
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
  // Of several without an index, loading refuses all; the x-ray shows the one that is probably meant, with a warning.
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

const examineSource = async (name: string, source: ByteSource): Promise<ExaminedFile> => ({
  name,
  fileBytes: source.size,
  header: await readSafetensorsHeader(source),
});

const examineFile = async (path: string): Promise<ExaminedFile> =>
  await examineSource(basename(path), await fileSource(path));

function readLocalConfig(folder: string): Examination['config'] {
  try {
    return parseQuantization(readFileSync(join(folder, 'config.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Of several weight files without an index: the name that converters give their result, else the first. */
function chooseWeights(names: readonly string[]): string[] {
  return names.includes('model.safetensors') ? ['model.safetensors'] : [...names].sort().slice(0, 1);
}

const quantizationSchema = v.object({ bits: v.number(), group_size: v.optional(v.number(), 64) });
const configSchema = v.looseObject({
  quantization: v.nullish(quantizationSchema),
  quantization_config: v.nullish(quantizationSchema),
});

/** What a config.json says of quantization; nothing where it is none. */
function parseQuantization(text: string): Examination['config'] {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), configSchema), text);
  if (!parsed.success) {
    return undefined;
  }
  const { quantization, quantization_config: olderName } = parsed.output;
  const found = quantization ?? olderName ?? undefined;
  return { quantization: found && { bits: found.bits, groupSize: found.group_size } };
}

interface RemoteRepository {
  readonly client: HubClient;
  readonly repository: string;
  readonly commit: string;
}

/** Kokoro's headers have 60 to 90 kB: the first request usually brings all that is needed. */
const firstRequestBytes = 131_072;
/** No config or index of a Kokoro checkpoint comes near this; a larger file is not read. */
const longestText = 10_000_000;

async function remoteExamination(model: HubModel, options: ModelOptions): Promise<FoundExamination> {
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
    const chosen = names.filter((name) => listed?.has(name) ?? chooseWeights(names).includes(name));
    const configText = await textOf('config.json');
    return {
      source: {
        kind: 'hub',
        description: `${repository} at commit ${commit} on ${client.host}`,
        isRemote: true,
      },
      files: await Promise.all(
        present
          .filter(({ path }) => chosen.includes(path))
          .map((file) => examineSource(file.path, remoteSource(file, remote))),
      ),
      otherFiles: names.filter((name) => !chosen.includes(name)).sort(),
      config: configText === undefined ? undefined : parseQuantization(configText),
    };
  });
}

function remoteSource(file: HubFile, remote: RemoteRepository): ByteSource {
  let first: Promise<Uint8Array> | undefined;
  return {
    description: `${file.path} of ${remote.repository}`,
    size: file.size,
    read: async (start, length) => {
      const end = Math.min(firstRequestBytes, file.size);
      first ??= readRange(file, remote, { start: 0, end });
      return start + length <= end
        ? (await first).subarray(start, start + length)
        : await readRange(file, remote, { start, end: start + length });
    },
  };
}

async function readRange(
  file: HubFile,
  { client, repository, commit }: RemoteRepository,
  range: { readonly start: number; readonly end: number },
): Promise<Uint8Array> {
  const stream = await client.bytes(repository, commit, file.path, range);
  let bytes: Uint8Array;
  try {
    bytes = await new Response(stream).bytes();
  } catch (error) {
    throw client.errorOf(repository, error);
  }
  if (bytes.byteLength !== range.end - range.start) {
    throw new TidemarkError(
      'network',
      `${client.host} sent another part of ${file.path} than was asked for.`,
    );
  }
  return bytes;
}
