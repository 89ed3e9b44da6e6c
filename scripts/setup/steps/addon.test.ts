/** The native build: what it depends on, and when an addon that was compiled elsewhere is taken. */

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../../daemon/test/temporary-folder.ts';
import { layoutOf } from '../layout.js';
import { addon, addonSourceKey } from './addon.js';

function repository(t: TestContext) {
  const root = temporaryFolder(t);
  mkdirSync(join(root, 'daemon', 'native'), { recursive: true });
  writeFileSync(join(root, 'daemon', 'native', 'addon.cc'), '// one');
  cpSync(join(layoutOf().root, 'package-lock.json'), join(root, 'package-lock.json'));
  return layoutOf(root);
}

function putPrebuilt(layout: ReturnType<typeof layoutOf>, sourceKey: string): void {
  mkdirSync(layout.prebuilt, { recursive: true });
  writeFileSync(join(layout.prebuilt, 'tidemark.node'), '');
  writeFileSync(join(layout.prebuilt, 'tidemark.json'), JSON.stringify({ sourceKey }));
}

test("the addon's key changes with a source and with Node's headers, and differs by backend", (t) => {
  const { root } = repository(t);
  const first = addonSourceKey(root, 'cpu');
  assert.equal(addonSourceKey(root, 'cpu'), first);
  assert.notEqual(addonSourceKey(root, 'metal'), first);
  writeFileSync(join(root, 'daemon', 'native', 'addon.cc'), '// two');
  const second = addonSourceKey(root, 'cpu');
  assert.notEqual(second, first);
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: {} }));
  assert.notEqual(addonSourceKey(root, 'cpu'), second);
});

test('a Mac takes an addon that was compiled elsewhere from the same sources, and then needs no compiler', (t) => {
  const layout = repository(t);
  putPrebuilt(layout, addonSourceKey(layout.root, 'metal'));
  const step = addon(layout, 'metal');
  assert.equal(step.done, 'taken prebuilt');
  assert.deepEqual(step.needs, []);
});

test('an addon from other sources, or for another system, is not taken', (t) => {
  const layout = repository(t);
  assert.deepEqual(addon(layout, 'metal').needs, ['compiler']);
  putPrebuilt(layout, addonSourceKey(layout.root, 'metal'));
  assert.deepEqual(addon(layout, 'cpu').needs, ['compiler']);
  writeFileSync(join(layout.root, 'daemon', 'native', 'addon.cc'), '// two');
  assert.deepEqual(addon(layout, 'metal').needs, ['compiler']);
});
