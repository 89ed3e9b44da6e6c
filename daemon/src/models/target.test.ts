/** What a person's words for a model mean, which names are refused, and the voices beside a checkpoint. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { nearest } from './nearest.ts';
import { resolveModel } from './resolve.ts';
import { parseTarget } from './target.ts';
import { checkNames, voicesIn } from './voices.ts';

const root = temporaryFolder();
const cwd = process.cwd();
process.chdir(root);
after(() => process.chdir(cwd));
mkdirSync('bf16');
mkdirSync(join('owner', 'kept'), { recursive: true });

test('names of the catalogue come first, then paths, then repository ids', () => {
  assert.equal(parseTarget('bf16').kind, 'packaged');
  assert.equal(parseTarget('owner/kept').kind, 'hub', 'whatever is in the folder of this process');
  assert.deepEqual(parseTarget('~/models/mine'), { kind: 'path', path: join(homedir(), 'models/mine') });
  assert.deepEqual(parseTarget('/no/such/folder'), { kind: 'path', path: '/no/such/folder' });
  assert.deepEqual(parseTarget('mlx-community/Kokoro-82M-4bit'), {
    kind: 'hub',
    repository: 'mlx-community/Kokoro-82M-4bit',
    revision: 'main',
  });
  assert.deepEqual(parseTarget('owner/name@refs/pr/1'), {
    kind: 'hub',
    repository: 'owner/name',
    revision: 'refs/pr/1',
  });
});

test('anything else is an unknown model, with the nearest name and all that could be meant', () => {
  for (const [spec, suggestion] of [
    ['bf61', 'bf16'],
    ['4bit', '4bit-fp32'],
    ['BF16', 'bf16'],
    ['6-bit-fp32', '6bit-fp32'],
  ] as const) {
    assert.throws(() => parseTarget(spec), {
      name: 'TidemarkError',
      code: 'unknown-model',
      message: `There is no model named "${spec}". Did you mean ${suggestion}?`,
      hint: /4bit-bf16/,
    });
  }
  for (const spec of ['', 'something else', 'a/b/c', 'owner/na me', 'owner/name@']) {
    assert.throws(() => parseTarget(spec), { code: 'unknown-model' });
  }
});

test('a relative path is refused, and so is a name that no file can have', () => {
  for (const spec of ['.', '..', './bf16', '../bf16', './mlx-community/x']) {
    assert.throws(() => parseTarget(spec), { code: 'unknown-model', message: /is a relative path/ }, spec);
  }
  for (const voice of ['./v.pt', 'voices/v.safetensors', 'af_heart,./v.pt']) {
    assert.throws(() => checkNames(['bf16'], voice), {
      code: 'unknown-voice',
      message: /is a relative path/,
    });
  }
  for (const spec of ['/models/a\0b', 'bf16\0', 'owner/na\u0001me', '/a\nb', '~/\u007f']) {
    assert.throws(() => parseTarget(spec), { code: 'unknown-model' }, JSON.stringify(spec));
    assert.throws(() => checkNames(['bf16'], spec), { code: 'unknown-voice' }, JSON.stringify(spec));
  }
});

test('a repository id and a revision are names, not ways through the cache', () => {
  for (const id of [
    'a/..',
    'a/.',
    'a/.b',
    'a/b.',
    'a/b-',
    '-a/b',
    'a--b/c',
    'a/b--c',
    'a/b..c',
    'a/..@main',
  ]) {
    assert.throws(() => parseTarget(id), { code: 'unknown-model', message: /^There is no model named/ }, id);
  }
  for (const revision of [
    ...['../../x', '..', '.', '/etc/x', 'a/../../../x', 'a/..', 'a//b', 'a/', './a', 'a/./b', 'a/.b', 'a..b'],
    ...['a.', 'a.lock', 'a.lock/b', '../../../blobs/x'],
  ]) {
    assert.throws(
      () => parseTarget(`owner/name@${revision}`),
      {
        code: 'unknown-model',
        message: `${JSON.stringify(revision)} cannot be a revision of owner/name.`,
        hint: /a branch, a tag, or a commit/,
      },
      revision,
    );
  }
  for (const revision of ['main', 'v1.0', 'refs/pr/1', 'feature/a-b_c', '0123456789'.repeat(4), '-x']) {
    assert.equal(parseTarget(`owner/name@${revision}`).kind, 'hub', revision);
  }
});

test('what is near is what a slip makes of it', () => {
  assert.equal(nearest('af_hart', ['am_adam', 'af_heart']), 'af_heart');
  assert.equal(nearest('emma', ['af_heart', 'bf_emma']), 'bf_emma');
  assert.equal(nearest('zzz', ['af_heart']), undefined);
  assert.equal(nearest('', ['af_heart']), undefined);
});

test('a path that is no checkpoint folder is said to be none', async () => {
  const options = { dataFolder: join(root, 'home') };
  await assert.rejects(resolveModel(resolve('absent'), options), {
    code: 'unknown-model',
    message: /absent is not a folder/,
  });
  await assert.rejects(resolveModel(resolve('owner'), options), {
    code: 'bad-checkpoint',
    message: /has no \.safetensors file/,
  });
});

test('the voices of a checkpoint are its safetensors and PyTorch files, without those that macOS leaves beside them', () => {
  const folder = temporaryFolder();
  assert.deepEqual(voicesIn(folder), []);
  mkdirSync(join(folder, 'voices'));
  for (const name of [
    'af_heart.safetensors',
    '._af_heart.safetensors',
    '.DS_Store',
    'am_own.pt',
    '._am_own.pt',
  ]) {
    writeFileSync(join(folder, 'voices', name), '');
  }
  assert.deepEqual(voicesIn(folder).sort(), ['af_heart.safetensors', 'am_own.pt']);
});
