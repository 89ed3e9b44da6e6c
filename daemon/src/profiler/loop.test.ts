/** The loop, over a host that is a test double. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProfile, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { HostDeath } from '../host/host-death.ts';
import type { CallOptions } from '../host/model-host.ts';
import type { IterationParameters } from '../host/messages.ts';
import { Interruption } from '../interruption.ts';
import { iterationLabel, outcomeOf, runLoop } from './loop.ts';

const settings = { ...exampleProfile().settings, iterations: 4, warmupIterations: 2 };

/** A host that gives samples until one of the iterations, where it throws. */
function hostThatFailsAt(index: number, error = new Error('unexpected')) {
  const asked: { parameters: IterationParameters; options: CallOptions | undefined }[] = [];
  return {
    asked,
    iterate: (parameters: IterationParameters, options?: CallOptions) => {
      asked.push({ parameters, options });
      return parameters.index === index
        ? Promise.reject(error)
        : Promise.resolve(exampleSample(parameters.index, { warmup: parameters.warmup }));
    },
  };
}

test('warm-up comes first, and every iteration is asked for the same work', async () => {
  const host = hostThatFailsAt(-1);
  const { iterations, outcome } = await runLoop(host, settings);
  assert.deepEqual(outcome, { status: 'complete' });
  assert.deepEqual(
    iterations.map(({ index, warmup }) => [index, warmup]),
    [
      [0, true],
      [1, true],
      [2, false],
      [3, false],
      [4, false],
      [5, false],
    ],
  );
  const works = new Set(
    host.asked.map(({ parameters }) => JSON.stringify({ ...parameters, index: 0, warmup: false })),
  );
  assert.equal(works.size, 1);
});

test('an iteration is named as a person counts', () => {
  assert.equal(iterationLabel(0, 2), 'warm-up 1');
  assert.equal(iterationLabel(2, 2), 'iteration 1');
  assert.equal(iterationLabel(0, 0), 'iteration 1');
});

test('the samples before a failure are kept, and each is told as it comes', async () => {
  const told: number[] = [];
  const error = new HostDeath({ code: null, signal: 'SIGKILL', lastWords: '' }, 'in iteration 2');
  const host = hostThatFailsAt(3, error);
  const result = await runLoop(host, settings, { onSample: ({ index }) => told.push(index) });
  assert.equal(result.iterations.length, 3);
  assert.deepEqual(told, [0, 1, 2]);
  assert.equal(result.error, error);
  assert.deepEqual(result.outcome, { status: 'interrupted', reason: error.message, signal: 'SIGKILL' });
  assert.equal(host.asked.at(-1)?.options?.doing, 'in iteration 2');
});

test('a run that a signal stopped is interrupted, and says by which', () => {
  assert.deepEqual(outcomeOf(new Interruption('SIGINT')), {
    status: 'interrupted',
    reason: 'Stopped by SIGINT.',
    signal: 'SIGINT',
  });
  assert.deepEqual(outcomeOf(new TidemarkError('interrupted', 'Cancelled.')), {
    status: 'interrupted',
    reason: 'Cancelled.',
  });
});

test('a host that exits by itself, and an error in the network, are failures', () => {
  const exited = new HostDeath({ code: 1, signal: null, lastWords: '' }, 'in iteration 1');
  assert.equal(outcomeOf(exited).status, 'failed');
  assert.deepEqual(outcomeOf(new Error('matmul: shapes do not match')), {
    status: 'failed',
    reason: 'matmul: shapes do not match',
    error: { code: 'internal', message: 'matmul: shapes do not match' },
  });
});
