/** What the reports say of checkpoints and of schedules. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { tensorBytes } from '../../models/safetensors/dtypes.ts';
import type { DescribedTensor } from '../../models/safetensors/dtypes.ts';
import { headerOf } from '../../models/safetensors/write.ts';
import { xray } from '../../models/xray/xray.ts';
import { exampleEngineStudy, exampleStudy } from '@tidemark/shared/test/example-reports.ts';
import { gpuAnswer } from '@tidemark/shared/test/simulated-gpu.ts';
import { studyReport } from './study-report.ts';
import { xrayReport } from './xray-report.ts';
import type { Schedule, ScheduleTiming } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { idleWords } from './schedule-report.ts';

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

const now = new Date('2026-11-24T12:00:00Z');

const scheduleOf = (timing: ScheduleTiming): Schedule => ({
  id: 1,
  name: 'nightly',
  timing,
  model: 'bf16',
  voice: 'af_heart',
  iterations: 15,
  warmupIterations: 1,
  jitterSeconds: 0,
  skipOnBattery: false,
  skipInLowPowerMode: false,
  paused: false,
  createdAt: now.toISOString(),
});

const nightly = scheduleOf({ kind: 'cron', expression: '0 3 * * *', timeZone: 'Europe/Berlin' });

test('checks that are further apart than a host idles each have a fresh one, which is said', () => {
  assert.match(
    idleWords(nightly, 900, now) ?? '',
    /unloaded after 15m\. .* `tidemark settings set idle-unload never`/,
  );
  assert.ok(idleWords(scheduleOf({ kind: 'every', seconds: 3600 }), 3599, now) !== undefined);
});

test('nothing is said where the host lives on between checks', () => {
  assert.equal(idleWords(nightly, 0, now), undefined);
  assert.equal(idleWords(nightly, 86_400, now), undefined);
  assert.equal(idleWords(scheduleOf({ kind: 'every', seconds: 600 }), 900, now), undefined);
});

test('nothing is said of a schedule that is never due', () => {
  assert.equal(idleWords(scheduleOf({ kind: 'cron', expression: '0 0 30 2 *' }), 900, now), undefined);
});

test('a study by several engines has one table of causes, with a share in each engine and whether they agree', () => {
  const text = studyReport(exampleEngineStudy());
  assert.match(text, /4bit-fp32 above bf16 +anomaly +\+107\.\d MB +anomaly +\+115\.\d MB +agree/);
  assert.match(
    text,
    /float32 left in the rest +supported +\+14\d\.\d MB \(\+13\d\.\d%\) +supported +\+136\.\d MB \(\+11\d\.\d%\) +agree/,
  );
  assert.match(
    text,
    /order of evaluation +refuted +-3\.\d MB +supported +\+52\.\d MB \(in others\) +disagree/,
  );
  assert.match(text, /The engines agree on the cause of the anomaly of 4bit-fp32: /);
  assert.match(text, /4bit-fp32 in mlx-audio: Avoid it/);
});

test('a study says what each peak is for, and on a GPU of which difference a share is one', () => {
  const gpu = studyReport(exampleStudy({ answer: gpuAnswer({ iterations: 60 }) }));
  assert.match(
    gpu,
    /MB of the peak +peak +iterations +weights and voice .* order of evaluation +queued work/,
  );
  assert.match(gpu, /^bf16 +\d+\.\d +60 +164\.0 /m);
  assert.match(gpu, /^MLX_MAX_OPS_PER_BUFFER=1 in the environment /m);
  assert.match(gpu, /share, by default/);
  const cpu = studyReport(exampleStudy());
  assert.match(cpu, /not applicable/);
  assert.match(cpu, /^MLX_BFS_MAX_WIDTH=1 in the environment /m);
  assert.doesNotMatch(cpu, /queued work {2}|by default/);
});
