/** Downloads from a hub that the test itself serves, with every fault that a network has. */

import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ModelProgress } from '../progress.ts';
import { resolveModel } from '../resolve.ts';
import { headerOf } from '../safetensors/write.ts';
import { voicePath } from '../voice-path.ts';
import { CachedRepository } from './cache.ts';
import { HubClient, hubSettings } from './client.ts';
import { downloadFile } from './download.ts';
import { HubServer, testCommit } from './hub-server.ts';
import { ensureSnapshot } from './repository.ts';

const root = mkdtempSync(join(tmpdir(), 'tidemark-hub-'));
after(() => rmSync(root, { recursive: true }));

/** A whole safetensors file with one tensor of so many floats, its bytes all different enough to tell a wrong splice. */
function weights(floats: number): Buffer {
  const data = Buffer.alloc(4 * floats);
  for (let index = 0; index < data.byteLength; index += 1) {
    data[index] = (index * 31 + (index >> 8)) & 0xff;
  }
  return Buffer.concat([headerOf([{ name: 'a', dtype: 'F32', shape: [floats] }], {}), data]);
}

let hub: HubServer;
let home: string;
let number = 0;
const model = { repository: 'owner/kokoro', revision: 'main' };
const large = weights(100_000);
const variables = [
  'HF_ENDPOINT',
  'HF_HOME',
  'HF_HUB_CACHE',
  'HF_TOKEN',
  'HF_HUB_OFFLINE',
  'HF_TOKEN_PATH',
] as const;
const saved = variables.map((name) => [name, process.env[name]] as const);

beforeEach(async () => {
  hub = await HubServer.start(model.repository);
  hub.add('config.json', '{"n_token": 178}').add('model.safetensors', large).add('README.md', 'Words.');
  number += 1;
  home = join(root, `${number}`);
  for (const name of variables) {
    Reflect.deleteProperty(process.env, name);
  }
  process.env['HF_ENDPOINT'] = hub.endpoint;
  process.env['HF_HOME'] = home;
});

afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  for (const [name, value] of saved) {
    if (value === undefined) {
      Reflect.deleteProperty(process.env, name);
    } else {
      process.env[name] = value;
    }
  }
});

const options = (rest: { onProgress?: (progress: ModelProgress) => void; signal?: AbortSignal } = {}) => ({
  dataFolder: join(home, 'data'),
  ...rest,
});
const repositoryFolder = () => join(home, 'hub', 'models--owner--kokoro');
const blobs = () => readdirSync(join(repositoryFolder(), 'blobs'));

/** Downloads model.safetensors alone, with short pauses. */
async function download(clientOptions: { silence?: number; signal?: AbortSignal } = {}): Promise<string> {
  const client = new HubClient(hubSettings(), { pause: 1, ...clientOptions });
  const cache = new CachedRepository(model.repository);
  const files = await client.files(model.repository, testCommit);
  const file = files.find(({ path }) => path === 'model.safetensors');
  assert.ok(file);
  const { signal } = clientOptions;
  await downloadFile(file, {
    client,
    cache,
    ...model,
    commit: testCommit,
    onProgress: () => undefined,
    signal,
  });
  return join(cache.snapshotFolder(testCommit), 'model.safetensors');
}

const ranges = () => hub.requests.filter(({ path }) => path.startsWith('/cdn/')).map(({ range }) => range);

test('a model is downloaded into the layout that the Hugging Face libraries share', async () => {
  const seen: ModelProgress[] = [];
  const resolved = await resolveModel(
    model.repository,
    options({ onProgress: (progress) => seen.push(progress) }),
  );
  assert.equal(resolved.folder, join(repositoryFolder(), 'snapshots', testCommit));
  assert.equal(resolved.name, model.repository);
  assert.equal(resolved.tensorBytes, 400_000);
  assert.deepEqual(resolved.bytesByDtype, { float32: 400_000 });
  assert.deepEqual(
    [resolved.source.kind, resolved.source.weightsFile, resolved.source.description],
    ['hub', 'model.safetensors', `owner/kokoro at commit ${testCommit.slice(0, 7)}`],
  );

  const link = join(resolved.folder, 'model.safetensors');
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(readlinkSync(link), join('..', '..', 'blobs', resolved.source.sha256));
  assert.deepEqual(readFileSync(link), large);
  assert.equal(readFileSync(join(repositoryFolder(), 'refs', 'main'), 'utf8'), testCommit);
  // Only what the model needs was fetched.
  assert.deepEqual(readdirSync(resolved.folder).sort(), ['config.json', 'model.safetensors']);
  const last = seen.filter((progress) => progress.kind === 'downloading').at(-1);
  assert.deepEqual([last?.file, last?.receivedBytes], ['model.safetensors', large.byteLength]);
});

test('a cached model needs no network, and HF_HUB_OFFLINE allows none', async () => {
  const folder = await ensureSnapshot(model, options());
  const asked = hub.requests.length;
  assert.equal(await ensureSnapshot(model, options()), folder);
  process.env['HF_HUB_OFFLINE'] = '1';
  assert.equal(await ensureSnapshot(model, options()), folder);
  assert.equal(hub.requests.length, asked);
  await assert.rejects(ensureSnapshot({ ...model, repository: 'owner/other' }, options()), {
    code: 'network',
    message: 'owner/other is not in the cache, and HF_HUB_OFFLINE is set.',
  });
});

test('a snapshot whose weights are not there is completed rather than used', async () => {
  const folder = await ensureSnapshot(model, options());
  rmSync(join(folder, readlinkSync(join(folder, 'model.safetensors'))));
  assert.equal(await ensureSnapshot(model, options()), folder);
  assert.deepEqual(readFileSync(join(folder, 'model.safetensors')), large);
});

test('a connection that breaks is taken up where it broke', async () => {
  hub.faults.push(
    { kind: 'cut', path: 'model.safetensors', afterBytes: 150_000 },
    { kind: 'cut', path: 'model.safetensors', afterBytes: 50_000 },
  );
  const path = await download();
  assert.deepEqual(readFileSync(path), large);
  const starts = ranges().map((range) => Number(/\d+/.exec(range ?? 'bytes=0-')?.[0]));
  assert.equal(starts.length, 3);
  assert.ok((starts[1] ?? 0) > 0 && (starts[2] ?? 0) > (starts[1] ?? 0), starts.join());
});

test('what an earlier run left is continued', async () => {
  const folder = await ensureSnapshot(model, options());
  const digest = readlinkSync(join(folder, 'model.safetensors')).split('/').at(-1) ?? '';
  const blob = join(repositoryFolder(), 'blobs', digest);
  rmSync(blob);
  writeFileSync(`${blob}.incomplete`, large.subarray(0, 123_456));
  hub.requests.length = 0;
  await ensureSnapshot(model, options());
  assert.deepEqual(ranges(), ['bytes=123456-']);
  assert.deepEqual(readFileSync(blob), large);
  assert.deepEqual(
    blobs().filter((name) => name.endsWith('.incomplete')),
    [],
  );
});

test('wrong bytes from an earlier run cost one more download, wrong bytes from the server end it', async () => {
  await download();
  const digest = blobs().find((name) => name.length === 64) ?? '';
  const blob = join(repositoryFolder(), 'blobs', digest);
  rmSync(blob);
  writeFileSync(`${blob}.incomplete`, Buffer.alloc(1000));
  await download();
  assert.deepEqual(readFileSync(blob), large);

  rmSync(blob);
  hub.faults.push({ kind: 'corrupt', path: '/cdn/' });
  await assert.rejects(download(), { code: 'network', message: /arrived with other bytes than/ });
  assert.equal(existsSync(blob), false);
  assert.equal(existsSync(`${blob}.incomplete`), false);
});

test('a server that ignores ranges sends the file anew', async () => {
  hub.faults.push(
    { kind: 'cut', path: '/cdn/', afterBytes: 100_000 },
    { kind: 'ignore-range', path: '/cdn/' },
  );
  assert.deepEqual(readFileSync(await download()), large);
});

test('a server that falls silent counts as gone', async () => {
  hub.faults.push({ kind: 'stall', path: '/cdn/', afterBytes: 100_000 });
  assert.deepEqual(readFileSync(await download({ silence: 200 })), large);
  assert.equal(ranges().length, 2);
});

test('errors that pass are tried again, and others said at once', async () => {
  hub.faults.push(
    { kind: 'status', path: '/tree/', status: 503 },
    { kind: 'status', path: '/resolve/', status: 502 },
  );
  assert.deepEqual(readFileSync(await download()), large);

  rmSync(home, { recursive: true });
  for (let attempt = 0; attempt < 9; attempt += 1) {
    hub.faults.push({ kind: 'status', path: '/cdn/', status: 500 });
  }
  await assert.rejects(download(), { code: 'network', message: /answered with error 500/ });
  hub.faults.length = 0;

  hub.faults.push({ kind: 'status', path: '/resolve/', status: 403 });
  hub.requests.length = 0;
  await assert.rejects(download(), { code: 'network', message: /does not give access to owner\/kokoro/ });
  assert.equal(hub.served.length, 1);
});

test('what the hub does not have, or keeps private, is an unknown model', async () => {
  const isUnknown = (error: unknown) =>
    error instanceof TidemarkError && error.code === 'unknown-model' && /HF_TOKEN/.test(error.hint ?? '');
  await assert.rejects(ensureSnapshot({ ...model, repository: 'owner/absent' }, options()), isUnknown);
  hub.token = 'secret-of-any-form';
  await assert.rejects(ensureSnapshot(model, options()), isUnknown);
  process.env['HF_TOKEN'] = 'secret-of-any-form';
  await ensureSnapshot(model, options());
});

test('the token goes to the hub and not to the host that it redirects to', async () => {
  process.env['HF_TOKEN'] = 'secret';
  await using other = await HubServer.start();
  other.add('model.safetensors', large);
  hub.storage = other.endpoint.replace('127.0.0.1', 'localhost');
  await ensureSnapshot(model, options());
  assert.ok(hub.requests.every(({ authorization }) => authorization === 'Bearer secret'));
  assert.deepEqual(
    other.requests.map(({ authorization }) => authorization),
    [undefined],
  );
});

test('a host that cannot be reached is one sentence with a way out', async () => {
  process.env['HF_ENDPOINT'] = 'http://127.0.0.1:1';
  const error: unknown = await ensureSnapshot(model, options()).catch((reason: unknown) => reason);
  assert.ok(error instanceof TidemarkError);
  assert.equal(error.message, '127.0.0.1:1 cannot be reached, or broke the connection.');
  assert.match(error.hint ?? '', /need no network/);
});

test('an abort ends a download at once and leaves what can be continued', async () => {
  hub.faults.push({ kind: 'stall', path: '/cdn/', afterBytes: 200_000 });
  const controller = new AbortController();
  const aborted = ensureSnapshot(
    model,
    options({
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.kind === 'downloading' && progress.receivedBytes >= 200_000) {
          controller.abort();
        }
      },
    }),
  );
  await assert.rejects(aborted, { code: 'interrupted', message: /it can be resumed/ });
  const [incomplete] = blobs().filter((name) => name.endsWith('.incomplete'));
  assert.ok(incomplete);
  hub.requests.length = 0;
  await ensureSnapshot(model, options());
  assert.deepEqual(ranges(), ['bytes=200000-']);
});

test('of several weight files only those of the index are fetched', async () => {
  hub.add('kokoro-v1_0.safetensors', weights(10));
  hub.add('model.safetensors.index.json', JSON.stringify({ weight_map: { a: 'model.safetensors' } }));
  const folder = await ensureSnapshot(model, options());
  assert.deepEqual(readdirSync(folder).sort(), [
    'config.json',
    'model.safetensors',
    'model.safetensors.index.json',
  ]);
});

test('a repository without a config or weights is refused before anything large is fetched', async () => {
  hub.files.delete('config.json');
  await assert.rejects(ensureSnapshot(model, options()), {
    code: 'bad-checkpoint',
    message: /has no config\.json/,
  });
  assert.deepEqual(hub.served, []);
});

test("a voice comes from the repository, else from the packaged ones, and an unknown one is told apart from both's", async () => {
  const voice = Buffer.concat([
    headerOf([{ name: 'voice', dtype: 'F32', shape: [2, 1, 1] }], {}),
    Buffer.alloc(8),
  ]);
  hub.add('voices/af_heart.safetensors', voice).add('voices/xx_own.safetensors', voice);
  const resolved = await resolveModel(model.repository, options());
  const own = await voicePath(resolved, 'xx_own', options());
  assert.equal(own, join(resolved.folder, 'voices', 'xx_own.safetensors'));
  assert.deepEqual(readFileSync(own), voice);
  assert.equal(readlinkSync(own).startsWith(join('..', '..', '..', 'blobs')), true);

  const notes: string[] = [];
  const onProgress = (progress: ModelProgress) => progress.kind === 'note' && notes.push(progress.message);
  const packaged = await voicePath(resolved, 'bf_emma', options({ onProgress }));
  assert.equal(packaged, join(home, 'data', 'voices', 'bf_emma.safetensors'));
  assert.deepEqual(notes, ['owner/kokoro has no voice bf_emma; the packaged one of that name is used.']);

  const unknown: unknown = await voicePath(resolved, 'xx_owm', options()).catch((reason: unknown) => reason);
  assert.ok(unknown instanceof TidemarkError);
  assert.equal(unknown.message, 'There is no voice named xx_owm. Did you mean xx_own?');

  process.env['HF_HUB_OFFLINE'] = '1';
  assert.equal(
    await voicePath(resolved, 'am_adam', options()),
    join(home, 'data', 'voices', 'am_adam.safetensors'),
  );
});
