/** An x-ray's text for files that are sound but unusual. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { tensorBytes } from '../../models/safetensors/dtypes.ts';
import type { DescribedTensor } from '../../models/safetensors/dtypes.ts';
import { headerOf } from '../../models/safetensors/write.ts';
import { xray } from '../../models/xray/xray.ts';
import { xrayReport } from './xray-report.ts';

const folder = temporaryFolder();

async function reportOf(tensors: readonly DescribedTensor[]): Promise<string> {
  const path = join(folder, 'model.safetensors');
  const data = tensors.map((tensor) => Buffer.alloc(tensorBytes(tensor)));
  writeFileSync(path, Buffer.concat([headerOf(tensors), ...data]));
  return xrayReport(await xray(path, { dataFolder: folder }));
}

test('a file whose tensors have no elements is shown without a share of nothing', async () => {
  for (const shape of [
    [2, 0],
    [0, 2 ** 40, 2 ** 40],
  ]) {
    const report = await reportOf([{ name: 't', dtype: 'I32', shape }]);
    assert.match(report, /There are no weights: no tensor has any elements\./);
    assert.doesNotMatch(report, /NaN|Infinity/);
  }
  assert.match(await reportOf([]), /There are no weights/);
});

test('dtypes that MLX lacks have columns of their own', async () => {
  const report = await reportOf([
    { name: 'b', dtype: 'F8_E4M3FNUZ', shape: [2, 2] },
    { name: 'a', dtype: 'F4', shape: [2, 3] },
  ]);
  assert.match(report, /float8_e4m3fnuz +float4_e2m1/);
});
