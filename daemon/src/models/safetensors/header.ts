/** Reads and checks the header of a safetensors file, local or remote: what tensors it holds and where, without any of them. */

import { open, stat } from 'node:fs/promises';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable, quoted } from '@tidemark/shared/printable.ts';
import { isLfsPointer, lfsPointerBytes, lfsPointerError } from '../../files/git-lfs.ts';
import { errnoOf } from '../../files/storage-errors.ts';
import { checkpointFiles } from '../../kokoro/checkpoint-files.ts';
import { describeDType, isLoadable, isSafetensorsDType, tensorBytes } from './dtypes.ts';
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
  data_offsets: v.strictTuple([count, count]),
});
const metadataName = '__metadata__';
/** Of JSON; safetensors 0.8 reads a header that begins with it, as one that a writer aligned by spaces in front does. */
const whiteSpace = ' \t\n\r';

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
  // One read for the length and the first of the JSON says enough to tell a truncated file from another format.
  const start = Buffer.from(await source.read(0, Math.min(size, lfsPointerBytes)));
  if (isLfsPointer(start)) {
    throw lfsPointerError('bad-checkpoint', description);
  }
  if (size <= lengthBytes) {
    throw bad(`${description} is not a safetensors file: it has only ${size} bytes.`);
  }
  const length = start.readBigUInt64LE();
  if (!`{${whiteSpace}`.includes(String.fromCharCode(start[lengthBytes] ?? 0)) || length > longestHeader) {
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
  const { [metadataName]: metadata, ...entries } = parseObject(bytes, description);
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
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // ES2026 gives revivers the text of a number; TypeScript's library does not know of it yet.
    json = JSON.parse(text, onlyCounts as Parameters<typeof JSON.parse>[1]);
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
  const repeated = repeatedKey(text);
  if (repeated !== undefined) {
    throw bad(`${description} has a malformed header: it gives ${repeated} more than once.`);
  }
  return { ...json };
}

/** Makes NaN, which no size is, of a number that is not written as a plain count: safetensors takes neither 2.0 nor -0. */
const onlyCounts = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === 'number' && !/^\d+$/.test(source ?? '') ? NaN : value;

/** In JSON that is known to be valid, a string before a colon is a key of the innermost object that is open. */
const keysAndBraces = /"[^"\\]*(?:\\.[^"\\]*)*"(?<colon>\s*:)?|[{}]/g;

/**
 * What the header says twice, in words: a tensor, the metadata, or a field of a tensor. The format disallows it, and JSON.parse
 * would keep the last. Within the metadata, and of fields that the format does not have, safetensors allows it.
 */
function repeatedKey(json: string): string | undefined {
  const names = new Set<string>();
  let fields = new Set<string>();
  let name = '';
  let depth = 0;
  for (const [token, colon] of json.matchAll(keysAndBraces)) {
    if (token === '{' || token === '}') {
      depth += token === '{' ? 1 : -1;
    } else if (colon !== undefined && depth <= 2) {
      const key: unknown = JSON.parse(token.slice(0, -colon.length));
      if (typeof key !== 'string') {
        continue;
      }
      if (depth === 1) {
        if (names.has(key)) {
          return key === metadataName ? 'its metadata' : `tensor ${quoted(key)}`;
        }
        names.add(key);
        name = key;
        fields = new Set();
      } else if (name !== metadataName && Object.hasOwn(entrySchema.entries, key)) {
        if (fields.has(key)) {
          return `${key} of tensor ${quoted(name)}`;
        }
        fields.add(key);
      }
    }
  }
  return undefined;
}

function parseMetadata(metadata: unknown, description: string): Record<string, string> {
  const malformed = bad(`${description} has a malformed header: its metadata is not a map of strings.`);
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
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
      `${description} has a malformed header: tensor ${quoted(name)} lacks a dtype, shape or data_offsets.`,
    );
  }
  const {
    dtype,
    shape,
    data_offsets: [start, end],
  } = parsed.output;
  if (!isSafetensorsDType(dtype)) {
    throw bad(`${description} has tensor ${quoted(name)} of the unknown dtype ${printable(dtype, 40)}.`);
  }
  const bytes = tensorBytes({ dtype, shape });
  if (isOverflowing(shape)) {
    throw bad(
      `${description} has a malformed header: tensor ${quoted(name)} has more elements than can be counted.`,
    );
  }
  if (!Number.isInteger(bytes)) {
    throw bad(
      `${description} has a malformed header: tensor ${quoted(name)}, ${dtype} [${shape.join(', ')}], does not fill ` +
        'its last byte.',
    );
  }
  if (end - start !== bytes) {
    throw bad(
      `${description} has a malformed header: tensor ${quoted(name)}, ${dtype} [${shape.join(', ')}], needs ${bytes} bytes ` +
        `but has ${end - start}.`,
    );
  }
  return { name, dtype, shape, offset: start, bytes };
}

/** Whether counting elements overflows 64 bits on the way, as safetensors has it, even if a later length is 0. */
function isOverflowing(shape: readonly number[]): boolean {
  let elements = 1;
  return shape.some((length) => (elements *= length) >= 2 ** 64);
}

function checkCoverage(tensors: readonly TensorEntry[], dataBytes: number, description: string): void {
  let end = 0;
  for (const { name, offset, bytes } of tensors) {
    if (offset !== end) {
      const how = offset < end ? 'overlaps the one before it' : 'does not follow the one before it';
      throw bad(`${description} has a malformed header: tensor ${quoted(name)} ${how}.`);
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

/**
 * The tensors of all weight files of a checkpoint folder, which is to be loaded. Throws 'bad-checkpoint' where they are not
 * sound, or have a dtype that cannot be loaded.
 */
export async function readCheckpointTensors(folder: string): Promise<TensorEntry[]> {
  const tensors = await Promise.all(checkpointFiles(folder).map(readLoadableTensors));
  return tensors.flat();
}

/**
 * What is in a file that is to be loaded, a checkpoint's or a voice's; MLX judges a header less strictly. Throws 'bad-checkpoint' where the file is not sound, or has a dtype that cannot be loaded.
 */
export async function readLoadableTensors(path: string): Promise<readonly TensorEntry[]> {
  const header = await readSafetensorsHeader(await fileSource(path));
  checkLoadable(header, path);
  return header.tensors;
}

function checkLoadable({ tensors }: SafetensorsHeader, path: string): void {
  const stray = tensors.find(({ dtype }) => !isLoadable(dtype));
  if (stray !== undefined) {
    throw new TidemarkError(
      'bad-checkpoint',
      `${path} has tensor ${quoted(stray.name)} of the dtype ${stray.dtype}, which Tidemark cannot load with MLX.`,
      {
        hint: 'Use a file in float32, float16, or bfloat16, or a checkpoint that MLX quantized; `tidemark xray` shows what this one contains.',
      },
    );
  }
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
