/** Studies over scripted hosts: what becomes of the others when one model fails. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { studyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { obedient, scriptedHost, scriptedSubject } from '../../test/scripted-host.ts';
import { Interruption } from '../interruption.ts';
import { runStudy } from './study.ts';
import type { StudyOptions } from './study.ts';

const settings = { ...exampleProfile().settings, iterations: 4, warmupIterations: 1 };

async function study(models: readonly string[], host: string, options: Partial<StudyOptions> = {}) {
  const steps: RunStep[] = [];
  const document = await runStudy(models, settings, {
    find: scriptedSubject,
    host: { entry: scriptedHost(host) },
    onStep: (step) => steps.push(step),
    ...options,
  });
  assert.deepEqual(v.parse(studyDocument, document), document);
  return { document, steps };
}

test('each model is measured in a host of its own, one after the other', async () => {
  const { document, steps } = await study(['bf16', 'fp32'], obedient);
  assert.equal(document.outcome, 'complete');
  assert.deepEqual(
    document.runs.map(({ model, iterations }) => [model.name, iterations.length]),
    [
      ['bf16', 5],
      ['fp32', 5],
    ],
  );
  const kinds = steps.map(({ kind }) => kind);
  assert.deepEqual(kinds, [...wholeRun, ...wholeRun]);
});

const wholeRun = ['model', 'loaded', ...Array.from({ length: 5 }, () => 'iteration')];

test('a model that does not load is recorded, and the others are measured', async () => {
  const { document } = await study(
    ['bf16', 'broken', 'fp32'],
    `
      process.on('message', (request) => {
        if (request.method === 'load' && request.parameters.folder === 'broken') {
          const failure = { code: 'bad-checkpoint', message: 'Keys are missing.', hint: 'Get another.' };
          process.send({ type: 'failure', id: request.id, failure });
        } else {
          respond(request);
        }
      });
      ready();
    `,
  );
  assert.equal(document.outcome, 'failed');
  assert.deepEqual(
    document.runs.map(({ model }) => model.name),
    ['bf16', 'fp32'],
  );
  assert.deepEqual(document.failures, [
    {
      model: 'broken',
      error: { code: 'bad-checkpoint', message: 'Keys are missing.', hint: 'Get another.' },
    },
  ]);
});

test('a model whose host dies in the loop keeps its samples, and the others are measured', async () => {
  const { document } = await study(
    ['bf16', 'fatal', 'fp32'],
    `
      let folder;
      process.on('message', (request) => {
        folder ??= request.parameters.folder;
        if (request.method === 'iterate' && folder === 'fatal' && request.parameters.index === 3) {
          process.kill(process.pid, 'SIGKILL');
        } else {
          respond(request);
        }
      });
      ready();
    `,
  );
  assert.equal(document.outcome, 'failed');
  assert.equal(document.runs.length, 3);
  const [, fatal] = document.runs;
  assert.equal(fatal?.iterations.length, 3);
  assert.equal(fatal.outcome.status, 'interrupted');
  assert.match(document.conclusion, /fatal was interrupted after 2 of 4 iterations/);
});

test('a model that cannot be fetched is recorded before anything is measured', async () => {
  const { document, steps } = await study(['owner/model', 'bf16'], obedient, {
    find: (model) =>
      model === 'owner/model'
        ? Promise.reject(new TidemarkError('network', 'Not reached.'))
        : scriptedSubject(model),
  });
  const [first] = steps;
  assert.equal(first?.kind, 'trouble');
  assert.equal(first.what, 'owner/model could not be measured.');
  assert.equal(document.runs.length, 1);
  assert.equal(document.failures.length, 1);
});

test('a model that does not exist stops the study before anything is measured', async () => {
  const steps: RunStep[] = [];
  const refused = study(['bf16', 'bf61'], obedient, {
    onStep: (step) => steps.push(step),
    find: (model) =>
      model === 'bf61'
        ? Promise.reject(new TidemarkError('unknown-model', 'No bf61.'))
        : scriptedSubject(model),
  });
  await assert.rejects(refused, /No bf61/);
  assert.deepEqual(steps, []);
});

test('a study that is stopped keeps what was measured, and names what was not begun', async () => {
  const controller = new AbortController();
  const { document } = await study(
    ['bf16', 'slow', 'fp32'],
    `
      let folder;
      process.on('message', (request) => {
        folder ??= request.parameters.folder;
        if (request.method === 'iterate' && folder === 'slow' && request.parameters.index === 2) {
          setInterval(() => {}, 1000);
        } else {
          respond(request);
        }
      });
      ready();
    `,
    {
      signal: controller.signal,
      onStep: (step) => {
        if (step.kind === 'iteration' && step.sample.index === 1) {
          setTimeout(() => controller.abort(new Interruption('SIGINT')), 300);
        }
      },
    },
  );
  assert.equal(document.outcome, 'interrupted');
  assert.deepEqual(
    document.runs.map(({ model, outcome }) => [model.name, outcome.status]),
    [
      ['bf16', 'complete'],
      ['slow', 'interrupted'],
    ],
  );
  assert.deepEqual(document.skipped, ['fp32']);
});

test('a study that is stopped before anything is measured has nothing to show', async () => {
  const controller = new AbortController();
  controller.abort(new Interruption('SIGTERM'));
  await assert.rejects(study(['bf16'], obedient, { signal: controller.signal }), /SIGTERM/);
});

test('the same model twice is measured twice', async () => {
  const { document } = await study(['bf16', 'bf16'], obedient);
  assert.equal(document.runs.length, 2);
  assert.equal(document.comparison?.differences.length, 1);
});
