/** Lays out the package in a folder: as the repository is, with what runs compiled, and without tests and build files. */

import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { trackedFiles } from '../pack/stage.ts';
import { layoutOf } from '../setup/layout.js';
import { indexFile, pipsOwn } from '../setup/package-index.js';
import type { PrebuiltAddons } from './addons.ts';
import { compile } from './compile.ts';
import { command, packageFiles } from './manifest.ts';

/** What runs: the program, and set-up. */
const sources = /^(?:(?:daemon|shared)\/src|scripts\/setup)\/.*(?<!\.test)\.[jt]s$/;
const inSetupOnly = /^scripts\/setup\/.*\.ts$/;
/** What is read as it is, by the program and by people. */
const texts =
  /^(?:LICENSE|README\.md|CHANGELOG\.md|docs\/[^/]+\.md|daemon\/python\/.+(?<!_test)\.(?:py|txt))$/;

/** Fills `folder`, which is made anew. Returns how many files it has then, and the version that they are. */
export async function layOut(
  folder: string,
  addons: PrebuiltAddons,
  { signal, version }: { readonly signal: AbortSignal; readonly version?: string | undefined },
): Promise<{ readonly version: string; readonly files: number }> {
  const { root } = layoutOf();
  rmSync(folder, { recursive: true, force: true });
  let files = 0;
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    files += 1;
  };
  for (const path of await trackedFiles(root, signal)) {
    if (texts.test(path)) {
      write(path, readFileSync(join(root, path), 'utf8'));
    } else if (sources.test(path) && !inSetupOnly.test(path)) {
      write(path.replace(/\.ts$/, '.js'), compile(readFileSync(join(root, path), 'utf8'), path));
    }
  }
  const { manifest, shrinkwrap } = packageFiles(root, [...addons.keys()], version);
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  write('package.json', json(manifest));
  write('npm-shrinkwrap.json', json(shrinkwrap));
  write('daemon/package.json', json({ name: '@tidemark/daemon', version: manifest.version, type: 'module' }));
  write(
    command,
    readFileSync(join(root, 'scripts', 'package', 'tidemark.js'), 'utf8').replaceAll(
      '../../daemon',
      '../daemon',
    ),
  );
  chmodSync(join(folder, command), 0o755);
  const address = pipsOwn(process.env);
  if (address !== undefined) {
    write(indexFile, json({ address }));
  }
  const notes = [...addons].map(([platform, { sha256 }]) => [platform, { sha256 }] as const);
  write('prebuilt/addons.json', json(Object.fromEntries(notes)));
  for (const [platform, { path }] of addons) {
    copyFileSync(path, join(folder, 'prebuilt', `${platform}.node`));
  }
  return { version: manifest.version, files: files + addons.size };
}
