/** Downloads one file of a hub into the cache: resumed where an earlier attempt ended, and checked byte for byte. */

import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable } from '@tidemark/shared/printable.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { makeFolder } from '../../files/durable.ts';
import { checkFreeSpace } from '../../files/storage-errors.ts';
import type { ModelOptions } from '../progress.ts';
import type { HubClient, HubFile } from './client.ts';
import { newHash } from './cache.ts';
import type { CachedRepository } from './cache.ts';
import { RangeIgnored, TransientError } from './failures.ts';

/** A snapshot of a repository, and what its files are fetched with. */
export interface Download extends Pick<ModelOptions, 'onProgress' | 'signal'> {
  readonly client: HubClient;
  readonly cache: CachedRepository;
  readonly repository: string;
  readonly commit: string;
}

/**
 * Attempts in a row that may pass without a lasting gain before a download is given up. A gain is more of the file than
 * any attempt before has left on the disk; what is sent anew, or a few bytes at a time, is none.
 */
const fruitlessAttempts = 5;
/** Copies of a file, in bytes, after which a server that starts over each time is given up. */
const mostCopies = 3;

/**
 * Makes sure that a file is in the snapshot of its commit. What an interrupted download left is kept as `.incomplete` and
 * continued by a range request, in this attempt or a later run. Throws 'network' and Node's system errors.
 */
export async function downloadFile(file: HubFile, download: Download): Promise<void> {
  const { cache, commit } = download;
  const blob = cache.blobPath(file.digest.value);
  if (!(await cache.hasBlob(file))) {
    makeFolder(dirname(blob), cache.folderMode);
    const incomplete = `${blob}.incomplete`;
    await checkFreeSpace({
      name: file.path,
      neededBytes: file.size - (await sizeOf(incomplete)),
      folder: dirname(blob),
      variable: 'HF_HOME',
    });
    await receive(file, incomplete, download);
    await rename(incomplete, blob);
  }
  await cache.linkToBlob(commit, file.path, file.digest.value);
}

async function receive(file: HubFile, incomplete: string, download: Download): Promise<void> {
  const { client, repository, signal } = download;
  const lastingGain = Math.min(file.size / 100, 100_000);
  let receivedBytes = 0;
  let keptBytes = await sizeOf(incomplete);
  let fruitless = 0;
  let isSecondCopy = false;
  let ignoresRanges = false;
  for (;;) {
    if (ignoresRanges) {
      await rm(incomplete, { force: true });
    }
    const before = await sizeOf(incomplete);
    try {
      const digest = await receiveOnce(file, incomplete, download);
      if (digest === file.digest.value) {
        return;
      }
      await rm(incomplete, { force: true });
      // Bytes of an earlier run may be to blame once; a fresh copy that is wrong is the server's fault.
      if (before === 0 || isSecondCopy) {
        throw new TidemarkError(
          'network',
          `${printable(file.path)} of ${repository} does not match its digest at ${client.host}; the download was discarded.`,
          { hint: 'Try again later.' },
        );
      }
      isSecondCopy = true;
      keptBytes = 0;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof RangeIgnored) {
        ignoresRanges = true;
        continue;
      }
      if (!(error instanceof TransientError)) {
        throw error;
      }
      const size = await sizeOf(incomplete);
      receivedBytes += Math.max(0, size - before);
      const isGain = size > keptBytes && size - keptBytes >= lastingGain;
      keptBytes = isGain ? size : keptBytes;
      fruitless = isGain ? 0 : fruitless + 1;
      if (fruitless >= fruitlessAttempts || receivedBytes > mostCopies * file.size) {
        throw ignoresRanges ? brokenOff(file, receivedBytes, download) : error;
      }
      await client.pauseAfter(error, fruitless);
    }
  }
}

/** The error for a server that never sends a whole file, and from which a part of it is of no use. */
function brokenOff(
  { path, size }: HubFile,
  received: number,
  { client, repository }: Download,
): TidemarkError {
  return new TidemarkError(
    'network',
    `${client.host} does not resume downloads and keeps closing the connection: it sent ${formatBytes(received)}, but never all ${formatBytes(size)} of ${path} of ${repository}.`,
    { hint: 'Try another network or HF_ENDPOINT, or download the model another way and give its folder.' },
  );
}

/** Downloads what is missing; returns the digest of the whole file. Throws a TransientError on a broken connection. */
async function receiveOnce(file: HubFile, incomplete: string, download: Download): Promise<string> {
  const { cache, client, repository, commit, onProgress } = download;
  const hash = newHash(file.digest.algorithm, file.size);
  let received = await hashPresent(file, incomplete, hash);
  const { path, size: totalBytes } = file;
  const report = (): void =>
    onProgress?.({ kind: 'downloading', repository, file: path, receivedBytes: received, totalBytes });
  await using target = await open(incomplete, received === 0 ? 'w' : 'a', cache.fileMode);
  if (received === 0) {
    await target.chmod(cache.fileMode);
  }
  report();
  if (received < totalBytes) {
    const stream = await client.bytes(repository, commit, path, { start: received });
    const reader = stream.getReader();
    for (;;) {
      // Only the network's failures become transient ones; the disk's pass as they are.
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw client.errorOf(repository, error);
      });
      if (done) {
        break;
      }
      received += value.byteLength;
      if (received > totalBytes) {
        await reader.cancel();
        break;
      }
      await target.writeFile(value);
      hash.update(value);
      report();
    }
  }
  if (received < totalBytes) {
    const message = `${client.host} closed the connection.`;
    throw new TransientError(message, 'Try again; the download resumes where it stopped.', undefined);
  }
  await target.sync();
  return hash.digest('hex');
}

/** Feeds what an earlier attempt left to the hash; more than the whole file is no part of it, and is dropped. */
async function hashPresent(file: HubFile, incomplete: string, hash: Hash): Promise<number> {
  const size = await sizeOf(incomplete);
  if (size > file.size) {
    await rm(incomplete, { force: true });
    return 0;
  }
  if (size > 0) {
    for await (const chunk of createReadStream(incomplete, { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
    }
  }
  return size;
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;
