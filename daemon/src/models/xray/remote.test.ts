/** X-rays over the network, by ranges of files that are never downloaded. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import * as v from 'valibot';
import { xrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { ServedModel, testCommit } from '../../../test/hub-server.ts';
import { ensureSnapshot } from '../hub/repository.ts';
import { headerOf } from '../safetensors/write.ts';
import { tensorBytes as bytesOf } from '../safetensors/dtypes.ts';
import type { DescribedTensor } from '../safetensors/dtypes.ts';
import { xray } from './xray.ts';

const served = new ServedModel();
const { repository } = served.model;
const config = JSON.stringify({ quantization: { group_size: 64, bits: 4 } });

const tensors: readonly DescribedTensor[] = [
  { name: 'bert_encoder.weight', dtype: 'U32', shape: [512, 96] },
  { name: 'bert_encoder.scales', dtype: 'BF16', shape: [512, 12] },
  { name: 'bert_encoder.biases', dtype: 'BF16', shape: [512, 12] },
  { name: 'decoder.generator.conv_post.weight_v', dtype: 'BF16', shape: [22, 7, 12_800] },
];
const tensorBytes = 4 * 512 * 96 + 2 * 2 * 512 * 12 + 2 * 22 * 7 * 12_800;

/** Puts a quantized file of 4 MB in the place of the model's. */
function serveQuantized(): void {
  served.hub.add('model.safetensors', Buffer.concat([headerOf(tensors, {}), Buffer.alloc(tensorBytes)]));
  served.hub.add('config.json', config);
}

test('only the header of the weights crosses the network, and nothing goes into the cache', async () => {
  serveQuantized();
  const original: DescribedTensor = { name: 'bert_encoder.weight', dtype: 'F32', shape: [512, 768] };
  served.hub.add(
    'kokoro-v1_0.safetensors',
    Buffer.concat([headerOf([original], {}), Buffer.alloc(4 * 512 * 768)]),
  );
  const document = v.parse(xrayDocument, await xray(repository, served.options));
  assert.deepEqual(document.source, {
    kind: 'hub',
    description: `${repository} at commit ${testCommit} on ${new URL(served.hub.endpoint).host}`,
    isRemote: true,
  });
  assert.deepEqual(document.quantization.found, [
    { bits: 4, groupSize: 64, modules: 1, parameters: 393_216, bytes: 221_184 },
  ]);
  assert.equal(document.tensorBytes, tensorBytes);
  assert.deepEqual(document.otherFiles, ['kokoro-v1_0.safetensors']);
  assert.deepEqual(served.ranges, ['bytes=0-131071', 'bytes=0-131071']);
  assert.equal(existsSync(served.home), false);
});

test("a repository's shards without an index are counted together", async () => {
  served.hub.files.delete('model.safetensors');
  for (const [shard, part] of [tensors.slice(0, 2), tensors.slice(2)].entries()) {
    const bytes = part.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
    served.hub.add(`shard-${shard}.safetensors`, Buffer.concat([headerOf(part, {}), Buffer.alloc(bytes)]));
  }
  const { files, otherFiles, tensorBytes: bytes } = await xray(repository, served.options);
  assert.deepEqual([files.length, otherFiles, bytes], [2, [], tensorBytes]);
});

test('a header longer than the first request is read by a second', async () => {
  const many = Array.from({ length: 3000 }, (_, index): DescribedTensor => {
    return { name: `decoder.decode.${index}.conv1.bias`, dtype: 'F32', shape: [1] };
  });
  const header = headerOf(many, {});
  assert.ok(header.byteLength > 131_072);
  served.hub.add('model.safetensors', Buffer.concat([header, Buffer.alloc(4 * 3000)]));
  assert.equal((await xray(repository, served.options)).tensors, 3000);
  assert.deepEqual(served.ranges, ['bytes=0-131071', `bytes=8-${header.byteLength - 1}`]);
});

test('a cached model is read from the cache', async () => {
  serveQuantized();
  await ensureSnapshot(served.model, served.options);
  served.hub.requests.length = 0;
  const { source, tensorBytes: bytes } = await xray(repository, served.options);
  assert.deepEqual([source.kind, source.isRemote, bytes], ['hub', false, tensorBytes]);
  assert.equal(served.hub.requests.length, 0);
});

test('what the network or the file does wrong is one sentence', async () => {
  const refused = (expected: object) => assert.rejects(xray(repository, served.options), expected);
  served.hub.faults.push({ kind: 'ignore-range', path: '/cdn/' });
  await refused({ code: 'network', message: /does not support range requests/ });
  served.hub.faults.push({ kind: 'overlong', path: '/cdn/' });
  await refused({ code: 'network', message: /sent more than it was asked for/ });
  served.hub.faults.push({ kind: 'cut', path: '/cdn/', afterBytes: 10 });
  await refused({ code: 'network', message: /cannot be reached, or closed the connection/ });
  served.hub.add('model.safetensors', Buffer.from('version https://git-lfs.github.com/spec/v1'));
  await refused({
    code: 'bad-checkpoint',
    message:
      'model.safetensors of owner/kokoro is not a safetensors file but a Git LFS pointer, which stands for the file.',
  });
  served.hub.files.delete('model.safetensors');
  await refused({ code: 'bad-checkpoint', message: /^owner\/kokoro has no safetensors weights, / });
  await assert.rejects(xray('owner/absent', served.options), { code: 'unknown-model' });
  process.env['HF_HUB_OFFLINE'] = '1';
  await refused({ code: 'network', message: /is not in the cache, and HF_HUB_OFFLINE is set/ });
});
