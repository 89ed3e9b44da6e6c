/** What is missing or damaged in the cache of a hub: fetched again, or said where there is no network. */

import assert from 'node:assert/strict';
import { readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileWith, ServedModel } from '../../../test/hub-server.ts';
import { resolveModel } from '../resolve.ts';
import { xray } from '../xray/xray.ts';
import { ensureSnapshot } from './repository.ts';

const served = new ServedModel();

/** Replaces the blob that a file of the snapshot links to. */
function spoil(path: string, change: (bytes: Buffer) => Uint8Array): void {
  const bytes = readFileSync(path);
  writeFileSync(path, change(bytes));
}

const flipped = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)]);

test('a truncated or changed file in the cache is fetched anew, or said offline', async () => {
  const folder = await ensureSnapshot(served.model, served.options);
  const damages: readonly [name: string, change: (bytes: Buffer) => Uint8Array][] = [
    ['model.safetensors', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['model.safetensors', (bytes) => bytes.subarray(0, 10)],
    ['model.safetensors', () => Buffer.alloc(0)],
    ['model.safetensors', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['config.json', (bytes) => bytes.subarray(0, 5)],
    ['config.json', () => Buffer.alloc(0)],
    ['config.json', flipped],
  ];
  for (const [name, change] of damages) {
    const path = join(folder, name);
    const sound = readFileSync(path);
    spoil(path, change);
    process.env['HF_HUB_OFFLINE'] = '1';
    await assert.rejects(ensureSnapshot(served.model, served.options), {
      code: 'network',
      message: `owner/kokoro is incomplete in the cache (${name} is damaged), and HF_HUB_OFFLINE is set.`,
      hint: /^Unset HF_HUB_OFFLINE to download what is missing/,
    });
    await assert.rejects(xray('owner/kokoro', served.options), { message: /\(.+ is damaged\)/ });
    Reflect.deleteProperty(process.env, 'HF_HUB_OFFLINE');
    await ensureSnapshot(served.model, served.options);
    assert.deepEqual(readFileSync(path), sound, name);
  }
});

test('wrong bytes of the right length in the cache are known by their digest', async () => {
  const folder = await ensureSnapshot(served.model, served.options);
  const path = join(folder, 'model.safetensors');
  spoil(path, flipped);
  const blob = join(served.blobsFolder, served.blobs().find((name) => name.length === 64) ?? '');
  const refused = {
    code: 'bad-checkpoint',
    message: 'model.safetensors of owner/kokoro is damaged in the cache: its bytes do not match its digest.',
    hint: `Delete ${blob} and try again; the file is then downloaded anew.`,
  };
  await assert.rejects(resolveModel(served.model.repository, served.options), refused);
  rmSync(blob);
  await resolveModel(served.model.repository, served.options);

  served.hub.add('more.safetensors', fileWith('b.weight', [10]));
  rmSync(served.home, { recursive: true });
  const { folder: shards } = await resolveModel(served.model.repository, served.options);
  spoil(join(shards, 'more.safetensors'), flipped);
  await assert.rejects(resolveModel(served.model.repository, served.options), {
    message: /^more\.safetensors of owner\/kokoro is damaged in the cache/,
  });
});

test('what a partial snapshot lacks is said offline', async () => {
  const folder = await ensureSnapshot(served.model, served.options);
  process.env['HF_HUB_OFFLINE'] = '1';
  const expectGaps = (gaps: string) =>
    assert.rejects(ensureSnapshot(served.model, served.options), {
      code: 'network',
      message: `owner/kokoro is incomplete in the cache (${gaps}), and HF_HUB_OFFLINE is set.`,
    });
  const blob = join(served.blobsFolder, basename(readlinkSync(join(folder, 'config.json'))));
  renameSync(blob, `${blob}.away`);
  await expectGaps('config.json is missing');
  renameSync(`${blob}.away`, blob);
  rmSync(join(folder, 'config.json'));
  await expectGaps('config.json is missing');
  symlinkSync(join('..', '..', 'blobs', basename(blob)), join(folder, 'config.json'));
  rmSync(join(folder, readlinkSync(join(folder, 'model.safetensors'))));
  await expectGaps('model.safetensors is missing');
  rmSync(join(folder, 'config.json'));
  await expectGaps('config.json is missing; model.safetensors is missing');
  rmSync(join(folder, 'model.safetensors'));
  symlinkSync(join('..', '..', 'blobs', basename(blob)), join(folder, 'config.json'));
  await expectGaps(`${folder} has no .safetensors file`);
  writeFileSync(
    join(folder, 'model.safetensors.index.json'),
    JSON.stringify({ weight_map: { a: 'a.safetensors', b: 'b.safetensors' } }),
  );
  await expectGaps(
    `${join(folder, 'model.safetensors.index.json')} lists missing files: a.safetensors, b.safetensors`,
  );
});
