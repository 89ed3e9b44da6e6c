/** The Homebrew formula says of a package what the package says of itself. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { repositoryRoot } from '../../daemon/src/paths.ts';
import { tidemarkVersion } from '../../daemon/src/version.ts';
import { writeFormula } from './formula.ts';
import { packageFiles } from './manifest.ts';

test("a formula has its package's version in the address, its hash, its license, and its description", async (t) => {
  const out = temporaryFolder(t);
  const path = join(out, `tidemark-${tidemarkVersion}.tgz`);
  writeFileSync(path, 'a package');
  const file = await writeFormula({ path, version: tidemarkVersion }, out, new AbortController().signal);
  const text = readFileSync(file, 'utf8');
  const valueOf = (name: string) => new RegExp(`^  ${name} "([^"]+)"$`, 'm').exec(text)?.[1] ?? '';
  const { manifest } = packageFiles(repositoryRoot, ['darwin-arm64', 'linux-x64']);
  assert.match(valueOf('url'), new RegExp(`^https?://.+/tidemark/-/tidemark-${tidemarkVersion}\\.tgz$`));
  assert.match(valueOf('homepage'), /^https?:\/\/[^/]+\//);
  assert.equal(valueOf('sha256'), createHash('sha256').update('a package').digest('hex'));
  assert.equal(valueOf('license'), manifest.license);
  assert.equal(valueOf('desc'), manifest.description);
  assert.doesNotMatch(text, /"@|undefined/);
  // What `brew audit` asks of a description.
  assert.ok(valueOf('desc').length <= 80 && /^[A-Z].*[^.]$/.test(valueOf('desc')));
  const ruby = spawnSync('ruby', ['-c', file], { encoding: 'utf8' });
  if (ruby.error === undefined) {
    assert.equal(ruby.status, 0, ruby.stderr);
  }
});
