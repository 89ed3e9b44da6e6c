import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { checkpointFiles, readConfig } from './checkpoint-files.ts';

/** The base names of the files chosen from a folder that holds these, or the message of the refusal. */
function chosen(files: Record<string, string>): string[] | string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'voices'));
  writeFileSync(join(folder, 'voices', 'af_heart.safetensors'), '');
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content);
  }
  try {
    return checkpointFiles(folder).map((path) => basename(path));
  } catch (error) {
    assert.ok(error instanceof TidemarkError);
    assert.equal(error.code, 'bad-checkpoint');
    return error.message.replace(folder, 'FOLDER');
  }
}

const index = (map: unknown): Record<string, string> => ({
  'model.safetensors.index.json': JSON.stringify({ weight_map: map }),
});

test('the only weight file is chosen, whatever its name, and voices are none', () => {
  assert.deepEqual(chosen({ 'kokoro-v1_0.safetensors': '', 'config.json': '' }), ['kokoro-v1_0.safetensors']);
});

test('a folder without weights is refused', () => {
  assert.equal(chosen({ 'config.json': '' }), 'FOLDER has no .safetensors file.');
});

test("the source's file beside the quantized one is refused by name", () => {
  assert.equal(
    chosen({ 'model.safetensors': '', 'kokoro-v1_0.safetensors': '' }),
    'FOLDER has 2 weight files and no index that lists which belong together: kokoro-v1_0.safetensors, model.safetensors.',
  );
});

test('an index chooses its shards, and leaves other files', () => {
  assert.deepEqual(
    chosen({
      ...index({ a: '2.safetensors', b: '1.safetensors', c: '1.safetensors' }),
      '1.safetensors': '',
      '2.safetensors': '',
      '3.safetensors': '',
    }),
    ['1.safetensors', '2.safetensors'],
  );
});

test('an index is refused that lists absent files, paths outside the folder, or nothing', () => {
  assert.match(String(chosen(index({ a: 'gone.safetensors' }))), /lists missing files: gone\.safetensors/);
  for (const map of [{ a: '../x.safetensors' }, { a: '..' }, { a: '.' }, { a: 3 }, {}]) {
    assert.match(String(chosen(index(map))), /does not list file names/);
  }
  assert.match(String(chosen(index(null))), /has no weight_map/);
  assert.match(String(chosen({ 'model.safetensors.index.json': '{' })), /is not JSON/);
});

test('a folder that is not there is refused', () => {
  assert.throws(
    () => checkpointFiles(join('nowhere', 'at', 'all')),
    (error) => error instanceof TidemarkError && /is not a readable folder/.test(error.message),
  );
});

test('a configuration that is absent or not JSON is refused', () => {
  const folder = temporaryFolder();
  assert.throws(() => readConfig(folder), /config\.json does not exist/);
  writeFileSync(join(folder, 'config.json'), '{');
  assert.throws(() => readConfig(folder), /config\.json is not JSON/);
});
