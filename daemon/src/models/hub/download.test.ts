/** Downloads through everything that a network does to them. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServedModel, testCommit } from '../../../test/hub-server.ts';
import { CachedRepository } from './cache.ts';
import { HubClient } from './client.ts';
import { hubSettings } from './environment.ts';
import { downloadFile } from './download.ts';
import { ensureSnapshot } from './repository.ts';

const served = new ServedModel();

/** Downloads model.safetensors alone, with short pauses. */
async function download(
  clientOptions: { silence?: number; onWait?: (message: string) => void } = {},
): Promise<string> {
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

/** A server that breaks off every time, after so many bytes of the whole file each. */
function breakOff(cuts: readonly number[], ignoresRange = true): void {
  for (const afterBytes of cuts) {
    served.hub.faults.push({ kind: 'cut', path: '/cdn/', afterBytes, ...(ignoresRange && { ignoresRange }) });
  }
}

const repeated = (afterBytes: number): number[] => Array<number>(100).fill(afterBytes);

test('a server that ignores ranges and breaks off is given up after a few copies', async () => {
  const size = served.weights.byteLength;
  for (const cuts of [
    ...[size * (2 / 3), size - 1, size / 10, 1000, 1].map((bytes) => repeated(Math.floor(bytes))),
    // Each time a little more, each time less, and back and forth.
    Array.from({ length: 100 }, (_, index) => Math.floor((size * (index + 1)) / 101)),
    Array.from({ length: 100 }, (_, index) => Math.floor((size * (100 - index)) / 101)),
    Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? 1000 : Math.floor(size / 2))),
  ]) {
    breakOff(cuts);
    await assert.rejects(download(), {
      code: 'network',
      message: /does not resume downloads and keeps closing the connection: it sent .* of owner\/kokoro\.$/,
      hint: /download the model another way/,
    });
    const begun = cuts.slice(0, 100 - served.hub.faults.length);
    const sent = begun.reduce((sum, bytes) => sum + bytes, 0);
    assert.ok(sent < 5 * size, `${sent} bytes in ${begun.length} attempts`);
    served.hub.faults.length = 0;
    rmSync(served.home, { recursive: true });
  }
});

test('a few bytes an attempt are no gain, and real gains in any number are', async () => {
  breakOff(repeated(1), false);
  await assert.rejects(download(), { code: 'network', message: /closed the connection/ });
  assert.ok(served.ranges.length <= 10, String(served.ranges.length));

  served.hub.faults.length = 0;
  breakOff(Array<number>(60).fill(5000), false);
  assert.deepEqual(readFileSync(await download()), served.weights);
  assert.deepEqual(served.hub.faults, []);
});

test('a pause that the server asks for is made and told, one that is too long ends the download', async () => {
  const waits: string[] = [];
  const onWait = (message: string) => waits.push(message);
  const limited = (path: string, status: number, headers: Record<string, string>) =>
    served.hub.faults.push({ kind: 'status', path, status, headers });
  limited('/tree/', 429, { 'retry-after': '1' });
  limited('/cdn/', 503, { 'retry-after': new Date(Date.now() + 5500).toUTCString() });
  const began = performance.now();
  assert.deepEqual(readFileSync(await download({ onWait })), served.weights);
  assert.ok(performance.now() - began > 3000, String(performance.now() - began));
  assert.match(waits.join(), /^127\.0\.0\.1:\d+ asked for a pause of \d\.00 s; waiting\.$/);

  const ended = async (headers: Record<string, string>, hint: RegExp) => {
    rmSync(served.home, { recursive: true, force: true });
    served.hub.requests.length = 0;
    limited('/cdn/', 429, headers);
    await assert.rejects(download({ onWait }), { code: 'network', message: /is limiting requests/, hint });
    assert.equal(served.ranges.length, 1);
  };
  await ended({ 'retry-after': '3600' }, /^Try again in 1 h 0 min\.$/);
  await ended(
    { 'retry-after': new Date(Date.now() + 7_200_000).toUTCString() },
    /^Try again in (2 h 0 min|1 h 59 min)\.$/,
  );
  await ended({ ratelimit: '"resolvers";r=0;t=301' }, /^Try again in 5 min 1 s\.$/);
  await ended({ ratelimit: `"api";r=0;t=${'9'.repeat(400)}` }, /^Try again in /);
  await ended({ 'retry-after': '9'.repeat(400) }, /^Try again in /);

  for (const header of ['', 'soon', '-1', '0', new Date(0).toUTCString()]) {
    limited('/cdn/', 429, { 'retry-after': header });
    assert.deepEqual(readFileSync(await download({ onWait })), served.weights);
    rmSync(served.home, { recursive: true });
  }
  assert.equal(waits.length, 1);
});
