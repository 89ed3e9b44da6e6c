/** The loop and its leak verdicts, over hosts that are test doubles. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { LeakChannel } from '@tidemark/shared/protocol/leak-verdicts.ts';
import type { IterationSample } from '@tidemark/shared/protocol/profile-document.ts';
import { exampleProfile, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { iterationLabel } from '@tidemark/shared/format/work-words.ts';
import { HostDeath } from '../host/host-death.ts';
import type { CallOptions, HostParameters } from '../host/model-host.ts';
import { Interruption } from '../interruption.ts';
import { outcomeOf, runCheckedLoop, runLoop } from './loop.ts';
import type { CheckedRun } from './loop.ts';

const settings = { ...exampleProfile().settings, iterations: 4, warmupIterations: 2 };

type Iteration = HostParameters<'iterate'>;

/** A host that throws in one iteration, and whose samples before it differ by what `changes` says. */
function hostThatFailsAt(
  failing: number,
  error = new Error('unexpected'),
  changes: (index: number) => Partial<IterationSample> = () => ({}),
) {
  const asked: Iteration[] = [];
  const options: (CallOptions | undefined)[] = [];
  return {
    asked,
    options,
    resetCache: () => Promise.resolve({ limitBytes: 0 }),
    iterate: (parameters: Iteration, callOptions?: CallOptions) => {
      const { index, warmup } = parameters;
      asked.push(parameters);
      options.push(callOptions);
      return index === failing
        ? Promise.reject(error)
        : Promise.resolve(exampleSample(index, { warmup, ...changes(index) }));
    },
  };
}

/** How many different kinds of work a host was asked for, wherever in the loop. */
const differentWorks = (asked: readonly Iteration[]): number =>
  new Set(asked.map((each) => JSON.stringify({ ...each, index: 0, warmup: false }))).size;

test('warm-up comes first, and every iteration is asked for the same work', async () => {
  const host = hostThatFailsAt(-1);
  const { iterations, outcome } = await runLoop(host, settings, { model: 'bf16' });
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
  assert.equal(differentWorks(host.asked), 1);
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
  const onStep = (step: RunStep): unknown => step.kind === 'iteration' && told.push(step.sample.index);
  const result = await runLoop(host, settings, { model: 'bf16', onStep });
  assert.equal(result.iterations.length, 3);
  assert.deepEqual(told, [0, 1, 2]);
  assert.equal(result.error, error);
  assert.deepEqual(result.outcome, { status: 'interrupted', reason: error.message, signal: 'SIGKILL' });
  assert.equal(host.options.at(-1)?.doing, 'in iteration 2');
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

/** The loop with its verdicts, of a host whose samples differ by what `changes` says, and that dies in one iteration. */
async function check(
  changes: (index: number) => Partial<IterationSample>,
  { diesIn = -1, iterations = 15 }: { readonly diesIn?: number; readonly iterations?: number } = {},
): Promise<CheckedRun & { readonly asked: Iteration[]; readonly steps: RunStep[] }> {
  const steps: RunStep[] = [];
  const death = new HostDeath({ code: null, signal: 'SIGKILL', lastWords: '' }, 'in an iteration');
  const host = hostThatFailsAt(diesIn, death, changes);
  const run = await runCheckedLoop(
    host,
    { ...settings, iterations },
    { model: 'bf16', onStep: (step) => steps.push(step) },
  );
  return { ...run, asked: host.asked, steps };
}

const statusOf = ({ leaks }: CheckedRun, channel: LeakChannel): string | undefined =>
  leaks.find((verdict) => verdict.channel === channel)?.status;

test('a clean run is judged without a confirmation run', async () => {
  const run = await check(() => ({}));
  assert.equal(run.asked.length, 17);
  assert.equal(run.confirmation, undefined);
  assert.ok(run.leaks.every(({ status }) => status === 'no-leak'));
});

test('a rise is followed by twice as many iterations in the same host, said why, and called a leak', async () => {
  const run = await check((index) => ({ activeBytes: 160_000_000 + 4 * index }));
  assert.equal(run.iterations.length, 17);
  assert.equal(run.confirmation?.length, 30);
  assert.deepEqual(
    run.confirmation.map(({ index, warmup }) => [index, warmup]),
    Array.from({ length: 30 }, (_, place) => [17 + place, false]),
  );
  assert.equal(differentWorks(run.asked), 1);
  assert.equal(statusOf(run, 'activeBytes'), 'leak');
  assert.equal(statusOf(run, 'heapBytes'), 'no-leak');
  assert.deepEqual(
    run.steps.filter(({ kind }) => kind === 'confirming'),
    [{ kind: 'confirming', channels: ['activeBytes'], iterations: 30 }],
  );
  const places = run.steps.flatMap((step) =>
    step.kind === 'iteration' && step.phase === 'confirmation' ? [step.place] : [],
  );
  assert.deepEqual(
    places,
    Array.from({ length: 30 }, (_, place) => place + 1),
  );
});

test('a rise that ends in the confirmation run is a plateau', async () => {
  const run = await check((index) => ({ activeBytes: 160_000_000 + 4 * Math.min(index, 20) }));
  assert.equal(run.confirmation?.length, 30);
  assert.equal(statusOf(run, 'activeBytes'), 'plateau');
});

test('a warm-up that is larger than anything later is no decline, and one that is smaller no rise', async () => {
  for (const weight of [1, 900_000_000]) {
    const run = await check((index) => (index < 2 ? { footprintBytes: weight } : {}));
    assert.equal(statusOf(run, 'footprintBytes'), 'no-leak');
  }
});

test('a run of three iterations has no verdict and no confirmation run, however it grows', async () => {
  const run = await check((index) => ({ activeBytes: 1000 * index }), { iterations: 3 });
  assert.equal(run.confirmation, undefined);
  assert.ok(run.leaks.every(({ status }) => status === 'inconclusive'));
  assert.match(run.leaks[0]?.reason ?? '', /3 measured iterations/);
});

test('a host that dies half way leaves no verdict', async () => {
  const run = await check((index) => ({ activeBytes: 1000 * index }), { diesIn: 14 });
  assert.equal(run.outcome.status, 'interrupted');
  assert.equal(run.confirmation, undefined);
  assert.ok(run.leaks.every(({ status }) => status === 'inconclusive'));
  assert.match(run.leaks[0]?.reason ?? '', /ended after 12 of 15 iterations/);
  assert.equal(run.steps.at(-1)?.kind, 'trouble');
});

test('a host that dies in the confirmation run leaves only what rose open', async () => {
  const run = await check((index) => ({ activeBytes: 1000 * index }), { diesIn: 25 });
  assert.equal(run.outcome.status, 'interrupted');
  assert.equal(run.iterations.length, 17);
  assert.equal(run.confirmation?.length, 8);
  assert.equal(statusOf(run, 'activeBytes'), 'inconclusive');
  assert.equal(statusOf(run, 'liveTensors'), 'no-leak');
});
