/** Self-tests over scripted hosts: what is said where a plant is not found, a host dies, or a person stops it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { plantKinds, selftestDocument } from '@tidemark/shared/protocol/command-documents.ts';
import type { PlantKind } from '@tidemark/shared/protocol/command-documents.ts';
import { scriptedHost, scriptedSubject } from '../../test/scripted-host.ts';
import { Interruption } from '../interruption.ts';
import { plants, repetitions, runSelftest } from './selftest.ts';
import type { SelftestOptions } from './selftest.ts';

const settings = { ...exampleProfile().settings, iterations: 10, warmupIterations: 1 };

/** Answers an iteration with what `iterate` makes of its sample, and a plant with `planted`. Both see `kind` and `turn`. */
const planted = (iterate: string, amount = '1000'): string => `
  let turn = 0;
  let kind;
  process.on('message', (request) => {
    if (request.method === 'plant') {
      kind = request.parameters.kind;
      turn += 1;
      answer(request, ${amount});
    } else if (request.method === 'iterate') {
      const made = sample(request.parameters);
      ${iterate};
      answer(request, made);
    } else {
      respond(request);
    }
  });
  ready();
`;

async function selftest(kinds: readonly PlantKind[], host: string, options: SelftestOptions = {}) {
  const steps: RunStep[] = [];
  const document = await runSelftest(
    plants.filter(({ kind }) => kinds.includes(kind)),
    scriptedSubject('bf16'),
    settings,
    { host: { entry: scriptedHost(host) }, onStep: (step) => steps.push(step), ...options },
  );
  assert.deepEqual(v.parse(selftestDocument, document), document);
  return { document, steps };
}

test('a plant that the figures show is found, with its rate beside the planted one', async () => {
  const { document, steps } = await selftest(
    ['tensor-4-bytes', 'nothing'],
    planted("if (kind === 'tensor-4-bytes') made.activeBytes += 1000 * turn"),
  );
  const [leak, nothing] = document.plants;
  assert.equal(leak?.result, 'as-expected');
  assert.equal(leak.channel, 'activeBytes');
  assert.equal(leak.plantedRate, 1000);
  assert.equal(leak.measuredRate, 1000);
  assert.equal(leak.confirmation?.length, 20);
  assert.equal(nothing?.result, 'as-expected');
  assert.equal(nothing.confirmation, undefined);
  assert.equal(document.outcome, 'passed');
  assert.equal(steps.filter(({ kind }) => kind === 'confirming').length, 1);
});

test('a plant that the figures do not show is missed', async () => {
  const { document } = await selftest(['native-malloc'], planted(''));
  assert.equal(document.outcome, 'failed');
  assert.equal(document.plants[0]?.result, 'missed');
  assert.match(document.plants[0].reason ?? '', /footprint/);
});

test('a rate that is not the planted one, and growth elsewhere, fail', async () => {
  const doubled = await selftest(['tensor-4-bytes'], planted('made.activeBytes += 2000 * turn'));
  assert.equal(doubled.document.plants[0]?.result, 'wrong-rate');
  const elsewhere = await selftest(['nothing'], planted('made.openFileDescriptors += turn'));
  assert.equal(elsewhere.document.plants[0]?.result, 'false-alarm');
});

test('a host that dies fails its plant, and the others are run', async () => {
  const dying = planted("if (kind === 'bounded-cache' && turn === 5) process.kill(process.pid, 'SIGKILL')");
  const { document } = await selftest(['nothing', 'bounded-cache', 'one-step'], dying);
  assert.deepEqual(
    document.plants.map(({ plant, result }) => [plant, result]),
    [
      ['nothing', 'as-expected'],
      ['bounded-cache', 'failed'],
      ['one-step', 'as-expected'],
    ],
  );
  assert.equal(document.outcome, 'failed');
  assert.equal(document.plants[1]?.iterations.length, 5);
});

test('a self-test that is stopped keeps the plants that were done', async () => {
  const controller = new AbortController();
  let ended = 0;
  const { document } = await selftest(['nothing', 'bounded-cache', 'one-step'], planted(''), {
    signal: controller.signal,
    onResult: () => {
      ended += 1;
    },
    onStep: ({ kind }) => {
      if (kind === 'iteration' && ended === 1) {
        controller.abort(new Interruption('SIGINT'));
      }
    },
  });
  assert.equal(document.outcome, 'interrupted');
  assert.deepEqual(
    document.plants.map(({ plant }) => plant),
    ['nothing'],
  );
});

test('a self-test that is stopped before anything is done has nothing to show', async () => {
  const controller = new AbortController();
  controller.abort(new Interruption('SIGTERM'));
  await assert.rejects(selftest(['nothing'], planted(''), { signal: controller.signal }), /SIGTERM/);
});

test('every kind has a plan, leaks first, and lengths vary', () => {
  assert.deepEqual(
    plants.map(({ kind }) => kind),
    [...plantKinds],
  );
  const lengths = Array.from({ length: 46 }, (_, index) => repetitions(index));
  assert.ok(lengths.every((length) => Number.isInteger(length) && length >= 1));
  assert.ok(new Set(lengths).size >= 3);
  // In the confirmation run no longer than before: what grows for ever needs memory for ever.
  assert.ok(Math.max(...lengths.slice(16)) <= Math.max(...lengths.slice(0, 16)));
});
