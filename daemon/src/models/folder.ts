/** What a checkpoint folder holds, by its files' headers alone. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { checkpointFiles } from '../kokoro/checkpoint-files.ts';
import { readCheckpointTensors, sumByDtype } from './safetensors/header.ts';

export interface FolderDescription {
  /** The file that holds the weights; several, where an index lists them, are joined by commas. */
  readonly weightsFile: string;
  /** Hexadecimal; of several files, of their bytes one after another in the order of their names. */
  readonly sha256: string;
  readonly tensorBytes: number;
  readonly bytesByDtype: Readonly<Record<string, number>>;
}

/** Reads the headers and hashes the files of a checkpoint folder. Throws 'bad-checkpoint' where they are not sound. */
export async function describeFolder(folder: string, signal?: AbortSignal): Promise<FolderDescription> {
  const paths = checkpointFiles(folder);
  const hash = createHash('sha256');
  const tensors = await readCheckpointTensors(folder);
  for (const path of paths) {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { end: false, signal });
  }
  return {
    weightsFile: paths.map((path) => basename(path)).join(', '),
    sha256: hash.digest('hex'),
    tensorBytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    bytesByDtype: sumByDtype(tensors),
  };
}
