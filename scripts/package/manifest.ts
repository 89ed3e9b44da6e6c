/** The package files of the package: what it is called, what it needs, and exactly which packages that is. */

import { join } from 'node:path';
import { readJson } from '../setup/package-files.js';
import type { Platform } from '../setup/platform.js';

/** The versions of Node that it runs on: `node:sqlite` says whether it is in a transaction since these; see tidemark.js. */
export const engines = '>=22.16.0 <23 || >=24';

interface PackageFile {
  readonly version: string;
  readonly description?: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The command, relative to the package. */
export const command = 'bin/tidemark.js';

/** The text of package.json and of npm-shrinkwrap.json, by which npm installs what this repository's lock file has, hashes checked. */
export function packageFiles(root: string, platforms: readonly Platform[], version?: string) {
  const { description, license } = readJson(join(root, 'package.json')) as PackageFile;
  const [daemon, shared] = ['daemon', 'shared'].map(
    (workspace) => readJson(join(root, workspace, 'package.json')) as PackageFile,
  ) as [PackageFile, PackageFile];
  const { packages } = readJson(join(root, 'package-lock.json')) as { readonly packages: Lock };
  const all = { ...shared.dependencies, ...daemon.dependencies };
  const dependencies = Object.fromEntries(Object.entries(all).filter(([name]) => !isOwn(name)));
  const own = { name: 'tidemark', version: version ?? daemon.version, license };
  const installed = { bin: { tidemark: command }, engines: { node: engines }, dependencies };
  const manifest = {
    ...own,
    description,
    type: 'module',
    ...installed,
    ...where(platforms),
  };
  const shrinkwrap = {
    name: own.name,
    version: own.version,
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { ...own, ...installed },
      ...closure(
        [
          ['shared', namesIn(shared)],
          ['daemon', namesIn(daemon)],
        ],
        packages,
      ),
    },
  };
  return { manifest, shrinkwrap };
}

/** Where npm installs it. It takes a C library for something that only Linux has, so a package that is for a Mac too names none. */
function where(platforms: readonly Platform[]) {
  const [os, cpu] = [0, 1].map((at) => [...new Set(platforms.map((platform) => platform.split('-')[at]))]);
  return { os, cpu, ...(os?.join() === 'linux' ? { libc: ['glibc'] } : {}) };
}

const isOwn = (name: string): boolean => name.startsWith('@tidemark/');

const namesIn = ({ dependencies }: PackageFile): string[] =>
  Object.keys(dependencies).filter((name) => !isOwn(name));

type Lock = Readonly<Record<string, Locked | undefined>>;

/**
 * The packages that the workspaces need, laid out for one package whose own dependencies come first. Throws an Error for one whose
 * hash the lock file lacks.
 */
function closure(workspaces: readonly (readonly [folder: string, names: readonly string[]])[], lock: Lock) {
  const laidOut: Record<string, Locked> = {};
  const pending: { readonly name: string; readonly user: string; readonly place: string }[] = [];
  for (const [folder, names] of workspaces) {
    pending.push(...names.map((name) => ({ name, user: folder, place: '' })));
  }
  for (const { name, user, place } of pending) {
    const found = placeOf(name, user, lock);
    const locked = lock[found];
    if (locked?.integrity === undefined) {
      throw new Error(`package-lock.json has no hash of ${name}, which the package needs`);
    }
    const top = `node_modules/${name}`;
    const there = laidOut[top];
    if (there?.integrity === locked.integrity) {
      continue;
    }
    const target = there === undefined ? top : `${place}/node_modules/${name}`;
    if (place === '' && there !== undefined) {
      throw new Error(`The workspaces need different versions of ${name}`);
    }
    laidOut[target] = locked;
    const needed = Object.keys({ ...locked.dependencies, ...locked.optionalDependencies });
    // At the end, so that what Tidemark itself imports is at the top.
    pending.push(...needed.map((each) => ({ name: each, user: found, place: target })));
  }
  return Object.fromEntries(Object.entries(laidOut).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** As Node looks for a package: in the user's own node_modules, and then in those of the folders above. */
function placeOf(name: string, user: string, lock: Lock): string {
  for (
    let folder = user;
    folder !== '';
    folder = folder.replace(/(?:^|\/)(?:node_modules\/)?(?:@[^/]+\/)?[^/]+$/, '')
  ) {
    const place = `${folder}/node_modules/${name}`;
    if (lock[place] !== undefined) {
      return place;
    }
  }
  return `node_modules/${name}`;
}
