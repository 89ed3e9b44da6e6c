/** Writes a package as npm would publish it: laid out, and packed by npm itself. */

import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '../setup/layout.js';
import type { PrebuiltAddons } from './addons.ts';
import { layOut } from './contents.ts';
import { npmPack } from './npm-pack.ts';

export interface WrittenPackage {
  readonly path: string;
  readonly version: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
  /** What is in it, as paths relative to the package. */
  readonly files: readonly string[];
}

interface PackOptions {
  readonly signal: AbortSignal;
  /** Another one than the sources have. */
  readonly version?: string | undefined;
}

/** `tidemark-VERSION-PLATFORM.tgz` in `out`, or `tidemark-VERSION.tgz` with the addons of all platforms, which is what is published. */
export async function writePackage(
  addons: PrebuiltAddons,
  out: string,
  { signal, version: given }: PackOptions,
): Promise<WrittenPackage> {
  const platforms = [...addons.keys()];
  mkdirSync(join(layoutOf().build, 'package'), { recursive: true });
  const folder = mkdtempSync(join(layoutOf().build, 'package', 'laid-out-'));
  try {
    const { version, files } = await layOut(folder, addons, { signal, version: given });
    mkdirSync(out, { recursive: true });
    const packed = await npmPack(folder, files, out, signal);
    const name = ['tidemark', version, ...(platforms.length === 1 ? platforms : [])].join('-');
    const path = join(out, `${name}.tgz`);
    renameSync(join(out, packed.filename), path);
    return {
      path,
      version,
      bytes: packed.size,
      unpackedBytes: packed.unpackedSize,
      files: packed.files.map((file) => file.path),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
