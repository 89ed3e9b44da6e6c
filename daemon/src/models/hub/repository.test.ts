/** Models of a hub that the test itself serves: which files are fetched, and into what layout. */

import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileWith, ServedModel, testCommit, weightsFile } from '../../../test/hub-server.ts';
import type { ModelProgress } from '../progress.ts';
import { resolveModel, voicePath } from '../resolve.ts';
import { headerOf } from '../safetensors/write.ts';
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
