import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { checkpointFiles, readConfig } from './checkpoint-files.ts';

/** The base names of the files chosen from a folder that holds these, or the message of the refusal. */
function chosen(files: Record<string, string | Buffer>): string[] | string {
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
    return `${error.message} ${error.hint?.includes('both contain') === true ? error.hint : ''}`
      .trim()
      .replace(folder, 'FOLDER');
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

/** A safetensors file with these tensors: parameters of one float, and voices, whose names have no module. */
function fileOf(...names: readonly string[]): Buffer {
  const tensors = names.map((name): [string, object] => {
    const shape = name.includes('.') ? [1] : [1, 1, 1];
    return [name, { dtype: 'F32', shape, data_offsets: [0, 4] }];
  });
  const header = Buffer.from(
    JSON.stringify({ __metadata__: { format: 'mlx' }, ...Object.fromEntries(tensors) }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.byteLength));
  return Buffer.concat([length, header, Buffer.alloc(4)]);
}

/** What macOS leaves beside a file that it copies to another file system. */
const appleDouble = Buffer.concat([Buffer.from([0, 5, 22, 7]), Buffer.alloc(4000)]);

const lfsPointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 163526820\n`;

test("the source's file beside the quantized one is refused, with a tensor that both contain", () => {
  assert.equal(
    chosen({
      'model.safetensors': fileOf('a.weight', 'a.scales'),
      'kokoro-v1_0.safetensors': fileOf('a.weight'),
    }),
    'FOLDER has 2 weight files and no index that lists which belong together: kokoro-v1_0.safetensors, model.safetensors. ' +
      'kokoro-v1_0.safetensors and model.safetensors both contain the tensor "a.weight". Move the files that do not belong to the model ' +
      'out of the folder, such as the original of a quantized model.',
  );
});

test('files that share no tensor are shards of one checkpoint, whatever their names and number', () => {
  for (const names of [
    ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
    ['decoder.safetensors', 'model.safetensors', 'text.safetensors'],
    Array.from({ length: 12 }, (_, shard) => `shard-${String(shard).padStart(2, '0')}.safetensors`),
  ]) {
    const files = names.map((name, shard): [string, Buffer] => [name, fileOf(`a.${shard}`, `b.${shard}`)]);
    assert.deepEqual(chosen(Object.fromEntries(files)), names);
  }
});

test('shards beside the whole file are refused', () => {
  const shards = { '1.safetensors': fileOf('a.weight'), '2.safetensors': fileOf('b.weight') };
  assert.match(
    String(chosen({ ...shards, 'whole.safetensors': fileOf('a.weight', 'b.weight') })),
    /has 3 weight files .*\. 1\.safetensors and whole\.safetensors both contain the tensor "a\.weight"\. Move/,
  );
});

test('names that begin with a dot are no weights, whatever is in them', () => {
  const model = { 'model.safetensors': fileOf('a.weight') };
  for (const hidden of [appleDouble, fileOf('a.weight'), fileOf('b.weight')]) {
    assert.deepEqual(chosen({ ...model, '._model.safetensors': hidden, '.b.safetensors': hidden }), [
      'model.safetensors',
    ]);
  }
  assert.equal(chosen({ '._model.safetensors': appleDouble }), 'FOLDER has no .safetensors file.');
  assert.deepEqual(
    chosen({
      '1.safetensors': fileOf('a.b'),
      '2.safetensors': fileOf('c.d'),
      '._1.safetensors': appleDouble,
    }),
    ['1.safetensors', '2.safetensors'],
  );
});

test('voices beside the model are no weights', () => {
  const voices = {
    'af_heart.safetensors': fileOf('voice'),
    'am_adam.safetensors': fileOf('voice'),
    'voices.safetensors': fileOf('af_heart', 'am_adam'),
  };
  assert.deepEqual(chosen({ ...voices, 'model.safetensors': fileOf('a.weight') }), ['model.safetensors']);
  assert.deepEqual(
    chosen({ ...voices, '1.safetensors': fileOf('a.weight'), '2.safetensors': fileOf('b.weight') }),
    ['1.safetensors', '2.safetensors'],
  );
  assert.equal(chosen(voices), 'FOLDER has only voice files and no weights.');
});

test('of several files, one that cannot be read is refused by name', () => {
  const model = { 'model.safetensors': fileOf('a.weight') };
  for (const damaged of ['', 'These are words.', fileOf('b.weight').subarray(0, 20)]) {
    assert.equal(
      chosen({ ...model, 'b.safetensors': damaged }),
      'FOLDER/b.safetensors is not a complete safetensors file.',
    );
  }
  assert.equal(
    chosen({ ...model, 'b.safetensors': lfsPointer }),
    'FOLDER/b.safetensors is not a safetensors file but a Git LFS pointer, which stands for the file.',
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

test('a configuration or an index that is a Git LFS pointer says how to fetch the file', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'config.json'), lfsPointer);
  assert.throws(() => readConfig(folder), {
    code: 'bad-config',
    message: `${join(folder, 'config.json')} is not JSON but a Git LFS pointer, which stands for the file.`,
    hint: /git lfs pull/,
  });
  assert.match(
    String(chosen({ 'model.safetensors.index.json': lfsPointer })),
    /is not (JSON|a safetensors file) but a Git LFS pointer/,
  );
});
