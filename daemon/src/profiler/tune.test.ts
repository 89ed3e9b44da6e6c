/** A tuning over scripted hosts: what is tried, in which order, and what is judged. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import * as v from 'valibot';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import type { MlxSettings } from '@tidemark/shared/protocol/mlx-settings.ts';
import { tuneDocument } from '@tidemark/shared/protocol/tune-document.ts';
import { scriptedHost, scriptedSubject } from '../../test/scripted-host.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { runTuning } from './tune.ts';
import type { TuneOptions } from './tune.ts';

/** Peaks and times by what it is started with, as of an H100; each start is logged, and each makes the machine slower. */
const simulated = (device: 'cpu' | 'gpu', log: string): string => `
  import { appendFileSync, readFileSync } from 'node:fs';
  description.device = { ...description.device, type: '${device}' };
  const { MLX_MAX_OPS_PER_BUFFER: ops, MLX_BFS_MAX_WIDTH: width } = process.env;
  const MB = 1e6;
  const started = (() => { try { return readFileSync(${JSON.stringify(log)}, 'utf8').split('\\n').length; } catch { return 1; } })();
  const queue = { 1: 0, 2: 1, 5: 34, 10: 56, 20: 56, 50: 101 }[ops] ?? 170;
  const slower = { 1: 1.5, 2: 1.45, 5: 1.05, 10: 1.02, 20: 1, 50: 1 }[ops] ?? 1;
  let limit = Infinity;
  process.on('message', (request) => {
    const { method, parameters } = request;
    if (method === 'load') {
      limit = parameters.memoryLimitBytes ?? Infinity;
      appendFileSync(${JSON.stringify(log)}, JSON.stringify({ ops, width, limit: parameters.memoryLimitBytes }) + '\\n');
      answer(request, { ...load, activeBytes: 163 * MB, voiceBytes: MB });
    } else if (method === 'iterate') {
      if (width === '5') {
        process.exit(3);
      }
      const full = (width === '1' ? 260 : 298) * MB + (${device === 'gpu'} ? queue : 0) * MB;
      const peakBytes = limit < full ? Math.max(limit + 10 * MB, 250 * MB) : full;
      answer(request, { ...sample(parameters), peakBytes, seconds: 0.2 * (${device === 'gpu'} ? slower : 1) * (limit < full ? 2.5 : 1) * (1 + 0.002 * started) });
    } else if (method === 'synthesize') {
      answer(request, { audio: Float32Array.of(0.5, width === '1' ? 0.25 : 0.5), sampleRate: 24000 });
    } else {
      respond(request);
    }
  });
  ready();
`;

describe('a tuning', () => {
  let log: string;
  const { settings } = exampleProfile();

  const tune = (device: 'cpu' | 'gpu', options: Partial<TuneOptions> = {}) =>
    runTuning(
      scriptedSubject('bf16'),
      { ...settings, iterations: 3, warmupIterations: 1 },
      { rounds: 2, host: { entry: scriptedHost(simulated(device, log)) }, ...options },
    );

  const starts = (): unknown[] =>
    readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));

  beforeEach(() => {
    log = join(temporaryFolder(), 'starts.jsonl');
  });

  test('on a GPU tries the queue, the width, and limits, records what fails, and combines the best', async () => {
    const failed: string[] = [];
    const document = v.parse(
      tuneDocument,
      await tune('gpu', { onFailure: (setting) => void failed.push(setting) }),
    );
    const tried = document.points.map(({ mlx }) => mlx);
    const ops = [1, 2, 5, 10, 20, 50].map((opsPerBuffer): MlxSettings => ({ opsPerBuffer }));
    const limits = [240, 316, 392].map((each): MlxSettings => ({ memoryLimitBytes: each * 1e6 }));
    assert.deepEqual(tried, [
      {},
      ...ops,
      { bfsWidth: 1 },
      { bfsWidth: 2 },
      ...limits,
      { opsPerBuffer: 5, bfsWidth: 1 },
    ]);
    assert.deepEqual(failed, ['MLX_BFS_MAX_WIDTH=5']);
    assert.deepEqual(
      document.failures.map(({ mlx, error }) => [mlx, error.code]),
      [[{ bfsWidth: 5 }, 'host-died']],
    );
    assert.equal(document.activeBytes, 164e6);
    assert.equal(document.knee, tried.length - 1);
    assert.match(
      document.conclusion,
      /The best trade is MLX_MAX_OPS_PER_BUFFER=5, MLX_BFS_MAX_WIDTH=1: 37% off/,
    );
    assert.match(document.conclusion, /not the same to the bit/, 'its speech was compared');
    for (const { rounds, timeRatio, mlx } of document.points) {
      assert.ok(rounds.length >= 2, JSON.stringify(mlx));
      assert.ok(
        timeRatio.maximum / timeRatio.minimum < 1.1,
        'a machine that slows down does not show in a ratio',
      );
    }
  });

  test('goes through every second round backward, each setting in a host of its own', async () => {
    await tune('cpu', { values: { bfsWidth: [1, 2], memoryLimitBytes: [] } });
    const widths = starts().map((each) => v.parse(v.object({ width: v.optional(v.string()) }), each).width);
    assert.deepEqual(widths, [undefined, '1', '2', '2', '1', undefined]);
  });

  test('leaves the queue out on the CPU, and combines a width with a limit only where both help', async () => {
    const { points } = await tune('cpu', { values: { bfsWidth: [1, 2] } });
    assert.ok(points.every(({ mlx }) => mlx.opsPerBuffer === undefined));
    assert.ok(
      points.every(({ mlx }) => Object.keys(mlx).length < 2),
      'limits add more time here than they save',
    );
  });

  test("takes MLX's variables out of the environment of MLX by itself", async () => {
    process.env['MLX_BFS_MAX_WIDTH'] = '7';
    try {
      await tune('cpu', { values: { bfsWidth: [], memoryLimitBytes: [] }, rounds: 1 });
    } finally {
      delete process.env['MLX_BFS_MAX_WIDTH'];
    }
    assert.deepEqual(starts(), [{}]);
  });

  test('ends its host and throws the reason when it is stopped', async () => {
    const controller = new AbortController();
    const stopped = new Error('stopped');
    const run = tune('cpu', {
      signal: controller.signal,
      onHost: ({ place }) => place === 2 && controller.abort(stopped),
    });
    await assert.rejects(run, stopped);
    assert.equal(starts().length, 1);
  });

  test('fails where MLX by itself cannot be measured', async () => {
    const host = { entry: scriptedHost('process.exit(4);') };
    await assert.rejects(tune('cpu', { host }), { code: 'host-died' });
  });
});
