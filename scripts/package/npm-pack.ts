/** A laid-out folder as a package file: of npm's own, so that what is installed is what npm would publish. */

import { run } from '../setup/children.js';

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs `folder`, which has so many files, into the folder `out`. Throws an Error with what npm said, or where it left files out. */
export async function npmPack(
  folder: string,
  files: number,
  out: string,
  signal: AbortSignal,
): Promise<Packed> {
  const words = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', out];
  const { status, output } = await run('npm', words, { cwd: folder, signal });
  if (status !== 0) {
    throw new Error(`npm did not pack ${folder}: ${output.trim()}`);
  }
  const [packed] = JSON.parse(output) as [Packed];
  if (packed.files.length !== files) {
    throw new Error(`npm packed ${packed.files.length} of the ${files} files in ${folder}`);
  }
  return packed;
}
