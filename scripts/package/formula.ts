/** The Homebrew formula of a package: the form in packaging/homebrew with the package's address at the registry, and its hash. */

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../setup/children.js';
import { layoutOf } from '../setup/layout.js';
import { readJson } from '../setup/package-files.js';
import type { WrittenPackage } from './write.ts';

/**
 * Writes `tidemark.rb` for a package that is to be published, by the registry that npm is set to here.
 *
 * @returns its path
 */
export async function writeFormula(
  { path, version }: Pick<WrittenPackage, 'path' | 'version'>,
  out: string,
  signal: AbortSignal,
): Promise<string> {
  const { root } = layoutOf();
  const { status, output } = await run('npm', ['config', 'get', 'registry', '--loglevel=error'], { signal });
  if (status !== 0) {
    throw new Error(`npm does not say its registry: ${output.trim()}`);
  }
  const registry = output.trim().replace(/\/+$/, '');
  const { repository } = readJson(join(root, 'package.json')) as {
    readonly repository: { readonly url: string };
  };
  const values: Readonly<Record<string, string>> = {
    // A page of its own once the repository has an address.
    homepage: /^https:/.test(repository.url) ? repository.url : `${registry}/tidemark`,
    url: `${registry}/tidemark/-/tidemark-${version}.tgz`,
    sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
  };
  const form = readFileSync(join(root, 'packaging', 'homebrew', 'tidemark.rb'), 'utf8');
  const text = form
    .replace(/^# The formula's form: .*\n/, '')
    .replaceAll(/"@(\w+)@"/g, (_, name: string) => JSON.stringify(values[name]));
  const file = join(out, 'tidemark.rb');
  writeFileSync(file, text);
  return file;
}
