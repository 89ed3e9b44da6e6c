/** Which models of the Hugging Face cache can be chosen: whole Kokoro checkpoints, and nothing else that lies there. */

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testCommit, weightsFile } from '../../../test/hub-server.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { tinyConfig } from '../../../test/tiny-kokoro.ts';
import { downloadedModels } from './downloaded.ts';

const before = process.env['HF_HUB_CACHE'];
after(() => {
  if (before === undefined) {
    delete process.env['HF_HUB_CACHE'];
  } else {
    process.env['HF_HUB_CACHE'] = before;
  }
});

const weights = weightsFile(100);

interface Kept {
  readonly config?: string;
  readonly weights?: Uint8Array | string | undefined;
  readonly ref?: string | undefined;
}

/** A cache with folders of these names. */
function cacheOf(entries: Readonly<Record<string, Kept>>): string {
  const cache = temporaryFolder();
  process.env['HF_HUB_CACHE'] = cache;
  for (const [name, kept] of Object.entries(entries)) {
    const all = { config: JSON.stringify(tinyConfig), weights, ref: testCommit, ...kept };
    const snapshot = join(cache, name, 'snapshots', testCommit);
    mkdirSync(snapshot, { recursive: true });
    writeFileSync(join(snapshot, 'config.json'), all.config);
    if (all.weights !== undefined) {
      writeFileSync(join(snapshot, 'model.safetensors'), all.weights);
    }
    if (all.ref !== undefined) {
      mkdirSync(join(cache, name, 'refs'));
      writeFileSync(join(cache, name, 'refs', 'main'), all.ref);
    }
  }
  return cache;
}

test('whole Kokoro checkpoints are listed by their repositories, sorted, with their size', async () => {
  const cache = cacheOf({ 'models--owner--second': {}, 'models--owner--a.first': {} });
  assert.deepEqual(
    await downloadedModels(),
    ['a.first', 'second'].map((name) => ({
      repository: `owner/${name}`,
      folder: join(cache, `models--owner--${name}`, 'snapshots', testCommit),
      diskBytes: weights.byteLength,
    })),
  );
});

const others: Readonly<Record<string, Readonly<Record<string, Kept>>>> = {
  'another kind of model': { 'models--meta--llama': { config: '{"model_type":"llama"}' } },
  'a data set': { 'datasets--owner--voices': {} },
  'a name without an owner': { 'models--gpt2': {} },
  'a name with three parts': { 'models--a--b--c': {} },
  'a name that leads out of the cache': { 'models--..--..': {} },
  'a model without weights': { 'models--owner--half': { weights: undefined } },
  'a model with damaged weights': { 'models--owner--half': { weights: 'version https://git-lfs' } },
  'a model without a branch main': { 'models--owner--half': { ref: undefined } },
  'a branch that stands for no commit': { 'models--owner--half': { ref: '../../elsewhere' } },
  'a configuration that is no JSON': { 'models--owner--half': { config: '{' } },
  'a configuration of megabytes': {
    'models--owner--half': { config: JSON.stringify({ ...tinyConfig, note: 'x'.repeat(1 << 20) }) },
  },
};

for (const [what, entries] of Object.entries(others)) {
  test(`${what} is left out`, async () => {
    cacheOf({ ...entries, 'models--owner--whole': {} });
    assert.deepEqual(
      (await downloadedModels()).map(({ repository }) => repository),
      ['owner/whole'],
    );
  });
}

test('a cache that is not there has none', async () => {
  rmSync(cacheOf({}), { recursive: true });
  assert.deepEqual(await downloadedModels(), []);
});
