/** The loop with its leak verdicts, over hosts that are test doubles. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { LeakChannel } from '@tidemark/shared/protocol/leak-verdicts.ts';
import { exampleProfile, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import type { IterationSample } from '@tidemark/shared/protocol/profile-document.ts';
import { HostDeath } from '../host/host-death.ts';
import type { IterationParameters } from '../host/messages.ts';
import { runCheckedLoop } from './leak-check.ts';
import type { CheckedRun } from './leak-check.ts';

const settings = { ...exampleProfile().settings, iterations: 15, warmupIterations: 2 };

/** A host whose samples differ by what `changes` says, and that dies in one iteration. */
async function check(
  changes: (index: number) => Partial<IterationSample>,
  { diesIn = -1, iterations = 15 }: { readonly diesIn?: number; readonly iterations?: number } = {},
): Promise<CheckedRun & { readonly asked: IterationParameters[]; readonly steps: RunStep[] }> {
  const asked: IterationParameters[] = [];
  const steps: RunStep[] = [];
  const host = {
    iterate: (parameters: IterationParameters) => {
      const { index, warmup } = parameters;
      asked.push(parameters);
      return index === diesIn
        ? Promise.reject(new HostDeath({ code: null, signal: 'SIGKILL', lastWords: '' }, 'in an iteration'))
        : Promise.resolve(exampleSample(index, { warmup, ...changes(index) }));
    },
  };
  const run = await runCheckedLoop(
    host,
    { ...settings, iterations },
    { model: 'bf16', onStep: (step) => steps.push(step) },
  );
  return { ...run, asked, steps };
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
  const works = new Set(run.asked.map((each) => JSON.stringify({ ...each, index: 0, warmup: false })));
  assert.equal(works.size, 1);
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
