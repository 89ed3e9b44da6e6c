/** The prebuilt addons of a package, and why another machine would not load one. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { addonFaults } from '../mac-check/addon-faults.ts';
import { buildMacAddon } from '../mac-check/build-addon.ts';
import { readMachO } from '../mac-check/mach-o.ts';
import { macToolchain } from '../mac-check/surroundings.ts';
import type { Backend } from '../setup/backend.js';
import { SetupFailure } from '../setup/failures.js';
import { layoutOf } from '../setup/layout.js';
import { olderThan, type Platform } from '../setup/platform.js';
import { Stamps } from '../setup/stamps.js';
import { addonSourceKey } from '../setup/steps/addon.js';

/** What lies beside the addon in the package: set-up takes the addon for this backend. */
export interface PrebuiltNote {
  readonly backend: Backend;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface PrebuiltAddon {
  readonly path: string;
  readonly note: PrebuiltNote;
}

/** The newest versions that Ubuntu 22.04 has, the oldest system that MLX's wheel is made for. */
const oldestLinux = { GLIBC: '2.35', GLIBCXX: '3.4.30', CXXABI: '1.3.13' };

/** The addon that set-up built here, or the Mac's. Throws a SetupFailure for one that would not load there. */
export async function addonFor(platform: Platform, signal: AbortSignal): Promise<PrebuiltAddon> {
  if (platform === 'darwin-arm64' && process.platform === 'linux') {
    const toolchain = await macToolchain(signal);
    const path = await buildMacAddon(toolchain);
    refuse(addonFaults(readMachO(readFileSync(path)), toolchain.surroundings));
    return { path, note: { backend: 'metal', sha256: sha256Of(path) } };
  }
  const layout = layoutOf();
  const backend = platform === 'darwin-arm64' ? 'metal' : 'cpu';
  if (
    !existsSync(layout.addon) ||
    !new Stamps(layout.stamps).isCurrent('addon', addonSourceKey(layout.root, backend))
  ) {
    throw new SetupFailure(
      `This checkout is not set up with MLX's ${backend} backend, which the package has.`,
      `Run \`TIDEMARK_BACKEND=${backend} npm run setup\`, then run the same command again.`,
    );
  }
  if (backend === 'cpu') {
    refuse(linuxFaults(readFileSync(layout.addon)));
  }
  return { path: layout.addon, note: { backend, sha256: sha256Of(layout.addon) } };
}

/** The versions of the C and C++ libraries, by their symbols' names, that an addon needs and the oldest Linux lacks. */
export function linuxFaults(addon: Buffer): string[] {
  const names = addon.toString('latin1').match(/\b(?:GLIBC|GLIBCXX|CXXABI)_\d+(?:\.\d+)+(?=\0)/g) ?? [];
  return [...new Set(names)].flatMap((name) => {
    const [library = '', version = ''] = name.split('_');
    const newest = oldestLinux[library as keyof typeof oldestLinux];
    return isNewer(version, newest)
      ? [`It requires ${name}, and Ubuntu 22.04 has ${library}_${newest}.`]
      : [];
  });
}

function isNewer(version: string, than: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const [thanMajor = 0, thanMinor = 0, thanPatch = 0] = than.split('.').map(Number);
  return olderThan(than, major, minor) || (major === thanMajor && minor === thanMinor && patch > thanPatch);
}

function refuse(faults: readonly string[]): void {
  if (faults.length > 0) {
    throw new SetupFailure(
      'The addon would not load on every machine that the package is for.',
      [...faults, 'Build it on an older system, then run the same command again.'].join('\n'),
    );
  }
}

const sha256Of = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
