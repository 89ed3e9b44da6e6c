/** Reads parts of a repository's files by range requests, without downloading them. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ByteSource } from '../safetensors/header.ts';
import type { HubClient, HubFile } from './client.ts';

export interface RemoteRepository {
  readonly client: HubClient;
  readonly repository: string;
  readonly commit: string;
}

/** Kokoro's headers have 60 to 90 kB: the first request usually brings all that is needed. */
const firstRequestBytes = 131_072;
/** A file of the repository, of which the first part is read once. */
export function remoteSource(file: HubFile, remote: RemoteRepository): ByteSource {
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

/** The bytes from `start` to before `end`. Throws 'network' where the hub sends anything else. */
export async function readRange(
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
