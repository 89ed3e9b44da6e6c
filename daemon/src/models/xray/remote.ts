/** X-rays a repository of a hub without downloading its weights. */

import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { HubClient, HubFile } from '../hub/client.ts';
import { online, weightMapSchema } from '../hub/repository.ts';
import { indexName } from '../../kokoro/checkpoint-files.ts';
import type { HubModel } from '../hub/repository.ts';
import type { ModelOptions } from '../progress.ts';
import { readSafetensorsHeader } from '../safetensors/header.ts';
import type { ByteSource } from '../safetensors/header.ts';
import type { Examination, ExaminedFile } from './examine.ts';
import { chooseWeights, parseQuantization } from './folder-contents.ts';

interface RemoteRepository {
  readonly client: HubClient;
  readonly repository: string;
  readonly commit: string;
}

/** Kokoro's headers have 60 to 90 kB: the first request usually brings all that is needed. */
const firstRequestBytes = 131_072;
/** No config or index of a Kokoro checkpoint comes near this; a larger file is not read. */
const longestText = 10_000_000;

export async function remoteExamination(
  model: HubModel,
  options: ModelOptions,
): Promise<Omit<Examination, 'target'>> {
  return await online(model, options, async (client) => {
    const { repository, revision } = model;
    const commit = await client.commitOf(repository, revision);
    const remote: RemoteRepository = { client, repository, commit };
    const files = await client.files(repository, commit);
    const textOf = async (path: string): Promise<string | undefined> => {
      const file = files.find((candidate) => candidate.path === path);
      return file === undefined || file.size > longestText ? undefined : await readText(file, remote);
    };

    const present = files.filter(({ path }) => /^[^/]+\.safetensors$/.test(path));
    if (present.length === 0) {
      throw new TidemarkError('bad-checkpoint', `${repository} has no .safetensors file.`, {
        hint: 'Look for a repository that was converted for MLX, such as those of mlx-community.',
      });
    }
    const names = present.map(({ path }) => path);
    const index = v.safeParse(v.pipe(v.string(), v.parseJson(), weightMapSchema), await textOf(indexName));
    const listed = index.success ? new Set(Object.values(index.output.weight_map)) : undefined;
    const chosen = names.filter((name) => listed?.has(name) ?? chooseWeights(names).includes(name));
    const configText = await textOf('config.json');
    return {
      source: {
        kind: 'hub',
        description: `${repository} at commit ${commit} on ${client.host}`,
        isRemote: true,
      },
      files: await Promise.all(
        present.filter(({ path }) => chosen.includes(path)).map((file) => examineRemote(file, remote)),
      ),
      otherFiles: names.filter((name) => !chosen.includes(name)).sort(),
      config: configText === undefined ? undefined : parseQuantization(configText),
    };
  });
}

async function examineRemote(file: HubFile, remote: RemoteRepository): Promise<ExaminedFile> {
  const header = await readSafetensorsHeader(remoteSource(file, remote));
  return { name: file.path, fileBytes: file.size, header };
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

async function readText(file: HubFile, remote: RemoteRepository): Promise<string> {
  if (file.size === 0) {
    return '';
  }
  return new TextDecoder().decode(await readRange(file, remote, { start: 0, end: file.size }));
}
