/** A study of several engines over scripted hosts: what each is asked, who is said to be at work, and what is kept when one fails. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { engineOf, studiesOf, studyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { obedient, scriptedHost, scriptedSubject } from '../../test/scripted-host.ts';
import { Interruption } from '../interruption.ts';
import { runStudies, settingsFor } from './engine-studies.ts';
import { engineRequestsOf } from './settings.ts';
import type { StudyOptions } from './study.ts';

const settled = { ...exampleProfile().settings, iterations: 4, warmupIterations: 1 };

/** Both engines, run by the same script: what is asked of each is what counts here. */
const asked = engineRequestsOf({ engines: ['tidemark', 'mlx-audio'], python: '/usr/bin/python3' }).map(
  (request) => ({ settings: settingsFor(settled, request), engine: undefined }),
);

async function study(models: readonly string[], host: string, options: Partial<StudyOptions> = {}) {
  const steps: RunStep[] = [];
  const document = await runStudies(models, asked, {
    find: scriptedSubject,
    host: { entry: scriptedHost(host) },
    onStep: (step) => steps.push(step),
    ...options,
  });
  assert.deepEqual(v.parse(studyDocument, document), document);
  return { document, steps };
}

test('each engine measures every model, with the same settings but for itself, and each step says whose it is', async () => {
  const finds: string[] = [];
  const { document, steps } = await study(['bf16', 'fp32'], obedient, {
    find: (model) => {
      finds.push(model);
      return scriptedSubject(model);
    },
  });
  assert.equal(document.outcome, 'complete');
  const studies = studiesOf(document);
  assert.deepEqual(studies.map(engineOf), ['tidemark', 'mlx-audio']);
  assert.ok(studies.every(({ runs }) => runs.length === 2));
  const [first, second] = studies.map(({ settings }) => settings);
  const own = { engine: 'mlx-audio', python: '/usr/bin/python3', phonemesFrom: 'tidemark' };
  assert.deepEqual(second, { ...first, ...own });
  assert.ok(document.seconds >= (document.otherEngines?.[0]?.seconds ?? Infinity));
  assert.deepEqual(finds, ['bf16', 'fp32']);
  assert.deepEqual(
    steps.flatMap((step) => (step.kind === 'model' ? [[step.engine, step.model]] : [])),
    [
      ['tidemark', 'bf16'],
      ['tidemark', 'fp32'],
      ['mlx-audio', 'bf16'],
      ['mlx-audio', 'fp32'],
    ],
  );
  assert.match(
    document.conclusion,
    /cannot be told: no intervention was measured\. In tidemark: .* In mlx-audio: /,
  );
});

test('one engine is a study as ever', async () => {
  const [only] = asked;
  assert.ok(only);
  const document = await runStudies(['bf16'], [only], {
    find: scriptedSubject,
    host: { entry: scriptedHost(obedient) },
    onStep: (step) => assert.ok(!('engine' in step)),
  });
  assert.ok(!('otherEngines' in document) && !('agreements' in document));
});

test('an engine whose host does not start is recorded with its models, and the first one’s study is kept', async () => {
  const failing = asked.map((each, place) =>
    place === 0
      ? each
      : { ...each, engine: { name: 'mlx-audio' as const, python: '/nonexistent/python', isOwn: false } },
  );
  const document = await runStudies(['bf16'], failing, {
    find: scriptedSubject,
    host: { entry: scriptedHost(obedient) },
  });
  assert.equal(document.outcome, 'failed');
  assert.equal(document.runs.length, 1);
  const [other] = document.otherEngines ?? [];
  assert.deepEqual(
    other?.failures.map(({ model, error }) => [model, error.code]),
    [['bf16', 'host-died']],
  );
});

test('stopped in the second engine, the first one’s study is kept whole, and the other says what was not begun', async () => {
  const controller = new AbortController();
  const { document } = await study(['bf16', 'fp32'], obedient, {
    signal: controller.signal,
    onStep: (step) => {
      if (step.kind === 'model' && step.engine === 'mlx-audio') {
        controller.abort(new Interruption('SIGINT'));
      }
    },
  });
  assert.equal(document.outcome, 'interrupted');
  assert.equal(document.runs.length, 2);
  const [other] = document.otherEngines ?? [];
  assert.deepEqual(other?.skipped, ['bf16', 'fp32']);
  assert.equal(other.outcome, 'interrupted');
});

test('stopped in the first engine, the others are not begun, and what was measured is kept', async () => {
  const controller = new AbortController();
  const { document, steps } = await study(['bf16', 'fp32'], obedient, {
    signal: controller.signal,
    onStep: (step) => {
      if (step.kind === 'iteration' && step.phase === 'measured' && step.place === 4) {
        controller.abort(new Interruption('SIGINT'));
      }
    },
  });
  assert.deepEqual(steps, []);
  assert.equal(document.outcome, 'interrupted');
  assert.equal(document.runs.length, 1);
  assert.deepEqual(
    document.otherEngines?.map(({ runs, skipped }) => [runs, skipped]),
    [[[], ['bf16', 'fp32']]],
  );
});

test('a model that does not exist stops it before anything is measured', async () => {
  await assert.rejects(
    study(['bf61'], obedient, { find: () => Promise.reject(new TidemarkError('unknown-model', 'No bf61.')) }),
    /No bf61/,
  );
});

test('engines that cannot be asked together are refused', () => {
  const refused: readonly (readonly [request: Parameters<typeof engineRequestsOf>[0], words: RegExp])[] = [
    [{ engines: ['tidemark', 'tidemark'] }, /named twice/],
    [{ engine: 'mlx-audio', engines: ['tidemark', 'mlx-audio'] }, /Both one engine and several/],
    [{ engines: ['tidemark'], python: '/usr/bin/python3' }, /A Python was named/],
    [{ python: '/usr/bin/python3' }, /A Python was named/],
    [{ engines: ['tidemark', 'mlx-audio'], deterministic: true }, /mlx-audio cannot speak without/],
  ];
  for (const [request, words] of refused) {
    assert.throws(() => engineRequestsOf(request), words);
  }
});
