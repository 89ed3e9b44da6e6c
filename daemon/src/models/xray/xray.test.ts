/** X-rays of checkpoints with Kokoro's real shapes (their bytes left as holes), of odd ones, and of a hub's. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { xrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { evaluate } from '../../mlx/scope.ts';
import { loadSafetensors } from '../../mlx/safetensors.ts';
import { clearCache, memorySnapshot } from '../../mlx/memory.ts';
import { checkpointTensors } from '../checkpoint/tensors.ts';
import { decodeOnnx } from '../onnx/graph.ts';
import { importKokoro } from '../onnx/kokoro.ts';
import { packagedPath, weightsSource } from '../packaged.ts';
import { recipes, tensorBytesOf } from '../recipes.ts';
import { tensorBytes } from '../safetensors/dtypes.ts';
import { headerOf } from '../safetensors/write.ts';
import type { DescribedTensor } from '../safetensors/dtypes.ts';
import { xray } from './xray.ts';

const root = temporaryFolder();
const options = { dataFolder: join(root, 'home') };

const parameters = importKokoro(decodeOnnx(readFileSync(packagedPath(weightsSource))));

function tensorsOf(name: string): DescribedTensor[] {
  const recipe = recipes.find((candidate) => candidate.name === name);
  assert.ok(recipe);
  return checkpointTensors(parameters, recipe);
}

/** A safetensors file of the right size whose tensors are holes. */
function writeHollow(path: string, tensors: readonly DescribedTensor[]): void {
  const header = headerOf(tensors, { format: 'mlx' });
  writeFileSync(path, header);
  truncateSync(path, header.byteLength + tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0));
}

let folders = 0;
function folderWith(files: Readonly<Record<string, readonly DescribedTensor[] | string>>): string {
  folders += 1;
  const folder = join(root, `checkpoint-${folders}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === 'string') {
      writeFileSync(join(folder, name), content);
    } else {
      writeHollow(join(folder, name), content);
    }
  }
  return folder;
}

const configOf = (bits: number, groupSize = 64): string =>
  JSON.stringify({ quantization: { group_size: groupSize, bits } });

test('a 4-bit checkpoint with a float32 rest is read as one', async () => {
  const folder = folderWith({ 'model.safetensors': tensorsOf('4bit-fp32'), 'config.json': configOf(4) });
  const document = v.parse(xrayDocument, await xray(folder, options));
  assert.equal(
    document.reading,
    '87 modules at 4 bits in groups of 64 hold 16.1% of the parameters; the unquantized rest is float32: 274.4 MB of 282.7 MB.',
  );
  assert.deepEqual(document.warnings, []);
  assert.equal(document.parameters, 81_763_410);
  assert.equal(document.tensorBytes, 282_668_232);
  assert.equal(document.loading.activeBytes, 282_668_232);
  assert.deepEqual(document.float32, { bytes: 276_092_616, share: 276_092_616 / 282_668_232 });
  assert.deepEqual(document.quantization.found, [
    { bits: 4, groupSize: 64, modules: 87, parameters: 13_151_232, bytes: 8_219_520 },
  ]);
  assert.deepEqual(document.quantization.configured, { bits: 4, groupSize: 64 });
  assert.deepEqual(
    document.quantization.unquantized.map(({ kind }) => kind),
    ['convolutions', 'LSTMs', 'biases, norms and other small tensors', 'linear layers'],
  );
  assert.deepEqual(
    document.parts.map(({ part, parameters: count }) => [part, count]),
    [
      ['bert', 6_292_480],
      ['bert_encoder', 393_728],
      ['predictor', 16_194_612],
      ['text_encoder', 5_606_400],
      ['decoder', document.parts[4]?.parameters],
      ['decoder.generator', 53_276_190 - (document.parts[4]?.parameters ?? 0)],
    ],
  );
  assert.equal(
    document.parts.reduce((sum, part) => sum + part.tensorBytes, 0),
    document.tensorBytes,
  );
});

test('every recipe is recognised by shapes alone, its memory foreseen to the byte', async () => {
  for (const recipe of recipes) {
    const folder = folderWith({ 'model.safetensors': tensorsOf(recipe.name) });
    const { quantization, loading, bytesByDtype } = await xray(join(folder, 'model.safetensors'), options);
    assert.deepEqual(
      quantization.found.map(({ bits, groupSize, modules }) => [bits, groupSize, modules]),
      recipe.quantization === undefined ? [] : [[recipe.quantization.bits, 64, 87]],
    );
    assert.equal(loading.activeBytes, tensorBytesOf(recipe));
    // Metal rounds up to pages; that is some hundred kilobytes here.
    assert.ok(loading.metalActiveBytes > loading.activeBytes);
    assert.ok(loading.metalActiveBytes < loading.activeBytes * 1.005);
    assert.equal(
      Object.values(bytesByDtype).reduce((sum, bytes) => sum + bytes, 0),
      tensorBytesOf(recipe),
    );
  }
});

test('the memory that it foresees with CUDA is what an H100 had', async () => {
  // Measured with MLX 0.32.4, less the voice's 524,288 bytes and the 8 of the random generator's state.
  const measured = { bf16: 163_781_224, '4bit-fp32': 283_177_272 };
  for (const [recipe, bytes] of Object.entries(measured)) {
    const folder = folderWith({ 'model.safetensors': tensorsOf(recipe) });
    const { loading } = await xray(join(folder, 'model.safetensors'), options);
    assert.equal(loading.cudaActiveBytes, bytes, recipe);
  }
});

test('the memory that it foresees is what MLX then takes', async () => {
  const folder = folderWith({ 'model.safetensors': tensorsOf('4bit-bf16') });
  const path = join(folder, 'model.safetensors');
  const { loading } = await xray(path, options);
  clearCache();
  const before = memorySnapshot().activeBytes;
  const { tensors } = loadSafetensors(path);
  evaluate(tensors);
  const taken = memorySnapshot().activeBytes - before;
  for (const tensor of tensors.values()) {
    tensor.dispose();
  }
  const foreseen = process.platform === 'darwin' ? loading.metalActiveBytes : loading.activeBytes;
  assert.ok(Math.abs(taken - foreseen) / taken < 0.001, `took ${taken}, foreseen ${foreseen}`);
});

test('unquantized checkpoints are told by their dtypes, and position numbers are not counted as loaded', async () => {
  const tensors = [
    ...tensorsOf('bf16'),
    { name: 'bert.embeddings.position_ids', dtype: 'I64' as const, shape: [1, 512] },
  ];
  const { reading, loading, bytesByDtype, quantization } = await xray(
    folderWith({ 'kokoro-v1_0.safetensors': tensors, 'config.json': '{}' }),
    options,
  );
  assert.equal(reading, 'Nothing is quantized; the weights are bfloat16 163.5 MB and int64 4.1 kB.');
  assert.deepEqual(loading.dropped, [{ name: 'bert.embeddings.position_ids', bytes: 4096 }]);
  assert.equal(loading.activeBytes, 163_526_820);
  assert.equal(bytesByDtype['int64'], 4096);
  assert.equal(quantization.quantizedShare, 0);
  assert.ok(quantization.unquantized.some(({ kind }) => kind === 'embeddings'));
});

test('a config that says otherwise than the tensors is a warning', async () => {
  const warningsWith = async (name: string, config: string) =>
    (await xray(folderWith({ 'model.safetensors': tensorsOf(name), 'config.json': config }), options))
      .warnings;
  assert.deepEqual(await warningsWith('8bit-bf16', configOf(4)), [
    'config.json says 4 bits in groups of 64, but 87 modules have the shapes of 8 bits in groups of 64.',
  ]);
  assert.deepEqual(await warningsWith('8bit-bf16', '{}'), [
    'Tensors are quantized, but config.json has no `quantization`, so loaders will treat them as unquantized.',
  ]);
  assert.deepEqual(await warningsWith('bf16', configOf(6)), [
    'config.json says 6 bits, but no tensor is quantized.',
  ]);
});

test('a folder whose files mlx-audio would merge is warned of, with or without an index', async () => {
  const files = {
    'kokoro-v1_0.safetensors': tensorsOf('fp32'),
    'model.safetensors': tensorsOf('4bit-fp32'),
    'config.json': configOf(4),
  };
  const index = JSON.stringify({ weight_map: { a: 'model.safetensors' } });
  for (const folder of [folderWith(files), folderWith({ ...files, 'model.safetensors.index.json': index })]) {
    const { files: read, otherFiles, warnings, tensorBytes: bytes } = await xray(folder, options);
    assert.deepEqual(
      read.map(({ name }) => name),
      ['model.safetensors'],
    );
    assert.deepEqual(otherFiles, ['kokoro-v1_0.safetensors']);
    assert.equal(bytes, 282_668_232);
    assert.match(
      warnings[0] ?? '',
      /also has kokoro-v1_0\.safetensors beside model\.safetensors: mlx-audio loads all/,
    );
  }
});

test('shards without an index are counted together, also beside the whole file', async () => {
  const tensors = tensorsOf('4bit-bf16');
  const shards = {
    'model-00001-of-00002.safetensors': tensors.filter((_, position) => position % 2 === 0),
    'model-00002-of-00002.safetensors': tensors.filter((_, position) => position % 2 === 1),
    'config.json': configOf(4),
  };
  const whole = await xray(folderWith({ 'model.safetensors': tensors, 'config.json': configOf(4) }), options);
  const found = v.parse(xrayDocument, await xray(folderWith(shards), options));
  assert.deepEqual(found.warnings, []);
  assert.deepEqual(found.otherFiles, []);
  assert.equal(found.files.length, 2);
  assert.equal(found.reading, whole.reading);
  assert.deepEqual(found.loading, whole.loading);
  assert.deepEqual(found.quantization.found, whole.quantization.found);
  const beside = await xray(folderWith({ ...shards, 'original.safetensors': tensorsOf('bf16') }), options);
  assert.equal(beside.tensorBytes, whole.tensorBytes);
  assert.deepEqual(beside.otherFiles, ['original.safetensors']);
  assert.match(beside.warnings[0] ?? '', /^The folder also has original\.safetensors beside model-00001-of-/);
});

test('hidden files and voices beside the model are not counted and not warned of', async () => {
  const voice = [{ name: 'voice', dtype: 'F32' as const, shape: [510, 1, 256] }];
  const {
    files,
    otherFiles,
    warnings,
    tensorBytes: bytes,
  } = await xray(
    folderWith({
      'model.safetensors': tensorsOf('bf16'),
      '._model.safetensors': '\0\u0005\u0016\u0007',
      'af_heart.safetensors': voice,
      'config.json': '{}',
    }),
    options,
  );
  assert.deepEqual([files.map(({ name }) => name), otherFiles, warnings], [['model.safetensors'], [], []]);
  assert.equal(bytes, 163_526_820);
  await assert.rejects(xray(folderWith({ 'a.safetensors': voice, 'b.safetensors': voice }), options), {
    code: 'bad-checkpoint',
    message: /has only voice files and no weights\.$/,
  });
});

test('a Git LFS pointer is told as one, with the way to fetch the file', async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 163526820\n`;
  const isPointer = {
    code: 'bad-checkpoint',
    message: /is not (JSON|a safetensors file) but a Git LFS pointer/,
    hint: /git lfs pull/,
  };
  const folder = folderWith({ 'model.safetensors': pointer, 'config.json': '{}' });
  await assert.rejects(xray(folder, options), isPointer);
  await assert.rejects(xray(join(folder, 'model.safetensors'), options), isPointer);
  const shard = { 'shard-1.safetensors': tensorsOf('bf16'), 'shard-2.safetensors': pointer };
  await assert.rejects(xray(folderWith(shard), options), isPointer);
  const { warnings } = await xray(
    folderWith({ 'model.safetensors': tensorsOf('bf16'), 'config.json': pointer }),
    options,
  );
  assert.match(warnings[0] ?? '', /config\.json is not JSON but a Git LFS pointer, .*git lfs pull/);
});

test('what is no whole Kokoro checkpoint is still read, with a warning', async () => {
  const folder = folderWith({ 'voice.safetensors': [{ name: 'voice', dtype: 'F32', shape: [510, 1, 256] }] });
  const { warnings, parts } = await xray(folder, options);
  assert.match(warnings[0] ?? '', /it has no tensors of bert, predictor, text_encoder, decoder/);
  assert.deepEqual(
    parts.map(({ part }) => part),
    ['other'],
  );
});

test('a file without any weights is read as that', async () => {
  const empty: readonly (readonly DescribedTensor[])[] = [
    [],
    [{ name: 't', dtype: 'I32', shape: [2, 0] }],
    [
      { name: 'x.weight', dtype: 'U32', shape: [2, 0] },
      { name: 'x.scales', dtype: 'F32', shape: [2, 1] },
      { name: 'y.weight', dtype: 'U32', shape: [0, 8] },
      { name: 'y.scales', dtype: 'F32', shape: [0, 0] },
    ],
  ];
  for (const tensors of empty) {
    const folder = folderWith({ 'model.safetensors': tensors, 'config.json': configOf(4) });
    const document = v.parse(xrayDocument, await xray(folder, options));
    assert.deepEqual(document.quantization.found, []);
    assert.equal(document.tensorBytes === 0, document.reading.startsWith('There are no weights'));
  }
});

test('a dtype that MLX lacks is shown by its name and size', async () => {
  const folder = folderWith({
    'model.safetensors': [
      { name: 'b', dtype: 'F8_E4M3FNUZ', shape: [2, 2] },
      { name: 'a', dtype: 'F4', shape: [2, 3] },
    ],
  });
  const document = v.parse(xrayDocument, await xray(folder, options));
  assert.deepEqual(document.bytesByDtype, { float8_e4m3fnuz: 4, float4_e2m1: 3 });
  assert.equal(document.parameters, 10);
  assert.equal(
    document.warnings[0],
    'Tidemark cannot load this with MLX, because it has tensors of the dtype F8_E4M3FNUZ, F4.',
  );
});

test('a quantization of null in config.json is none', async () => {
  const folder = folderWith({
    'model.safetensors': [{ name: 't', dtype: 'F32', shape: [1] }],
    'config.json': '{"quantization":null}',
  });
  const { quantization, warnings } = await xray(folder, options);
  assert.equal(quantization.configured, undefined);
  assert.doesNotMatch(warnings.join(' '), /bits/);
});

test('what cannot be read is one clear sentence', async () => {
  const refused = async (target: string): Promise<string> => {
    const error: unknown = await xray(target, options).catch((reason: unknown) => reason);
    assert.ok(error instanceof TidemarkError, target);
    assert.equal(error.code, 'bad-checkpoint');
    return error.message.replaceAll(root, '…');
  };
  const whole = folderWith({
    'model.safetensors': tensorsOf('bf16'),
    'notes.txt': 'These are words.',
    empty: '',
  });
  truncateSync(join(whole, 'model.safetensors'), 1_000_000);
  assert.match(await refused(whole), /model\.safetensors is truncated: its tensors need 163526820 bytes/);
  truncateSync(join(whole, 'model.safetensors'), 1000);
  assert.match(
    await refused(join(whole, 'model.safetensors')),
    /is truncated: its header alone needs \d+ bytes, but it has 1000\.$/,
  );
  assert.match(
    await refused(join(whole, 'notes.txt')),
    /^…\/checkpoint-\d+\/notes\.txt is not a safetensors file\.$/,
  );
  assert.match(await refused(join(whole, 'empty')), /empty is empty\.$/);
  assert.match(await refused(join(root, 'absent')), /^There is no file or folder at …\/absent\.$/);
  assert.match(await refused(folderWith({ 'config.json': '{}' })), /has no \.safetensors file\.$/);
});
