/** Reads and checks the header of a safetensors file, local or remote: what tensors it holds and where, without any of them. */

import { open, stat } from 'node:fs/promises';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { errnoOf } from '../../files/storage-errors.ts';
import { checkpointFiles } from '../../kokoro/checkpoint-files.ts';
import { describeDType, isSafetensorsDType, tensorBytes } from './dtypes.ts';
import type { DescribedTensor } from './dtypes.ts';

export interface TensorEntry extends DescribedTensor {
  /** Where its bytes begin, counted from the end of the header. */
  readonly offset: number;
  readonly bytes: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes in the file. */
  readonly tensors: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Bytes of all tensors; the file has 8 and the header's own length more. */
  readonly tensorBytes: number;
}

/** Random access to bytes that lie in a local file or behind a server. */
export interface ByteSource {
  /** For error messages: a path, or a repository and a file name. */
  readonly description: string;
  /** Bytes in all. */
  readonly size: number;
  /** Exactly `length` bytes from `start`, both within `size`; throws a TidemarkError when they cannot be read. */
  read(start: number, length: number): Promise<Uint8Array>;
}

/** A local file, opened again for each read. Throws 'bad-checkpoint' when there is no readable file at `path`. */
export async function fileSource(path: string): Promise<ByteSource> {
  const size = await sizeOfFile(path);
  return {
    description: path,
    size,
    read: async (start, length) => {
      await using file = await open(path);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
      if (bytesRead < length) {
        throw new TidemarkError('bad-checkpoint', `${path} was truncated while it was being read.`);
      }
      return buffer;
    },
  };
}

async function sizeOfFile(path: string): Promise<number> {
  let stats;
  try {
    stats = await stat(path);
  } catch (cause) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes(errnoOf(cause) ?? '');
    const message = isMissing ? `There is no file at ${path}.` : `${path} cannot be read.`;
    throw new TidemarkError('bad-checkpoint', message, { cause });
  }
  if (!stats.isFile()) {
    throw new TidemarkError('bad-checkpoint', `${path} is not a file.`);
  }
  return stats.size;
}

/** The format's own bound on the length of a header, in bytes. */
const longestHeader = 100_000_000;
const lengthBytes = 8;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const entrySchema = v.object({
  dtype: v.string(),
  shape: v.array(count),
  data_offsets: v.tuple([count, count]),
});

const bad = (message: string): TidemarkError => new TidemarkError('bad-checkpoint', message);

/**
 * The header of a whole file, checked strictly: the tensors must cover its data without gap or overlap, each as long
 * as its shape needs. Throws 'bad-checkpoint' in one sentence for anything else.
 */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const { description, size } = source;
  if (size === 0) {
    throw bad(`${description} is empty.`);
  }
  if (size <= lengthBytes) {
    throw bad(`${description} is not a safetensors file: it has only ${size} bytes.`);
  }
  // One read for the length and the first of the JSON says enough to tell a truncated file from another format.
  const start = Buffer.from(await source.read(0, lengthBytes + 1));
  const length = start.readBigUInt64LE();
  if (start.at(-1) !== '{'.charCodeAt(0) || length > longestHeader) {
    throw bad(`${description} is not a safetensors file.`);
  }
  const headerLength = Number(length);
  if (lengthBytes + headerLength > size) {
    throw bad(
      `${description} is truncated: its header alone needs ${lengthBytes + headerLength} bytes, but it has ${size}.`,
    );
  }
  const bytes = await source.read(lengthBytes, headerLength);
  return parseHeader(bytes, { description, dataBytes: size - lengthBytes - headerLength });
}

/** The JSON part, against a data part of `dataBytes`. */
function parseHeader(
  bytes: Uint8Array,
  { description, dataBytes }: { readonly description: string; readonly dataBytes: number },
): SafetensorsHeader {
  const { __metadata__: metadata, ...entries } = parseObject(bytes, description);
  const tensors = Object.entries(entries)
    .map(([name, entry]) => parseEntry(name, entry, description))
    .sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  checkCoverage(tensors, dataBytes, description);
  return {
    tensors,
    metadata: parseMetadata(metadata ?? {}, description),
    tensorBytes: sumBytes(tensors),
  };
}

function parseObject(bytes: Uint8Array, description: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new TidemarkError(
      'bad-checkpoint',
      `${description} is not a safetensors file: its header is not JSON.`,
      {
        cause,
      },
    );
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw bad(`${description} is not a safetensors file: its header is not a JSON object.`);
  }
  return { ...json };
}

function parseMetadata(metadata: unknown, description: string): Record<string, string> {
  const malformed = bad(`${description} has a malformed header: its metadata is not a map of strings.`);
  if (typeof metadata !== 'object' || metadata === null) {
    throw malformed;
  }
  const pairs = Object.entries(metadata).map(([key, value]: [string, unknown]): [string, string] => {
    if (typeof value !== 'string') {
      throw malformed;
    }
    return [key, value];
  });
  return Object.fromEntries(pairs);
}

function parseEntry(name: string, entry: unknown, description: string): TensorEntry {
  const parsed = v.safeParse(entrySchema, entry);
  if (!parsed.success) {
    throw bad(
      `${description} has a malformed header: tensor ${JSON.stringify(name)} lacks a dtype, shape or data_offsets.`,
    );
  }
  const {
    dtype,
    shape,
    data_offsets: [start, end],
  } = parsed.output;
  if (!isSafetensorsDType(dtype)) {
    throw bad(`${description} has tensor ${JSON.stringify(name)} of the unknown dtype ${dtype}.`);
  }
  const bytes = tensorBytes({ dtype, shape });
  if (end - start !== bytes) {
    throw bad(
      `${description} has a malformed header: tensor ${JSON.stringify(name)}, ${dtype} [${shape.join(', ')}], needs ${bytes} bytes ` +
        `but has ${end - start}.`,
    );
  }
  return { name, dtype, shape, offset: start, bytes };
}

function checkCoverage(tensors: readonly TensorEntry[], dataBytes: number, description: string): void {
  let end = 0;
  for (const { name, offset, bytes } of tensors) {
    if (offset !== end) {
      const how = offset < end ? 'overlaps the one before it' : 'does not follow the one before it';
      throw bad(`${description} has a malformed header: tensor ${JSON.stringify(name)} ${how}.`);
    }
    end += bytes;
  }
  if (end > dataBytes) {
    throw bad(
      `${description} is truncated: its tensors need ${end} bytes, but only ${dataBytes} are present.`,
    );
  }
  if (end < dataBytes) {
    throw bad(
      `${description} has ${dataBytes - end} bytes after its last tensor, which the format does not allow.`,
    );
  }
}

/** The tensors of all weight files of a checkpoint folder. Throws 'bad-checkpoint' where they are not sound. */
export async function readCheckpointTensors(folder: string): Promise<TensorEntry[]> {
  const headers = await Promise.all(
    checkpointFiles(folder).map(async (path) => await readSafetensorsHeader(await fileSource(path))),
  );
  return headers.flatMap(({ tensors }) => tensors);
}

export const sumBytes = (tensors: readonly Pick<TensorEntry, 'bytes'>[]): number =>
  tensors.reduce((sum, { bytes }) => sum + bytes, 0);

/** Bytes by MLX's name of the element type. */
export function sumByDtype(tensors: readonly Pick<TensorEntry, 'dtype' | 'bytes'>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { dtype, bytes } of tensors) {
    const { name } = describeDType(dtype);
    sums[name] = (sums[name] ?? 0) + bytes;
  }
  return sums;
}
