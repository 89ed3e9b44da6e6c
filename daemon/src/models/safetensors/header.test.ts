/** The header reader against the format's rules, on files that the writer made and that were then damaged. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { describeDType, tensorBytes } from './dtypes.ts';
import { fileSource, readSafetensorsHeader } from './header.ts';
import type { ByteSource } from './header.ts';
import { headerOf, writeSafetensors } from './write.ts';
import type { DescribedTensor } from './dtypes.ts';

const folder = temporaryFolder();

const description = 'weights.safetensors';
const memorySource = (bytes: Uint8Array): ByteSource => ({
  description,
  size: bytes.byteLength,
  read: (start, length) => Promise.resolve(bytes.subarray(start, start + length)),
});

function fileOf(tensors: readonly DescribedTensor[], metadata: Record<string, string> = {}): Buffer {
  const data = Buffer.alloc(
    tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0),
    7,
  );
  return Buffer.concat([headerOf(tensors, metadata), data]);
}

/** A file whose header is any text. */
function fileWithHeader(json: string, dataBytes = 0): Buffer {
  const length = Buffer.alloc(8);
  const header = Buffer.from(json);
  length.writeBigUInt64LE(BigInt(header.byteLength));
  return Buffer.concat([length, header, Buffer.alloc(dataBytes)]);
}

const refusal = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TidemarkError);
  assert.equal(error.code, 'bad-checkpoint');
  assert.match(error.message, pattern);
  assert.match(error.message, /^.+\.$/);
  return true;
};

const refuses = (bytes: Uint8Array, pattern: RegExp) =>
  assert.rejects(readSafetensorsHeader(memorySource(bytes)), refusal(pattern));

/** All but the format's own key and the one that JavaScript's objects treat apart. */
const anyName = fc.string({ minLength: 1, maxLength: 12 }).filter((name) => !name.startsWith('__'));

const anyTensors = fc
  .uniqueArray(
    fc.record({
      name: anyName,
      dtype: fc.constantFrom('F32', 'BF16', 'U32', 'I64', 'BOOL'),
      shape: fc.array(fc.nat(5), { maxLength: 4 }),
    }),
    { selector: ({ name }) => name, maxLength: 8 },
  )
  .map((tensors): DescribedTensor[] => tensors);

test('every file that follows the format reads back as what it was made of', async () => {
  await fc.assert(
    fc.asyncProperty(anyTensors, fc.dictionary(anyName, fc.string()), async (tensors, metadata) => {
      const header = await readSafetensorsHeader(memorySource(fileOf(tensors, metadata)));
      const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
      assert.deepEqual(
        header.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape: [...shape] })).sort(byName),
        tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape: [...shape] })).sort(byName),
      );
      assert.equal(
        header.tensorBytes,
        tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0),
      );
      assert.deepEqual({ ...header.metadata }, { ...metadata });
    }),
  );
});

test('a file cut anywhere is refused in one sentence', async () => {
  await fc.assert(
    fc.asyncProperty(anyTensors, fc.nat(), async (tensors, seed) => {
      const whole = fileOf(tensors);
      const cut = whole.subarray(0, seed % whole.byteLength);
      await refuses(cut, /is empty|is truncated|is not a safetensors file/);
    }),
  );
});

test('a changed byte never makes anything but a header or a refusal', async () => {
  await fc.assert(
    fc.asyncProperty(anyTensors, fc.nat(), fc.integer({ min: 0, max: 255 }), async (tensors, at, byte) => {
      const bytes = fileOf(tensors);
      bytes[at % bytes.byteLength] = byte;
      await readSafetensorsHeader(memorySource(bytes)).catch(refusal(/./));
    }),
    { numRuns: 500 },
  );
});

test('any bytes at all are a header or a refusal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      await readSafetensorsHeader(memorySource(bytes)).catch(refusal(/./));
    }),
  );
});

test('what is wrong with a file is said in one sentence that names it', async () => {
  const entry = (start: number, end: number, dtype = 'F32', shape = '[1]') =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${start},${end}]}`;
  await refuses(Buffer.alloc(0), /^weights\.safetensors is empty\.$/);
  await refuses(Buffer.from('short'), /it has only 5 bytes/);
  await refuses(Buffer.from('This is no tensor file at all.'), /is not a safetensors file/);
  await refuses(Buffer.from('version https://git-lfs.github.com/spec/v1'), /is not a safetensors file/);
  await refuses(fileWithHeader('{"a":'), /its header is not JSON/);
  await refuses(fileWithHeader('{} []'), /its header is not JSON/);
  await refuses(
    fileWithHeader(`{"a":{"dtype":"F32","shape":[1]}}`, 4),
    /tensor "a" lacks a dtype, shape or data_offsets/,
  );
  await refuses(fileWithHeader(`{"a":${entry(0, 4, 'F31')}}`, 4), /unknown dtype F31/);
  await refuses(fileWithHeader(`{"a":${entry(0, 8)}}`, 8), /needs 4 bytes but has 8/);
  await refuses(fileWithHeader(`{"a":${entry(0, 4, 'F32', '[-1]')}}`, 4), /lacks a dtype, shape/);
  await refuses(
    fileWithHeader(`{"a":${entry(0, 4)},"b":${entry(2, 6)}}`, 6),
    /"b" overlaps the one before it/,
  );
  await refuses(
    fileWithHeader(`{"a":${entry(0, 4)},"b":${entry(6, 10)}}`, 10),
    /"b" does not follow the one before/,
  );
  await refuses(fileWithHeader(`{"a":${entry(0, 4)}}`, 6), /has 2 bytes after its last tensor/);
  await refuses(
    fileWithHeader(`{"a":${entry(0, 4)}}`, 2),
    /is truncated: its tensors need 4 bytes, but only 2 are present/,
  );
  await refuses(fileWithHeader('{"__metadata__":{"format":1}}'), /its metadata is not a map of strings/);
});

test('a header that claims more than the format allows is not read', async () => {
  const bytes = fileWithHeader('{}');
  bytes.writeBigUInt64LE(1n << 40n);
  const source: ByteSource = {
    description,
    size: 2 ** 41,
    read: (start, length) => {
      assert.ok(length < 100);
      return Promise.resolve(bytes.subarray(start, start + length));
    },
  };
  await assert.rejects(readSafetensorsHeader(source), refusal(/is not a safetensors file/));
});

test('a missing file, a folder and a file in the place of a folder are each one sentence', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'x');
  await assert.rejects(fileSource(join(folder, 'absent')), refusal(/^There is no file at .*absent\.$/));
  await assert.rejects(fileSource(join(file, 'below')), refusal(/^There is no file at/));
  await assert.rejects(fileSource(folder), refusal(/is not a file\.$/));
});

test('the writer aligns its tensors, flushes what it hashes, and never writes over a file', async () => {
  const path = join(folder, 'written.safetensors');
  const tensor = (name: string, dtype: DescribedTensor['dtype'], shape: number[]) => ({
    name,
    dtype,
    shape,
    bytes: () => new Uint8Array(tensorBytes({ dtype, shape })).fill(3),
  });
  const tensors = [tensor('odd', 'BF16', [3]), tensor('flag', 'BOOL', [1]), tensor('wide', 'F32', [2, 2])];
  const progress: number[] = [];
  const { bytes } = await writeSafetensors(path, tensors, (written) => progress.push(written));
  const file = readFileSync(path);
  assert.equal(file.byteLength, bytes);
  assert.equal(progress.at(-1), bytes);

  const { tensors: entries } = await readSafetensorsHeader(await fileSource(path));
  const dataStart = 8 + Number(file.readBigUInt64LE());
  for (const { dtype, offset } of entries) {
    assert.equal((dataStart + offset) % describeDType(dtype).itemBytes, 0);
  }
  await assert.rejects(writeSafetensors(path, tensors), { code: 'EEXIST' });
  const liar = { ...tensor('liar', 'F32', [2]), bytes: () => new Uint8Array(4) };
  await assert.rejects(
    writeSafetensors(join(folder, 'liar'), [liar]),
    /liar has 4 bytes where its shape needs 8/,
  );
});
