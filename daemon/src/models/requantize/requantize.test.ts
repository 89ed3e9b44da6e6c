/** Checkpoints made from tiny ones: what each tensor becomes, what the folder holds, and what is refused. */

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { tinyTensors, writeTinyKokoro } from '../../../test/tiny-kokoro.ts';
import type { TinyOptions } from '../../../test/tiny-kokoro.ts';
import { Kokoro, loadFiles } from '../../kokoro/kokoro.ts';
import { Voice } from '../../kokoro/voice.ts';
import type { Tensor } from '../../mlx/tensor.ts';
import { resolveModel } from '../resolve.ts';
import type { RequantizeOptions } from './plan.ts';
import { requantize } from './requantize.ts';

const root = temporaryFolder();
const options = { dataFolder: join(root, 'home') };

let made = 0;

/** A tiny checkpoint in a folder of its own. */
function tiny(tinyOptions: TinyOptions = {}): string {
  made += 1;
  const folder = join(root, `tiny-${made}`);
  writeTinyKokoro(folder, tinyOptions);
  return folder;
}

async function make(source: string, request: Partial<RequantizeOptions>, out = `${source}-made`) {
  const model = await resolveModel(source, options);
  return await requantize(model, out, { fuseWeightNorm: false, ...request }, options);
}

interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly elements: ArrayLike<number | bigint>;
}

const stored = (tensor: Tensor): Stored => ({
  dtype: tensor.dtype,
  shape: tensor.shape,
  elements: tensor.toTypedArray(),
});

function tensorsOf(tensors: ReadonlyMap<string, Tensor>): Map<string, Stored> {
  const found = new Map(
    [...tensors].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, stored(each)]),
  );
  tensors.forEach((tensor) => tensor.dispose());
  return found;
}

const tensorsIn = (folder: string): Map<string, Stored> =>
  tensorsOf(loadFiles([join(folder, 'model.safetensors')]));

const configIn = (folder: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;

/** What it says, with its own durations. */
function say(folder: string): Float32Array {
  using model = Kokoro.load(folder);
  using voice = Voice.load(join(folder, 'voices', 'af_tiny.safetensors'));
  const tokens = model.tokenize('abc.');
  using style = voice.styleFor(tokens.length - 2);
  using audio = model.synthesize(tokens, style, { deterministic: true }).audio;
  return audio.toFloat32Array();
}

const partials = (): string[] => readdirSync(root).filter((name) => name.startsWith('.'));

test('an unquantized checkpoint is packed, cast and laid out as one that was quantized from the same values', async () => {
  for (const layout of ['pytorch', 'mlx'] as const) {
    const { model, plan, warnings } = await make(tiny({ layout }), { bits: 4, rest: 'bfloat16' });
    assert.deepEqual(tensorsIn(model.folder), tensorsOf(tinyTensors({ dtype: 'bfloat16', bits: 4 })));
    assert.deepEqual(configIn(model.folder)['quantization'], { group_size: 64, bits: 4 });
    assert.equal(model.tensorBytes, plan.tensorBytes);
    assert.deepEqual(warnings, []);
    assert.ok(say(model.folder).length > 0);
  }
});

test('casting the rest of a quantized checkpoint leaves what is packed as it is, to the bit', async () => {
  const source = tiny({ bits: 4 });
  const { model, plan } = await make(source, { rest: 'bfloat16' });
  const [before, found] = [tensorsIn(source), tensorsIn(model.folder)];
  assert.deepEqual([...found.keys()], [...before.keys()]);
  assert.ok(plan.kept.length > 0 && plan.packed.length === 0 && plan.repacked.length === 0);
  for (const path of plan.kept) {
    for (const name of ['weight', 'scales', 'biases'].map((part) => `${path}.${part}`)) {
      assert.deepEqual(found.get(name), before.get(name), name);
    }
    assert.equal(found.get(`${path}.bias`)?.dtype ?? 'bfloat16', 'bfloat16');
  }
  assert.deepEqual(configIn(model.folder), configIn(source));
  assert.ok(model.tensorBytes < (await resolveModel(source, options)).tensorBytes);
});

test('the bits that it has already are kept too; other bits, or other groups, are packed again with a warning', async () => {
  const source = tiny({ bits: 8 });
  const same = await make(source, { bits: 8, rest: 'bfloat16' }, `${source}-same`);
  assert.deepEqual(same.plan.repacked, []);
  assert.deepEqual(same.warnings, []);

  const fewer = await make(source, { bits: 4 }, `${source}-fewer`);
  assert.deepEqual(fewer.plan.kept, []);
  assert.ok(fewer.plan.repacked.every(({ from }) => from.bits === 8 && from.groupSize === 64));
  assert.match(fewer.warnings.join(' '), /already quantized at 8 bits in groups of 64/);
  assert.deepEqual(configIn(fewer.model.folder)['quantization'], { group_size: 64, bits: 4 });

  const smaller = await make(source, { bits: 8, groupSize: 32 }, `${source}-smaller`);
  assert.deepEqual(configIn(smaller.model.folder)['quantization'], { group_size: 32, bits: 8 });
  assert.ok(smaller.model.tensorBytes > same.model.tensorBytes);
  // Twice at 8 bits is nearly the same values; at 4 bits it still speaks.
  for (const { model } of [same, fewer, smaller]) {
    assert.ok(say(model.folder).every(Number.isFinite));
  }
});

test('an unquantized checkpoint whose rest is cast keeps its names and layout', async () => {
  const source = tiny();
  const { model, plan } = await make(source, { rest: 'bfloat16' });
  const [before, found] = [tensorsIn(source), tensorsIn(model.folder)];
  assert.equal(plan.isQuantized, false);
  assert.deepEqual(
    [...found].map(([name, { shape, dtype }]) => [name, shape, dtype]),
    [...before].map(([name, { shape }]) => [name, shape, 'bfloat16']),
  );
  assert.equal('quantization' in configIn(model.folder), false);
  assert.equal(existsSync(join(model.folder, 'model.safetensors.index.json')), false);
});

test('fused weight norm says the same, and is said to load in Tidemark only', async () => {
  for (const request of [{}, { bits: 8 }]) {
    const source = tiny();
    const plain = await make(source, { rest: 'float32', ...request }, `${source}-plain`);
    const { model, plan, warnings } = await make(
      source,
      { fuseWeightNorm: true, ...request },
      `${source}-fused`,
    );
    assert.ok(plan.fusedConvolutions > 0);
    const names = [...tensorsIn(model.folder).keys()];
    assert.deepEqual(
      names.filter((name) => /weight_[vg]$/.test(name)),
      [],
    );
    const [expected, found] = [say(plain.model.folder), say(model.folder)];
    assert.equal(found.length, expected.length);
    const loudest = Math.max(...expected.map(Math.abs));
    const worst = Math.max(...found.map((value, index) => Math.abs(value - (expected[index] ?? 0))));
    assert.ok(worst < 0.02 * loudest, `${worst} of ${loudest}`);
    assert.match(warnings.join(' '), /loads only in Tidemark/);
    assert.match(readFileSync(join(model.folder, 'README.md'), 'utf8'), /loads only in Tidemark/);
  }
});

test('the folder holds the voices as copies of their own, and says where it came from', async () => {
  const source = tiny();
  const elsewhere = join(root, 'blob');
  const voice = join(source, 'voices', 'af_tiny.safetensors');
  writeFileSync(elsewhere, readFileSync(voice));
  rmSync(voice);
  // As in a hub's cache.
  symlinkSync('../../blob', voice);
  const { model } = await make(source, { bits: 6 });
  const copy = join(model.folder, 'voices', 'af_tiny.safetensors');
  assert.deepEqual(readFileSync(copy), readFileSync(elsewhere));
  assert.notEqual(statSync(copy).ino, statSync(elsewhere).ino);

  const { sha256 } = (await resolveModel(source, options)).source;
  const readme = readFileSync(join(model.folder, 'README.md'), 'utf8');
  assert.ok(readme.includes(source) && readme.includes(sha256));
  const origin = JSON.parse(readFileSync(join(model.folder, 'tidemark.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  assert.equal(origin['kind'], 'requantized');
  assert.equal((origin['source'] as { sha256: string }).sha256, sha256);
  assert.equal((await resolveModel(model.folder, options)).source.sha256, model.source.sha256);
});

test('a source without voices makes a folder without voices', async () => {
  const source = tiny();
  rmSync(join(source, 'voices'), { recursive: true });
  const { model } = await make(source, { bits: 4 });
  assert.equal(existsSync(join(model.folder, 'voices')), false);
});

test('what was asked for and is so already is said', async () => {
  const { warnings } = await make(tiny({ dtype: 'bfloat16' }), { rest: 'bfloat16' });
  assert.match(warnings.join(' '), /already is as requested/);
  const widened = await make(tiny({ dtype: 'bfloat16' }), { rest: 'float32' });
  assert.match(widened.warnings.join(' '), /twice the memory/);
});

test('folders that must not be written to are refused, and nothing is left', async () => {
  const source = tiny();
  const before = readdirSync(source);
  const link = join(root, 'link');
  symlinkSync(source, link);
  const file = join(root, 'file');
  writeFileSync(file, '');
  const full = join(root, 'full');
  mkdirSync(full);
  writeFileSync(join(full, 'mine.txt'), '');
  const cases: readonly [out: string, message: RegExp][] = [
    [full, /is not empty, and its files are never overwritten/],
    [file, /is a file or is inside one/],
    [join(file, 'below'), /is a file or is inside one/],
    [join(source, 'made'), /is inside the source checkpoint/],
    [join(link, 'deep', 'made'), /is inside the source checkpoint/],
    [join(options.dataFolder, 'models', '4bit-bf16'), /inside the folder of the models that Tidemark builds/],
  ];
  for (const [out, message] of cases) {
    await assert.rejects(make(source, { bits: 4 }, out), { code: 'bad-input', message }, out);
  }
  await assert.rejects(make(source, { bits: 4 }, '/proc/tidemark/made'), {
    code: 'not-writable',
    hint: /--out/,
  });
  assert.deepEqual(readdirSync(source), before);
  assert.deepEqual(readdirSync(full), ['mine.txt']);
  assert.deepEqual(partials(), []);
});

test('an empty folder that is there is filled, and one above it is made', async () => {
  const source = tiny();
  const empty = join(root, 'empty');
  mkdirSync(empty);
  assert.ok(existsSync(join((await make(source, { bits: 4 }, empty)).model.folder, 'config.json')));
  const deep = join(root, 'not', 'there', 'yet');
  assert.ok(existsSync(join((await make(source, { bits: 4 }, deep)).model.folder, 'config.json')));
});

test('requests that ask for nothing or contradict themselves are refused', async () => {
  const source = tiny();
  await assert.rejects(make(source, {}), { code: 'usage', message: /No change was requested/ });
  await assert.rejects(make(source, { groupSize: 32 }), { code: 'usage', hint: /Add --bits/ });
});

test('what is no whole Kokoro is refused by its own name, and nothing is left', async () => {
  const source = tiny();
  const other = tiny({ bits: 4 });
  // The config of another: nothing says how the tensors are packed.
  writeFileSync(join(other, 'config.json'), readFileSync(join(source, 'config.json')));
  await assert.rejects(make(other, { rest: 'bfloat16' }), { code: 'bad-checkpoint' });
  assert.equal(existsSync(`${other}-made`), false);
  assert.deepEqual(partials(), []);
});

test('an abort leaves nothing', async () => {
  const source = tiny();
  const controller = new AbortController();
  const model = await resolveModel(source, options);
  const out = `${source}-made`;
  await assert.rejects(
    requantize(
      model,
      out,
      { bits: 4, fuseWeightNorm: false },
      {
        ...options,
        signal: controller.signal,
        onProgress: () => controller.abort(),
      },
    ),
    { code: 'interrupted' },
  );
  assert.equal(existsSync(out), false);
  assert.deepEqual(partials(), []);
});

test('two that want one folder take turns, and the second finds it taken', async () => {
  const source = tiny();
  const outcomes = await Promise.allSettled([make(source, { bits: 4 }), make(source, { bits: 8 })]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const rejected = outcomes.find((outcome) => outcome.status === 'rejected');
  assert.match(String(rejected?.reason), /is not empty/);
});
