/** The header reader against the format's rules, on files that the writer made and that were then damaged. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { Voice } from '../../kokoro/voice.ts';
import { describeDType, safetensorsDTypes, tensorBytes } from './dtypes.ts';
import { fileSource, readCheckpointTensors, readLoadableTensors, readSafetensorsHeader } from './header.ts';
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
  await refuses(
    Buffer.from('version https://git-lfs.github.com/spec/v1'),
    /is not a safetensors file but a Git LFS pointer/,
  );
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

const entryOf = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
const int32 = entryOf('I32', '[2,2]', '[0,16]');

/** What safetensors 0.8.0 does with each of these was tried with its Python package. */
test('what safetensors accepts is read', async () => {
  const reads = async (json: string, dataBytes: number): Promise<readonly string[]> => {
    const { tensors } = await readSafetensorsHeader(memorySource(fileWithHeader(json, dataBytes)));
    return tensors.map(({ dtype, shape, bytes }) => `${dtype} [${shape.join(', ')}] ${bytes}`);
  };
  for (const space of [' \n', '       ', '\t', '\r\n']) {
    assert.deepEqual(await reads(`${space}{"t":${int32}}`, 16), ['I32 [2, 2] 16'], JSON.stringify(space));
  }
  const sizes = {
    F4: 4,
    F6_E2M3: 6,
    F6_E3M2: 6,
    F8_E4M3: 8,
    F8_E5M2: 8,
    F8_E8M0: 8,
    F8_E4M3FNUZ: 8,
    F8_E5M2FNUZ: 8,
    F64: 64,
    U64: 64,
  };
  for (const [dtype, size] of Object.entries(sizes)) {
    const json = `{"t":${entryOf(dtype, '[8]', `[0,${size}]`)}}`;
    assert.deepEqual(await reads(json, size), [`${dtype} [8] ${size}`]);
  }
  const nothing = entryOf('I32', '[2,0]', '[0,0]');
  assert.deepEqual(await reads(`{"t":${nothing}}`, 0), ['I32 [2, 0] 0']);
  assert.deepEqual(await reads(`{"a":${nothing},"t":${int32}}`, 16), ['I32 [2, 0] 0', 'I32 [2, 2] 16']);
  const huge = entryOf('I32', '[0,1099511627776,1099511627776]', '[0,0]');
  assert.deepEqual(await reads(`{"t":${huge}}`, 0), ['I32 [0, 1099511627776, 1099511627776] 0']);
  assert.deepEqual(await reads('{}', 0), []);
  assert.deepEqual(await reads(`{"__metadata__":null,"t":${int32}}`, 16), ['I32 [2, 2] 16']);
  assert.deepEqual(await reads(`{"__metadata__":{"a":"1","a":"2"},"t":${int32}}`, 16), ['I32 [2, 2] 16']);
  const extra = int32.replace('{', '{"scale":1.5,"scale":{"shape":1,"b":[{}]},');
  assert.deepEqual(await reads(`{"t":${extra}}`, 16), ['I32 [2, 2] 16']);
  // Braces, quotes, and colons within a name are no structure.
  const odd = JSON.stringify('{"t": "\\');
  assert.deepEqual(await reads(`{${odd}:${int32},"t":${entryOf('I32', '[0]', '[16,16]')}}`, 16), [
    'I32 [2, 2] 16',
    'I32 [0] 0',
  ]);
});

test('what safetensors refuses is refused', async () => {
  for (const shape of ['[2.0,2]', '[2e0,2]', '["2",2]', '[true,4]', '[null,4]']) {
    await refuses(fileWithHeader(`{"t":${entryOf('I32', shape, '[0,16]')}}`, 16), /"t" lacks a dtype, shape/);
  }
  for (const offsets of ['[0,16,16]', '[0]', '[0.0,16]', '[-0,16]', '[0,1.6e1]', '{"0":0,"1":16}']) {
    await refuses(fileWithHeader(`{"t":${entryOf('I32', '[4]', offsets)}}`, 16), /"t" lacks a dtype, shape/);
  }
  for (const metadata of ['[]', '["a"]', '"a"', '1', '{"a":1.0}', '{"a":null}']) {
    const json = `{"__metadata__":${metadata},"t":${int32}}`;
    await refuses(fileWithHeader(json, 16), /its metadata is not a map of strings/);
  }
  await refuses(
    fileWithHeader(`{"t":${int32},"\\u0074":${int32}}`, 16),
    /it gives tensor "t" more than once/,
  );
  await refuses(
    fileWithHeader(`{"__metadata__":{},"t":${int32},"__metadata__":{}}`, 16),
    /it gives its metadata more than once/,
  );
  for (const again of ['"dtype":"F32"', '"shape" : [4]', '"data_offsets":[0,16]']) {
    const json = `{"t":${int32.replace('{', `{${again},`)}}`;
    await refuses(
      fileWithHeader(json, 16),
      /it gives (dtype|shape|data_offsets) of tensor "t" more than once/,
    );
  }
  const overflowing = entryOf('I32', '[1099511627776,1099511627776,0]', '[0,0]');
  await refuses(fileWithHeader(`{"t":${overflowing}}`), /more elements than can be counted/);
  await refuses(fileWithHeader(`{"t":${entryOf('F4', '[3]', '[0,2]')}}`, 2), /does not fill its last byte/);
  await refuses(
    fileWithHeader(`{"t":${entryOf('F6_E2M3', '[2]', '[0,2]')}}`, 2),
    /does not fill its last byte/,
  );
  await refuses(fileWithHeader(`\f{"t":${int32}}`, 16), /is not a safetensors file/);
  await refuses(fileWithHeader(`\ufeff{"t":${int32}}`, 16), /is not a safetensors file/);
  await refuses(fileWithHeader(` \ufeff{"t":${int32}}`, 16), /its header is not JSON/);
});

test('a name of many megabytes is read as any other', async () => {
  const name = '\\"q'.repeat(3_000_000);
  const { tensors } = await readSafetensorsHeader(memorySource(fileWithHeader(`{"${name}":${int32}}`, 16)));
  assert.equal(tensors[0]?.name.length, 6_000_000);
});

test('a checkpoint in a dtype that cannot be loaded is refused before it is', async () => {
  for (const [dtype, size] of [
    ['F4', 4],
    ['F6_E3M2', 6],
    ['F8_E4M3', 8],
    ['F8_E5M2FNUZ', 8],
    ['F64', 64],
    ['U64', 64],
  ] as const) {
    const checkpoint = join(folder, dtype);
    mkdirSync(checkpoint);
    const json = `{"t":${entryOf(dtype, '[8]', `[0,${size}]`)}}`;
    writeFileSync(join(checkpoint, 'model.safetensors'), fileWithHeader(json, size));
    await assert.rejects(
      readCheckpointTensors(checkpoint),
      refusal(new RegExp(`tensor "t" of the dtype ${dtype}, which Tidemark cannot load with MLX\\.$`)),
    );
  }
});

test('a voice in any dtype is loaded or refused in a sentence, and never ends the process', async () => {
  const outcomes: Record<string, string> = {};
  for (const dtype of safetensorsDTypes) {
    const path = join(folder, `${dtype}.safetensors`);
    const described = { name: 'voice', dtype, shape: [30, 1, 128] };
    writeFileSync(path, Buffer.concat([headerOf([described]), Buffer.alloc(tensorBytes(described))]));
    const outcomeOf = async (load: () => unknown): Promise<string> => {
      try {
        await load();
        return 'loaded';
      } catch (error) {
        assert.ok(error instanceof TidemarkError && error.code === 'bad-checkpoint', String(error));
        return 'refused';
      }
    };
    // The host reads the header first. What MLX itself makes of such a file is tried too.
    const checked = await outcomeOf(() => readLoadableTensors(path));
    const loaded = await outcomeOf(() => Voice.load(path).dispose());
    outcomes[dtype] = [checked, loaded].includes('refused') ? 'refused' : 'loaded';
  }
  assert.equal(Object.keys(outcomes).length, 22);
  const loaded = Object.keys(outcomes).filter((dtype) => outcomes[dtype] === 'loaded');
  assert.deepEqual(loaded.sort(), ['BF16', 'F16', 'F32']);
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
