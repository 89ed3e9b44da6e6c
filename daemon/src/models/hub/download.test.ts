/** Downloads through everything that a network does to them. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServedModel, testCommit } from '../../../test/hub-server.ts';
import { CachedRepository } from './cache.ts';
import { HubClient, hubSettings } from './client.ts';
import { downloadFile } from './download.ts';
import { ensureSnapshot } from './repository.ts';

const served = new ServedModel();

/** Downloads model.safetensors alone, with short pauses. */
async function download(clientOptions: { silence?: number } = {}): Promise<string> {
  const { repository } = served.model;
  const client = new HubClient(hubSettings(), { pause: 1, ...clientOptions });
  const cache = new CachedRepository(repository);
  const files = await client.files(repository, testCommit);
  const file = files.find(({ path }) => path === 'model.safetensors');
  assert.ok(file);
  await downloadFile(file, { client, cache, repository, commit: testCommit });
  return join(cache.snapshotFolder(testCommit), 'model.safetensors');
}

test('a connection that breaks is taken up where it broke', async () => {
  served.hub.faults.push(
    { kind: 'cut', path: 'model.safetensors', afterBytes: 150_000 },
    { kind: 'cut', path: 'model.safetensors', afterBytes: 50_000 },
  );
  const path = await download();
  assert.deepEqual(readFileSync(path), served.weights);
  const starts = served.ranges.map((range) => Number(/\d+/.exec(range ?? 'bytes=0-')?.[0]));
  assert.equal(starts.length, 3);
  assert.ok((starts[1] ?? 0) > 0 && (starts[2] ?? 0) > (starts[1] ?? 0), starts.join());
});

test('what an earlier run left is continued', async () => {
  const folder = await ensureSnapshot(served.model, served.options);
  const digest = readlinkSync(join(folder, 'model.safetensors')).split('/').at(-1) ?? '';
  const blob = join(served.blobsFolder, digest);
  rmSync(blob);
  writeFileSync(`${blob}.incomplete`, served.weights.subarray(0, 123_456));
  served.hub.requests.length = 0;
  await ensureSnapshot(served.model, served.options);
  assert.deepEqual(served.ranges, ['bytes=123456-']);
  assert.deepEqual(readFileSync(blob), served.weights);
  assert.deepEqual(
    served.blobs().filter((name) => name.endsWith('.incomplete')),
    [],
  );
});

test('wrong bytes from an earlier run cost one more download, wrong bytes from the server end it', async () => {
  await download();
  const digest = served.blobs().find((name) => name.length === 64) ?? '';
  const blob = join(served.blobsFolder, digest);
  rmSync(blob);
  writeFileSync(`${blob}.incomplete`, Buffer.alloc(1000));
  await download();
  assert.deepEqual(readFileSync(blob), served.weights);

  rmSync(blob);
  served.hub.faults.push({ kind: 'corrupt', path: '/cdn/' });
  await assert.rejects(download(), { code: 'network', message: /does not match its digest at/ });
  assert.equal(existsSync(blob), false);
  assert.equal(existsSync(`${blob}.incomplete`), false);
});

test('a server that ignores ranges sends the file anew', async () => {
  served.hub.faults.push(
    { kind: 'cut', path: '/cdn/', afterBytes: 100_000 },
    { kind: 'ignore-range', path: '/cdn/' },
  );
  assert.deepEqual(readFileSync(await download()), served.weights);
});

test('a server that falls silent counts as gone', async () => {
  served.hub.faults.push({ kind: 'stall', path: '/cdn/', afterBytes: 100_000 });
  assert.deepEqual(readFileSync(await download({ silence: 200 })), served.weights);
  assert.equal(served.ranges.length, 2);
});

test('errors that pass are tried again, and others said at once', async () => {
  served.hub.faults.push(
    { kind: 'status', path: '/tree/', status: 503 },
    { kind: 'status', path: '/resolve/', status: 502 },
  );
  assert.deepEqual(readFileSync(await download()), served.weights);

  rmSync(served.home, { recursive: true });
  for (let attempt = 0; attempt < 9; attempt += 1) {
    served.hub.faults.push({ kind: 'status', path: '/cdn/', status: 500 });
  }
  await assert.rejects(download(), { code: 'network', message: /returned error 500/ });
  served.hub.faults.length = 0;

  served.hub.faults.push({ kind: 'status', path: '/resolve/', status: 403 });
  served.hub.requests.length = 0;
  await assert.rejects(download(), { code: 'network', message: /denies access to owner\/kokoro/ });
  assert.equal(served.hub.served.length, 1);
});
