/** The order of the runs, and what follows from their figures. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, formatReport, merge, schedule, summarize, summarizeOnnx } from './comparison.ts';
import type { Side } from './comparison.ts';

const side = (name: string, seconds: readonly number[], peakBytes: number, samples = 106_800): Side => ({
  name,
  versions: { mlx: '0.32.4' },
  load: { activeBytes: 163_526_908, peakBytes: 170_000_000, seconds: 0.2 },
  iterations: seconds.map((each) => ({ seconds: each, activeBytes: 163_526_908, peakBytes, samples })),
});

test('ours is measured before, between and after the peer', () => {
  assert.deepEqual(
    schedule(3, 2).map((step) => `${step.side} ${step.iterations}`),
    ['ours 3', 'peer 1', 'ours 3', 'peer 1', 'ours 3'],
  );
  assert.deepEqual(schedule(3, 0), [{ side: 'ours', iterations: 3 }]);
});

test('runs of one side are one', () => {
  assert.equal(merge([side('a', [1, 2], 5), side('a', [3], 5)]).iterations.length, 3);
  assert.throws(() => merge([]), RangeError);
});

test('the comparison says how much faster, how much less, and whether the work was equal', () => {
  const ours = summarize(side('Tidemark', [5, 6, 4], 600_000_000));
  const peer = summarize(side('mlx-audio', [139], 666_000_000));
  assert.deepEqual(compare(ours, peer), {
    timesFaster: 139 / 5,
    peakDifferenceBytes: -66_000_000,
    equalWork: true,
  });
  const longer = summarize(side('mlx-audio', [139], 666_000_000, 107_400));
  assert.equal(compare(ours, longer).equalWork, false);
});

test('the report names the machine, the settings and both sides', () => {
  const tidemark = summarize(side('Tidemark', [5, 6, 4], 600_000_000));
  const peer = summarize(side('mlx-audio', [139], 666_000_000));
  const report = formatReport({
    kind: 'benchmark',
    startedAt: '2025-11-24T11:00:00.000Z',
    machine: {
      platform: 'linux 6.1',
      architecture: 'x64',
      processor: 'A processor',
      cores: 2,
      memoryBytes: 24 * 2 ** 30,
      loadAverage: 0.1,
      environment: { OMP_NUM_THREADS: '2' },
    },
    work: { model: 'bf16', phonemes: 'həlˈO.', voice: 'af_heart', seed: 0 },
    tidemark,
    peer,
    comparison: compare(tidemark, peer),
    onnx: summarizeOnnx(
      [
        {
          versions: { onnxruntime: '1.32.0' },
          iterations: [4, 2.5].map((seconds) => ({ seconds, samples: 107_400 })),
        },
      ],
      tidemark,
    ),
  });
  for (const part of [
    'A processor, 2 cores, 24 GiB, linux 6.1 x64, load 0.10',
    'OMP_NUM_THREADS=2',
    'model bf16, voice af_heart, seed 0, phonemes həlˈO.',
    '5.00 s (4.00 s to 6.00 s)',
    '2 min 19 s',
    'Tidemark is 27.8 times as fast as mlx-audio; its peak is -66.0 MB (-9.9%).',
    'Both generated 106,800 samples.',
    'onnxruntime 1.32.0, int8: 3.25 s (2.50 s to 4.00 s) for 107,400 samples, over 2 runs; Tidemark takes 1.54 times as long.',
  ]) {
    assert.ok(report.includes(part), `${part} in\n${report}`);
  }
});
