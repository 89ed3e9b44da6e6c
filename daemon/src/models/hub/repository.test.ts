/** Models of a hub that the test itself serves, and the cache that they are kept in. */

import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { HubServer, ServedModel, testCommit, weightsFile } from '../../../test/hub-server.ts';
import type { ModelProgress } from '../progress.ts';
import { resolveModel, voicePath } from '../resolve.ts';
import { headerOf } from '../safetensors/write.ts';
import { xray } from '../xray/xray.ts';
import { ensureSnapshot } from './repository.ts';

const served = new ServedModel();

test('a model is downloaded into the layout that the Hugging Face libraries share', async () => {
  const seen: ModelProgress[] = [];
  const resolved = await resolveModel(served.model.repository, {
    ...served.options,
    onProgress: (progress) => seen.push(progress),
  });
  assert.equal(resolved.folder, join(served.cacheFolder, 'snapshots', testCommit));
  assert.equal(resolved.name, served.model.repository);
  assert.equal(resolved.tensorBytes, 400_000);
  assert.deepEqual(resolved.bytesByDtype, { float32: 400_000 });
  assert.deepEqual(
    [resolved.source.kind, resolved.source.weightsFile, resolved.source.description],
    ['hub', 'model.safetensors', `owner/kokoro at commit ${testCommit.slice(0, 7)}`],
  );

  const link = join(resolved.folder, 'model.safetensors');
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(readlinkSync(link), join('..', '..', 'blobs', resolved.source.sha256));
  assert.deepEqual(readFileSync(link), served.weights);
  assert.equal(readFileSync(join(served.cacheFolder, 'refs', 'main'), 'utf8'), testCommit);
  // Only what the model needs was fetched.
  assert.deepEqual(readdirSync(resolved.folder).sort(), ['config.json', 'model.safetensors']);
  const last = seen.filter((progress) => progress.kind === 'downloading').at(-1);
  assert.deepEqual([last?.file, last?.receivedBytes], ['model.safetensors', served.weights.byteLength]);
});

test('a cached model needs no network, and HF_HUB_OFFLINE allows none', async () => {
  const folder = await ensureSnapshot(served.model, served.options);
  const asked = served.hub.requests.length;
  assert.equal(await ensureSnapshot(served.model, served.options), folder);
  process.env['HF_HUB_OFFLINE'] = '1';
  assert.equal(await ensureSnapshot(served.model, served.options), folder);
  assert.equal(served.hub.requests.length, asked);
  await assert.rejects(ensureSnapshot({ ...served.model, repository: 'owner/other' }, served.options), {
    code: 'network',
    message: 'owner/other is not in the cache, and HF_HUB_OFFLINE is set.',
  });
});

test('a snapshot whose weights are not there is completed rather than used', async () => {
  const folder = await ensureSnapshot(served.model, served.options);
  rmSync(join(folder, readlinkSync(join(folder, 'model.safetensors'))));
  assert.equal(await ensureSnapshot(served.model, served.options), folder);
  assert.deepEqual(readFileSync(join(folder, 'model.safetensors')), served.weights);
});

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

test('a page to sign in to a network is said to be one, whatever was asked for', async () => {
  const page = { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } } as const;
  const isPage = {
    name: 'TidemarkError',
    code: 'network',
    message: /^127\.0\.0\.1:\d+ answered with a web page instead of data\.$/,
    hint: /sign in first: open any page in a browser/,
  };
  for (const path of ['/revision/', '/tree/', 'config.json', '/cdn/']) {
    served.hub.faults.push({ kind: 'status', path, ...page });
    await assert.rejects(ensureSnapshot(served.model, served.options), isPage, path);
  }
  served.hub.faults.push({ kind: 'status', path: '/cdn/', ...page });
  await assert.rejects(xray('owner/kokoro', served.options), isPage);

  await using portal = await HubServer.start();
  portal.faults.push({ kind: 'status', path: '/login', ...page });
  const location = `${portal.endpoint.replace('127.0.0.1', 'localhost')}/login`;
  served.hub.faults.push({ kind: 'status', path: '/api/', status: 302, headers: { location } });
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    message: /^localhost:\d+ \(for 127\.0\.0\.1:\d+\) answered with a web page instead of data\.$/,
  });
  served.hub.faults.push({ kind: 'status', path: '/api/', status: 511 });
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    message: 'The network that you are on wants you to sign in first.',
  });
});

test('an answer of another form than a hub’s is no lost connection', async () => {
  for (const [path, body] of [
    ['/revision/', 'Welcome!'],
    ['/revision/', 'null'],
    ['/revision/', '[]'],
    ['/tree/', '{"error": 1}'],
    ['/tree/', 'null'],
    ['/tree/', '[null]'],
    ['/tree/', ''],
  ] as const) {
    served.hub.faults.push({ kind: 'body', path, body });
    const asked = served.hub.requests.length;
    await assert.rejects(
      ensureSnapshot(served.model, served.options),
      { name: 'TidemarkError', code: 'network', hint: /^Check HF_ENDPOINT/ },
      `${path} ${body}`,
    );
    // It is the same the next time, so it is not asked for again.
    assert.equal(served.hub.requests.length - asked, path === '/tree/' ? 2 : 1);
  }
});

test('what the hub does not have, or keeps private, is an unknown model', async () => {
  const isUnknown = { name: 'TidemarkError', code: 'unknown-model', hint: /HF_TOKEN/ };
  await assert.rejects(
    ensureSnapshot({ ...served.model, repository: 'owner/absent' }, served.options),
    isUnknown,
  );
  served.hub.token = 'secret-of-any-form';
  await assert.rejects(ensureSnapshot(served.model, served.options), isUnknown);
  process.env['HF_TOKEN'] = 'secret-of-any-form';
  await ensureSnapshot(served.model, served.options);
});

test('names from a person or from the hub never leave their folder', async () => {
  for (const revision of ['../../x', '..', '/x', 'a/../../../x']) {
    await assert.rejects(ensureSnapshot({ ...served.model, revision }, served.options), {
      code: 'unknown-model',
      message: /leads out of/,
    });
  }
  await assert.rejects(resolveModel('owner/kokoro@../../x', served.options), {
    code: 'unknown-model',
    message: '"../../x" cannot be a revision of owner/kokoro.',
  });
  assert.deepEqual(served.hub.requests, []);

  for (const path of ['../../x', '/x', 'voices/../../x', 'voices/..', './config.json', 'voices//x']) {
    served.hub.add(path, 'Words.');
    await assert.rejects(ensureSnapshot(served.model, served.options), {
      code: 'network',
      message: /lists a file of owner\/kokoro that leads out of its folder/,
    });
    served.hub.files.delete(path);
  }
  for (const commit of ['../../x', `../${testCommit}`, `${testCommit}\n`, '']) {
    served.hub.commit = commit;
    await assert.rejects(ensureSnapshot(served.model, served.options), { code: 'network' });
  }
  assert.equal(existsSync(served.home), false);
});

test('a token that the hub does not take is said to be that, with where it comes from', async () => {
  const refused = (status: number, expected: object) => {
    served.hub.faults.push({ kind: 'status', path: '/api/', status });
    return assert.rejects(ensureSnapshot(served.model, served.options), {
      name: 'TidemarkError',
      ...expected,
    });
  };
  const host = new URL(served.hub.endpoint).host;
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    process.env[name] = 'hf_old';
    await refused(401, {
      code: 'network',
      message: `${host} rejected the token from ${name}, which may have expired.`,
      hint: `To continue, set ${name} to a valid token, or unset it to use public models without one.`,
    });
    await refused(403, {
      code: 'network',
      message: `${host} denies access to owner/kokoro with the token from ${name}.`,
      hint: `Request access at ${served.hub.endpoint}/owner/kokoro, and check that the token may read it.`,
    });
    await refused(404, { code: 'unknown-model', message: new RegExp(`the token from ${name} can read`) });
    Reflect.deleteProperty(process.env, name);
  }
  const path = join(served.home, 'token');
  mkdirSync(served.home, { recursive: true });
  writeFileSync(path, 'hf_old\n');
  await refused(401, {
    code: 'network',
    message: new RegExp(`the token from ${path}`),
    hint: /hf auth login/,
  });
  rmSync(path);
  await refused(401, { code: 'unknown-model', message: /no public model/ });
  await refused(403, {
    code: 'network',
    message: `${host} denies access to owner/kokoro.`,
    hint: /HF_TOKEN/,
  });
  process.env['HF_TOKEN'] = ' ';
  await refused(401, { code: 'unknown-model', message: /no public model/ });

  for (const token of ['hf_a\nb', 'hf_\u{1f511}', 'hf_a b']) {
    process.env['HF_TOKEN'] = token;
    await assert.rejects(ensureSnapshot(served.model, served.options), {
      code: 'network',
      message: 'The token from HF_TOKEN has characters that no token has.',
    });
  }

  // The same while a file is fetched, and in an x-ray.
  process.env['HF_TOKEN'] = 'hf_old';
  served.hub.faults.push({ kind: 'status', path: '/resolve/', status: 401 });
  await assert.rejects(ensureSnapshot(served.model, served.options), { message: /rejected the token/ });
  served.hub.token = 'hf_new';
  await assert.rejects(xray('owner/kokoro', served.options), { message: /rejected the token from HF_TOKEN/ });
});

test('a host that the hub redirects to did not see the token, so it is not blamed', async () => {
  process.env['HF_TOKEN'] = 'secret';
  await using other = await HubServer.start();
  other.faults.push({ kind: 'status', path: '/cdn/', status: 403 });
  served.hub.storage = other.endpoint.replace('127.0.0.1', 'localhost');
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    code: 'network',
    message: /^localhost:\d+ refused a request for owner\/kokoro with error 403\.$/,
  });
});

test('the token goes to the hub and not to the host that it redirects to', async () => {
  process.env['HF_TOKEN'] = 'secret';
  await using other = await HubServer.start();
  other.add('model.safetensors', served.weights);
  served.hub.storage = other.endpoint.replace('127.0.0.1', 'localhost');
  await ensureSnapshot(served.model, served.options);
  assert.ok(served.hub.requests.every(({ authorization }) => authorization === 'Bearer secret'));
  assert.deepEqual(
    other.requests.map(({ authorization }) => authorization),
    [undefined],
  );
});

test('the next page of a listing gets the token from the hub alone, and there are only so many', async () => {
  process.env['HF_TOKEN'] = 'secret';
  await using other = await HubServer.start();
  const page = `/api/models/owner/kokoro/tree/${testCommit}?page=2`;
  served.hub.nextPage = other.endpoint + page;
  await ensureSnapshot(served.model, served.options);
  assert.deepEqual(
    other.requests.map(({ authorization }) => authorization),
    [undefined],
  );

  served.hub.nextPage = served.hub.endpoint + page;
  rmSync(served.home, { recursive: true });
  served.hub.requests.length = 0;
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    code: 'network',
    message: /lists files without end/,
  });
  assert.equal(served.hub.requests.length, 101);
  assert.ok(served.hub.requests.every(({ authorization }) => authorization === 'Bearer secret'));
});

test('a host that cannot be reached is one sentence with a way out', async () => {
  process.env['HF_ENDPOINT'] = 'http://127.0.0.1:1';
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    name: 'TidemarkError',
    message: '127.0.0.1:1 cannot be reached, or closed the connection.',
    hint: /need no network/,
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test(
  'a certificate that nobody vouches for is named, and no lost connection',
  { skip: !hasOpenssl && 'there is no openssl to make a certificate' },
  async () => {
    mkdirSync(served.home, { recursive: true });
    const [key, cert] = [join(served.home, 'key.pem'), join(served.home, 'cert.pem')];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', ...kind, '-keyout', key, '-out', cert, ...names], { stdio: 'ignore' });
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
      response.end('{}'),
    );
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    try {
      process.env['HF_ENDPOINT'] = `https://localhost:${(server.address() as AddressInfo).port}`;
      await assert.rejects(ensureSnapshot(served.model, served.options), {
        name: 'TidemarkError',
        code: 'network',
        message: /^The certificate of localhost:\d+ is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\.$/,
        hint: /NODE_EXTRA_CA_CERTS/,
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
);

test('an abort ends a download at once and leaves what can be continued', async () => {
  served.hub.faults.push({ kind: 'stall', path: '/cdn/', afterBytes: 200_000 });
  const controller = new AbortController();
  const aborted = ensureSnapshot(served.model, {
    ...served.options,
    signal: controller.signal,
    onProgress: (progress) => {
      if (progress.kind === 'downloading' && progress.receivedBytes >= 200_000) {
        controller.abort();
      }
    },
  });
  await assert.rejects(aborted, { code: 'interrupted', message: /it can be resumed/ });
  const [incomplete] = served.blobs().filter((name) => name.endsWith('.incomplete'));
  assert.ok(incomplete);
  served.hub.requests.length = 0;
  await ensureSnapshot(served.model, served.options);
  assert.deepEqual(served.ranges, ['bytes=200000-']);
});

test('of several weight files only those of the index are fetched', async () => {
  served.hub.add('kokoro-v1_0.safetensors', weightsFile(10));
  served.hub.add('model.safetensors.index.json', JSON.stringify({ weight_map: { a: 'model.safetensors' } }));
  const folder = await ensureSnapshot(served.model, served.options);
  assert.deepEqual(readdirSync(folder).sort(), [
    'config.json',
    'model.safetensors',
    'model.safetensors.index.json',
  ]);
});

test('of several weight files that share tensors, without an index, none is downloaded', async () => {
  served.hub.add('kokoro-v1_0.safetensors', weightsFile(10));
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    code: 'bad-checkpoint',
    message:
      'owner/kokoro has 2 weight files and no index that lists which belong together: ' +
      'kokoro-v1_0.safetensors, model.safetensors.',
    hint: /^kokoro-v1_0\.safetensors and model\.safetensors both contain the tensor "a"\. Download the one/,
  });
  // The beginnings of both, and nothing else.
  assert.deepEqual(served.ranges.sort(), [`bytes=0-${weightsFile(10).byteLength - 1}`, 'bytes=0-131071']);
  assert.equal(existsSync(served.home), false);
});

/** A safetensors file with one tensor. */
const fileWith = (name: string, shape: readonly number[]): Buffer =>
  Buffer.concat([
    headerOf([{ name, dtype: 'F32', shape }], {}),
    Buffer.alloc(4 * shape.reduce((product, size) => product * size, 1)),
  ]);

test('shards without an index are downloaded together, and no voice or hidden file beside them', async () => {
  served.hub.add('more.safetensors', fileWith('b.weight', [10]));
  served.hub.add('af_heart.safetensors', fileWith('voice', [2, 1, 1]));
  served.hub.add('._model.safetensors', Buffer.from([0, 5, 22, 7]));
  const resolved = await resolveModel(served.model.repository, served.options);
  assert.deepEqual(readdirSync(resolved.folder).sort(), [
    'config.json',
    'model.safetensors',
    'more.safetensors',
  ]);
  assert.equal(resolved.source.weightsFile, 'model.safetensors, more.safetensors');
  assert.equal(resolved.tensorBytes, 400_040);
  // From the cache the second time.
  served.hub.requests.length = 0;
  assert.equal((await resolveModel(served.model.repository, served.options)).folder, resolved.folder);
  assert.equal(served.hub.requests.length, 0);
});

test('a download that ends between two shards is not taken for a whole model', async () => {
  served.hub.add('more.safetensors', fileWith('b.weight', [10]));
  const named = { ...served.model, revision: testCommit };
  const controller = new AbortController();
  const aborted = ensureSnapshot(named, {
    ...served.options,
    signal: controller.signal,
    onProgress: (progress) =>
      progress.kind === 'downloading' && progress.file === 'more.safetensors' && controller.abort(),
  });
  await assert.rejects(aborted, { code: 'interrupted' });
  const folder = await ensureSnapshot(named, served.options);
  assert.ok(readdirSync(folder).includes('more.safetensors'));
});

test('a hub that sends no ranges still gives the shards', async () => {
  served.hub.add('more.safetensors', fileWith('b.weight', [10]));
  served.hub.faults.push({ kind: 'ignore-range', path: '/cdn/' });
  const folder = await ensureSnapshot(served.model, served.options);
  assert.ok(readdirSync(folder).includes('more.safetensors'));
});

test('a repository without a config or weights is refused before anything served.weights is fetched', async () => {
  served.hub.files.delete('config.json');
  await assert.rejects(ensureSnapshot(served.model, served.options), {
    code: 'bad-checkpoint',
    message: /has no config\.json/,
  });
  assert.deepEqual(served.hub.served, []);
});

test("a voice comes from the repository, else from the packaged ones, and an unknown one is told apart from both's", async () => {
  const voice = Buffer.concat([
    headerOf([{ name: 'voice', dtype: 'F32', shape: [2, 1, 1] }], {}),
    Buffer.alloc(8),
  ]);
  served.hub.add('voices/af_heart.safetensors', voice).add('voices/xx_own.safetensors', voice);
  const resolved = await resolveModel(served.model.repository, served.options);
  const own = await voicePath(resolved, 'xx_own', served.options);
  assert.equal(own, join(resolved.folder, 'voices', 'xx_own.safetensors'));
  assert.deepEqual(readFileSync(own), voice);
  assert.equal(readlinkSync(own).startsWith(join('..', '..', '..', 'blobs')), true);

  const notes: string[] = [];
  const onProgress = (progress: ModelProgress) => progress.kind === 'note' && notes.push(progress.message);
  const packaged = await voicePath(resolved, 'bf_emma', { ...served.options, onProgress });
  assert.equal(packaged, join(served.home, 'data', 'voices', 'bf_emma.safetensors'));
  assert.deepEqual(notes, ['owner/kokoro has no voice bf_emma; using the packaged voice of that name.']);

  await assert.rejects(voicePath(resolved, 'xx_owm', served.options), {
    name: 'TidemarkError',
    message: 'There is no voice named xx_owm. Did you mean xx_own?',
  });

  process.env['HF_HUB_OFFLINE'] = '1';
  assert.equal(
    await voicePath(resolved, 'am_adam', served.options),
    join(served.home, 'data', 'voices', 'am_adam.safetensors'),
  );
});
