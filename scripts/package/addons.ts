/** The prebuilt addons of a package, and why another machine would not load one. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { addonFaults } from '../mac-check/addon-faults.ts';
import { buildMacAddon } from '../mac-check/build-addon.ts';
import { readMachO } from '../mac-check/mach-o.ts';
import { macToolchain } from '../mac-check/surroundings.ts';
import { SetupFailure } from '../setup/failures.js';
import { layoutOf } from '../setup/layout.js';
import { olderThan, type Platform } from '../setup/platform.js';
import { Stamps } from '../setup/stamps.js';
import { addonSourceKey } from '../setup/steps/addon.js';

export interface PrebuiltAddon {
  readonly path: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Those of a package, by the platforms that it is for. */
export type PrebuiltAddons = ReadonlyMap<Platform, PrebuiltAddon>;

/** The newest versions that Ubuntu 22.04 has, the oldest system that MLX's wheel is made for. */
const oldestLinux = { GLIBC: '2.35', GLIBCXX: '3.4.30', CXXABI: '1.3.13' };

/**
 * The addon that set-up built here, or the Mac's. Throws a SetupFailure for one that would not load there. On Linux it is the same for
 * MLX's CPU and CUDA backends, whose headers are the same and whose libraries have the same symbols.
 */
export async function addonFor(platform: Platform, signal: AbortSignal): Promise<PrebuiltAddon> {
  if (platform === 'darwin-arm64' && process.platform === 'linux') {
    const toolchain = await macToolchain(signal);
    const path = await buildMacAddon(toolchain);
    refuse(addonFaults(readMachO(readFileSync(path)), toolchain.surroundings));
    return { path, sha256: sha256Of(path) };
  }
  const layout = layoutOf();
  const stamps = new Stamps(layout.stamps);
  const backends = platform === 'darwin-arm64' ? (['metal'] as const) : (['cpu', 'cuda'] as const);
  const isCurrent = backends.some((backend) =>
    stamps.isCurrent('addon', addonSourceKey(layout.root, backend)),
  );
  if (!isCurrent || !existsSync(layout.addon)) {
    throw new SetupFailure(
      'This checkout has no addon that was made from its sources.',
      'Run `npm run setup`, then run the same command again.',
    );
  }
  if (platform === 'linux-x64') {
    refuse(linuxFaults(readFileSync(layout.addon)));
  }
  return { path: layout.addon, sha256: sha256Of(layout.addon) };
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
