/** Safetensors through libmlx, judged by the bytes of the file. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadSafetensors, saveSafetensors } from './io.ts';
import * as mx from './ops.ts';
import { scope } from './scope.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-io-'));
after(() => rmSync(folder, { recursive: true }));

test('what is saved is the format, and loads again with its metadata', () => {
  const path = join(folder, 'saved.safetensors');
  const tensors = scope(
    () =>
      new Map([
        ['a.weight', mx.array([1, -2, 3], [3, 1])],
        ['b', mx.zeros([2], 'bfloat16')],
      ]),
  );
  saveSafetensors(path, tensors, { format: 'mlx' });
  for (const tensor of tensors.values()) {
    tensor.dispose();
  }

  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString('utf8')) as Partial<
    Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>
  >;
  assert.ok(header['a.weight']);
  assert.deepEqual(header['a.weight'].shape, [3, 1]);
  assert.equal(header['b']?.dtype, 'BF16');
  const start = 8 + headerLength + header['a.weight'].data_offsets[0];
  assert.deepEqual(
    [0, 4, 8].map((offset) => bytes.readFloatLE(start + offset)),
    [1, -2, 3],
  );

  const loaded = loadSafetensors(path);
  assert.equal(loaded.metadata['format'], 'mlx');
  assert.deepEqual([...(loaded.tensors.get('a.weight')?.toTypedArray() ?? [])], [1, -2, 3]);
  assert.equal(loaded.tensors.get('b')?.dtype, 'bfloat16');
  for (const tensor of loaded.tensors.values()) {
    tensor.dispose();
  }
});

test('a missing file and one of another format are errors that name the loader', () => {
  assert.throws(() => loadSafetensors(join(folder, 'absent.safetensors')), /loadSafetensors: /);
  const path = join(folder, 'text.safetensors');
  writeFileSync(path, 'This is no tensor file at all.');
  assert.throws(() => loadSafetensors(path), /loadSafetensors: /);
});

test('data that does not fill its shape is refused', () => {
  scope(() => {
    assert.throws(
      () => mx.array([1, 2, 3], [2, 2]),
      /array: the shape and dtype need 16 bytes, but the data has 12/,
    );
    assert.throws(() => mx.array([1], [-1]), /array: a shape has no negative lengths/);
    assert.deepEqual(mx.array([], [0, 4]).shape, [0, 4]);
  });
});
