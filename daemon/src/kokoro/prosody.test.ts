import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignmentIndices } from './prosody.ts';

test('each token is repeated for as many frames as it lasts', () => {
  assert.deepEqual([...alignmentIndices(Int32Array.of(2, 1, 3))], [0, 0, 1, 2, 2, 2]);
});

test('a token that lasts no frame has none', () => {
  assert.deepEqual([...alignmentIndices(Int32Array.of(0, 2, 0))], [1, 1]);
  assert.deepEqual([...alignmentIndices(Int32Array.of())], []);
});
