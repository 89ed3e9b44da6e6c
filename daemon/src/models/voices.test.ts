import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { voicesIn } from './voices.ts';

test('the voices of a checkpoint are its safetensors files, without those that macOS leaves beside them', () => {
  const folder = temporaryFolder();
  assert.deepEqual(voicesIn(folder), []);
  mkdirSync(join(folder, 'voices'));
  for (const name of ['af_heart.safetensors', '._af_heart.safetensors', '.DS_Store', 'af_heart.pt']) {
    writeFileSync(join(folder, 'voices', name), '');
  }
  assert.deepEqual(voicesIn(folder), ['af_heart.safetensors']);
});
