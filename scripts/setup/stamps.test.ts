/** A step runs again exactly when what it is made from has changed. */

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { Stamps, keyOf, keyOfFiles } from './stamps.js';

test('a key depends on the order and the boundaries of its parts', () => {
  assert.equal(keyOf('a', 'b'), keyOf('a', 'b'));
  assert.notEqual(keyOf('a', 'b'), keyOf('ab'));
  assert.notEqual(keyOf('a', 'b'), keyOf('b', 'a'));
});

test("files' key changes with a content, a name, a file that comes or goes, and with nothing else", (t) => {
  const root = temporaryFolder(t);
  mkdirSync(join(root, 'native', 'inner'), { recursive: true });
  const file = join(root, 'native', 'inner', 'a.cc');
  writeFileSync(file, 'one');
  const key = () => keyOfFiles(root, ['native', 'lock.json']);
  const first = key();
  writeFileSync(file, 'one');
  assert.equal(key(), first, 'a new modification time is no change');
  writeFileSync(file, 'two');
  assert.notEqual(key(), first);
  writeFileSync(file, 'one');
  renameSync(file, `${file}.old`);
  assert.notEqual(key(), first);
  renameSync(`${file}.old`, file);
  writeFileSync(join(root, 'lock.json'), '');
  assert.notEqual(key(), first, 'an empty file is not a missing one');
  rmSync(join(root, 'lock.json'));
  assert.equal(key(), first);
});

test('a stamp is current for its own key only, and not once it is cleared', async (t) => {
  const stamps = new Stamps(join(temporaryFolder(t), 'stamps'));
  assert.equal(stamps.isCurrent('step', 'key'), false);
  await stamps.write('step', 'key');
  assert.equal(stamps.isCurrent('step', 'key'), true);
  assert.equal(stamps.isCurrent('step', 'other'), false);
  assert.equal(stamps.isCurrent('other', 'key'), false);
  await stamps.clear('step');
  assert.equal(stamps.isCurrent('step', 'key'), false);
});
