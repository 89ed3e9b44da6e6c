/** Voices from PyTorch's files, and mixes. The judge of the files is Python: its pickler and zipfile write them. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { ServedModel } from '../../test/hub-server.ts';
import type { ModelProgress } from './progress.ts';
import { resolveModel, voicePath } from './resolve.ts';
import { fileSource, readSafetensorsHeader } from './safetensors/header.ts';
import { headerOf } from './safetensors/write.ts';
import { makeVoiceFile } from './voice-files.ts';

const served = new ServedModel();
const folder = temporaryFolder();
const writer = fileURLToPath(new URL('../../test/torch_save.py', import.meta.url));

function torchFile(name: string, dtype: string, { shape = '3,1,4', fault = '' } = {}): string {
  const path = join(folder, name);
  execFileSync('python3', [writer, path, dtype, shape, fault]);
  return path;
}

function voiceFile(name: string, values: readonly number[], shape = [values.length, 1, 1]): string {
  const path = join(folder, name);
  const data = Buffer.from(new Float32Array(values).buffer);
  writeFileSync(path, Buffer.concat([headerOf([{ name: 'voice', dtype: 'F32', shape }]), data]));
  return path;
}

async function contentOf(path: string): Promise<{ shape: readonly number[]; values: number[] }> {
  const { tensors } = await readSafetensorsHeader(await fileSource(path));
  assert.deepEqual(
    tensors.map(({ name, dtype }) => [name, dtype]),
    [['voice', 'F32']],
  );
  const bytes = readFileSync(path);
  const data = bytes.subarray(bytes.byteLength - (tensors[0]?.bytes ?? 0));
  return {
    shape: tensors[0]?.shape ?? [],
    values: Array.from({ length: data.byteLength / 4 }, (_, index) => data.readFloatLE(4 * index)),
  };
}

const eighths = Array.from({ length: 12 }, (_, index) => index / 8);

test('a PyTorch file of each float type is read, and the same one is made once', async () => {
  for (const dtype of ['float32', 'float16', 'bfloat16']) {
    const made = await makeVoiceFile([torchFile(`${dtype}.pt`, dtype)], folder);
    assert.deepEqual(await contentOf(made), { shape: [3, 1, 4], values: eighths });
  }
  await makeVoiceFile([torchFile('again.pt', 'float32', { fault: 'compressed' })], folder);
  assert.equal(readdirSync(join(folder, 'voices', 'made')).length, 1);
});

test('a mix is the mean of its voices, whatever they are stored as', async () => {
  const one = voiceFile('one.safetensors', eighths, [3, 1, 4]);
  const zero = voiceFile('zero.safetensors', new Array<number>(12).fill(0), [3, 1, 4]);
  const made = await makeVoiceFile([one, zero, torchFile('half.pt', 'float16'), zero], folder);
  assert.deepEqual(
    (await contentOf(made)).values,
    eighths.map((value) => value / 2),
  );
  const other = voiceFile('other.safetensors', [1, 2]);
  await assert.rejects(makeVoiceFile([one, other], folder), {
    code: 'bad-checkpoint',
    message: `${other} has the shape [2, 1, 1], but ${one} has [3, 1, 4], so they cannot be mixed.`,
  });
});

test('what is no voice is refused in one sentence, and a pickle is never run', async () => {
  const truncated = torchFile('truncated.pt', 'float32');
  truncateSync(truncated, 300);
  const pointer = join(folder, 'pointer.pt');
  writeFileSync(pointer, 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n');
  const text = join(folder, 'text.pt');
  writeFileSync(text, 'no archive');
  const bad = [
    truncated,
    text,
    torchFile('flat.pt', 'float32', { shape: '12' }),
    torchFile('wide.pt', 'float32', { shape: '3,2,4' }),
    torchFile('long.pt', 'int64'),
    ...['transposed', 'evil', 'dictionary', 'big-endian', 'short'].map((fault) =>
      torchFile(`${fault}.pt`, 'float32', { fault }),
    ),
  ];
  for (const path of bad) {
    await assert.rejects(makeVoiceFile([path], folder), {
      name: 'TidemarkError',
      code: 'bad-checkpoint',
      message: `${path} is not a PyTorch file with one tensor of floats, [lengths, 1, style].`,
      hint: /^Use a Kokoro voice file/,
    });
  }
  await assert.rejects(makeVoiceFile([pointer], folder), { message: /Git LFS pointer/ });
  const unnamed = join(folder, 'unnamed.safetensors');
  writeFileSync(
    unnamed,
    Buffer.concat([headerOf([{ name: 'a', dtype: 'F32', shape: [1] }]), Buffer.alloc(4)]),
  );
  await assert.rejects(makeVoiceFile([unnamed, unnamed], folder), { message: /has no tensor named "voice"/ });
});

test('a voice is a name, a file, or a mix of both', async () => {
  const checkpoint = join(folder, 'checkpoint');
  mkdirSync(join(checkpoint, 'voices'), { recursive: true });
  const model = {
    name: checkpoint,
    folder: checkpoint,
    source: { kind: 'folder', description: '', weightsFile: '', sha256: '' },
    tensorBytes: 0,
    bytesByDtype: {},
  } as const;
  const own = voiceFile('af_own.safetensors', eighths, [3, 1, 4]);
  copyFileSync(own, join(checkpoint, 'voices', 'af_own.safetensors'));
  copyFileSync(torchFile('am_torch.pt', 'float32'), join(checkpoint, 'voices', 'am_torch.pt'));
  const find = async (voice: string) =>
    await contentOf(await voicePath(model, voice, { dataFolder: folder }));
  const expected = { shape: [3, 1, 4], values: eighths };
  const withComma = voiceFile('a,b.safetensors', eighths, [3, 1, 4]);
  for (const voice of ['af_own', own, 'am_torch', 'af_own,am_torch', `am_torch, ${own}`, withComma]) {
    assert.deepEqual(await find(voice), expected, voice);
  }
  const [heart, bella, mix] = await Promise.all(['af_heart', 'af_bella', 'af_heart,af_bella'].map(find));
  assert.ok(heart && bella && mix);
  assert.deepEqual(mix.shape, [510, 1, 256]);
  const error = mix.values.map((value, index) =>
    Math.abs(value - ((heart.values[index] ?? 0) + (bella.values[index] ?? 0)) / 2),
  );
  assert.ok(Math.max(...error.slice(0, 10_000)) < 1e-7);
  await assert.rejects(find('af_heart,af_bela'), {
    code: 'unknown-voice',
    message: 'There is no voice named af_bela. Did you mean af_bella?',
  });
  await assert.rejects(find('af_heart,'), { code: 'unknown-voice' });
  await assert.rejects(find('af_heart,./absent.pt'), { code: 'unknown-voice', message: /absent\.pt/ });
});

test('a repository’s PyTorch voice is used, and its safetensors file first', async () => {
  served.hub.add('voices/xx_torch.pt', readFileSync(torchFile('xx_torch.pt', 'float32')), true);
  served.hub.add('voices/xx_both.pt', 'wrong', true);
  served.hub.add(
    'voices/xx_both.safetensors',
    readFileSync(voiceFile('both.safetensors', eighths, [3, 1, 4])),
  );
  const model = await resolveModel('owner/kokoro', served.options);
  for (const voice of ['xx_torch', 'xx_both', 'xx_both,xx_torch']) {
    const { values } = await contentOf(await voicePath(model, voice, served.options));
    assert.deepEqual(values, eighths);
  }
  // Damaged in the cache, it is fetched again.
  const cached = join(model.folder, 'voices', 'xx_both.safetensors');
  truncateSync(cached, 20);
  assert.deepEqual((await contentOf(await voicePath(model, 'xx_both', served.options))).values, eighths);
});

test('a cache that cannot be written leaves the packaged voice, and says why', async () => {
  served.hub.add('voices/af_heart.safetensors', readFileSync(voiceFile('heart.safetensors', [1])));
  const model = await resolveModel('owner/kokoro', served.options);
  // A file where the folder of locks would be keeps even root from writing.
  const locks = join(served.home, 'hub', '.locks', 'models--owner--kokoro');
  execFileSync('rm', ['-r', locks]);
  writeFileSync(locks, '');
  const notes: string[] = [];
  const onProgress = (progress: ModelProgress) => progress.kind === 'note' && notes.push(progress.message);
  const path = await voicePath(model, 'af_heart', { ...served.options, onProgress });
  assert.equal(path, join(served.home, 'data', 'voices', 'af_heart.safetensors'));
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? '', /cannot be written: .+; using the packaged voice of that name\.$/);
});
