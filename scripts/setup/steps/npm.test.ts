/** The steps that run npm: when they run again, and what they say of a failure. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { temporaryContext, writeProgram } from '../test-context.ts';
import { extension } from './npm.js';

/** A repository with an extension, whose npm does as told. */
function contextWithNpm(t: TestContext, ...script: readonly string[]) {
  const context = temporaryContext(t);
  const { root } = context.layout;
  mkdirSync(join(root, 'extension'));
  writeFileSync(join(root, 'extension', 'package.json'), '{}');
  writeFileSync(join(root, 'extension', 'package-lock.json'), '{}');
  const npm = join(root, 'bin', 'npm');
  writeProgram(npm, ...script);
  return { ...context, tools: { npm: { command: npm, args: [] } } };
}

test('it runs again for another lock file, and not for another manifest', (t) => {
  const context = contextWithNpm(t);
  const folder = join(context.layout.root, 'extension');
  const key = extension.key(context);
  writeFileSync(join(folder, 'package.json'), '{"title": "Tidemark"}');
  assert.equal(extension.key(context), key);
  writeFileSync(join(folder, 'package-lock.json'), '{"lockfileVersion": 3}');
  assert.notEqual(extension.key(context), key);
});

test('it installs exactly what the lock file has, in the folder of the extension, without running scripts', async (t) => {
  const context = contextWithNpm(t, 'echo "$PWD $@" > called');
  await extension.work(context);
  const called = readFileSync(join(context.layout.root, 'extension', 'called'), 'utf8');
  assert.match(called, /\/extension ci --ignore-scripts --include=dev --include=optional /);
});

test("npm's failure is told as the extension's", async (t) => {
  const context = contextWithNpm(t, 'echo "npm error code EUSAGE" >&2', 'exit 1');
  await assert.rejects(extension.work(context), /The extension's npm dependencies could not be installed/);
});
