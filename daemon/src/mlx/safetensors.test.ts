/** Safetensors files, written here byte by byte and loaded by libmlx. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { array } from './ops.ts';
import { loadSafetensors } from './safetensors.ts';
import { scope } from './scope.ts';

test('a file gives its tensors and its metadata', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'some.safetensors');
  const header = JSON.stringify({
    __metadata__: { format: 'mlx' },
    'a.weight': { dtype: 'F32', shape: [3, 1], data_offsets: [0, 12] },
    b: { dtype: 'BF16', shape: [2], data_offsets: [12, 16] },
  });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const data = [Float32Array.of(1, -2, 3), Uint16Array.of(0x3f80, 0xc000)].map((words) =>
    Buffer.from(words.buffer),
  );
  writeFileSync(path, Buffer.concat([length, Buffer.from(header), ...data]));

  const { tensors, metadata } = loadSafetensors(path);
  assert.deepEqual({ ...metadata }, { format: 'mlx' });
  assert.deepEqual([...tensors.keys()].sort(), ['a.weight', 'b']);
  const [a, b] = [tensors.get('a.weight'), tensors.get('b')];
  assert.deepEqual(a?.shape, [3, 1]);
  assert.deepEqual([...a.toTypedArray()], [1, -2, 3]);
  assert.equal(b?.dtype, 'bfloat16');
  assert.deepEqual([...b.toTypedArray()], [0x3f80, 0xc000]);
  tensors.forEach((tensor) => tensor.dispose());
});

test('a missing file and one of another format are errors that name the loader', () => {
  const folder = temporaryFolder();
  assert.throws(() => loadSafetensors(join(folder, 'absent.safetensors')), /loadSafetensors: /);
  const path = join(folder, 'text.safetensors');
  writeFileSync(path, 'This is no tensor file at all.');
  assert.throws(() => loadSafetensors(path), /loadSafetensors: /);
});

test('data that does not fill its shape is refused', () => {
  scope(() => {
    assert.throws(
      () => array([1, 2, 3], [2, 2]),
      /array: the shape and dtype need 16 bytes, but the data has 12/,
    );
    assert.throws(() => array([1], [-1]), /array: a shape cannot have negative lengths/);
    assert.deepEqual(array([], [0, 4]).shape, [0, 4]);
  });
});
