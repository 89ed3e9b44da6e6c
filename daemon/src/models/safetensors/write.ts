/** Writes a safetensors file tensor by tensor, so that only one of them is in memory at a time. */

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { describeDType, tensorBytes } from './dtypes.ts';
import type { DescribedTensor } from './dtypes.ts';

export interface WritableTensor extends DescribedTensor {
  /** Row-contiguous, little-endian elements. */
  bytes(): Uint8Array;
}

interface WrittenFile {
  readonly bytes: number;
  /** Hexadecimal, of the whole file. */
  readonly sha256: string;
}

/**
 * Writes and flushes a new file to the disk, largest element types first so that every tensor is aligned. Not atomic:
 * write beside the target and rename. `onProgress` gets the bytes written so far and in all, after each tensor. Throws
 * Node's own errors, for the caller knows what the file is for.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly WritableTensor[],
  onProgress?: (written: number, total: number) => void,
): Promise<WrittenFile> {
  const ordered = [...tensors].sort(
    (a, b) =>
      describeDType(b.dtype).itemBytes - describeDType(a.dtype).itemBytes || (a.name < b.name ? -1 : 1),
  );
  const header = headerOf(ordered);
  const total = ordered.reduce((sum, tensor) => sum + tensorBytes(tensor), header.byteLength);

  const hash = createHash('sha256');
  await using file = await open(path, 'wx', 0o600);
  let written = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes);
    await file.writeFile(bytes);
    written += bytes.byteLength;
    onProgress?.(written, total);
  };
  await append(header);
  for (const tensor of ordered) {
    const bytes = tensor.bytes();
    if (bytes.byteLength !== tensorBytes(tensor)) {
      throw new RangeError(
        `${tensor.name} has ${bytes.byteLength} bytes where its shape needs ${tensorBytes(tensor)}`,
      );
    }
    await append(bytes);
  }
  await file.sync();
  return { bytes: written, sha256: hash.digest('hex') };
}

/** The bytes of a file before its tensors, which follow in the order given. */
export function headerOf(
  tensors: readonly DescribedTensor[],
  metadata: Readonly<Record<string, string>> = { format: 'mlx' },
): Buffer {
  const entries: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const tensor of tensors) {
    const end = offset + tensorBytes(tensor);
    entries[tensor.name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(entries), 'utf8');
  // Spaces pad the header to a multiple of 8, as the format's own writer does, so that the data is aligned.
  const padded = Buffer.alloc(8 + Math.ceil(json.byteLength / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.byteLength - 8));
  json.copy(padded, 8);
  return padded;
}
