/** Documents that are made of what was recorded before the end that nobody saw. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { exampleProfile, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { studyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { exampleHead, exampleRun, runAtWork, withHistory } from '../../test/example-histories.ts';

test('the document of a dead run is valid, and says with which signal it ended', () => {
  withHistory((history) => {
    const { id } = runAtWork(history, 1);
    history.runs.interruptRunning('The daemon ended.', 'SIGKILL');
    const { document } = history.runs.detail(id);
    const profile = v.parse(profileDocument, document);
    assert.deepEqual(profile.outcome, {
      status: 'interrupted',
      reason: 'The daemon ended.',
      signal: 'SIGKILL',
    });
    assert.equal(profile.iterations.length, 2);
    assert.equal(profile.summary?.iterations, 1);
    assert.deepEqual(
      profile.leaks?.map(({ status }) => status),
      Array.from({ length: 6 }, () => 'inconclusive'),
    );
  });
});

test('a sample of a run that died is as it was taken, with what only some have', () => {
  withHistory((history) => {
    const { id } = runAtWork(history, 1);
    const whole = { tokens: 61, newShapes: 1, cacheBeforeBytes: 5, deviceBytes: 1_500_000_000 };
    const samples = [exampleSample(2), exampleSample(3, whole)];
    samples.forEach((sample) => history.runs.addSample(id, sample, 'measured', 'bf16'));
    history.runs.interruptRunning('The daemon ended.');
    const { iterations } = v.parse(profileDocument, history.runs.detail(id).document);
    assert.deepEqual(iterations.slice(-2), samples);
  });
});

test('a run that died right after loading has a document without iterations', () => {
  withHistory((history) => {
    const { id } = history.runs.add(exampleRun());
    history.runs.begin(id);
    history.runs.noteHead(id, exampleHead());
    history.runs.interruptRunning('The daemon ended.');
    const profile = v.parse(profileDocument, history.runs.detail(id).document);
    assert.deepEqual(profile.iterations, []);
    assert.equal(profile.summary, undefined);
  });
});

test('a run that died in its confirmation keeps both series', () => {
  withHistory((history) => {
    const { settings } = exampleProfile();
    const { id } = history.runs.add(exampleRun({ iterations: 12, warmupIterations: 0 }));
    history.runs.begin(id);
    history.runs.noteHead(
      id,
      exampleHead({ settings: { ...settings, iterations: 12, warmupIterations: 0 } }),
    );
    for (let index = 0; index < 15; index += 1) {
      const rising = { warmup: false, activeBytes: 160_500_000 + index * 1000 };
      history.runs.addSample(
        id,
        exampleSample(index, rising),
        index < 12 ? 'measured' : 'confirmation',
        'bf16',
      );
    }
    history.runs.interruptRunning('The daemon ended.');
    const profile = v.parse(profileDocument, history.runs.detail(id).document);
    assert.equal(profile.iterations.length, 12);
    assert.equal(profile.confirmation?.length, 3);
    const active = profile.leaks?.find(({ channel }) => channel === 'activeBytes');
    assert.equal(active?.reason, 'it rises, but the confirmation run was cut short');
  });
});

test('samples that make no valid document stay samples', () => {
  withHistory((history) => {
    const { id } = history.runs.add(exampleRun());
    history.runs.begin(id);
    history.runs.noteHead(id, exampleHead());
    // The first one is missing.
    history.runs.addSample(id, exampleSample(3), 'measured', 'bf16');
    history.runs.interruptRunning('The daemon ended.');
    const { document, samples } = history.runs.detail(id);
    assert.equal(document, undefined);
    assert.equal(samples.length, 1);
  });
});

test('a study that died in its second model has the first one whole', () => {
  withHistory((history) => {
    const models = ['bf16', '4bit-fp32', '4bit-bf16'];
    const { id } = history.runs.add(exampleRun({ kind: 'study', models }));
    history.runs.begin(id);
    for (const [name, samples] of [
      ['bf16', 6],
      ['4bit-fp32', 3],
    ] as const) {
      const head = exampleHead();
      history.runs.noteHead(id, { ...head, model: { ...head.model, name } });
      for (let index = 0; index < samples; index += 1) {
        history.runs.addSample(id, exampleSample(index), index === 0 ? 'warm-up' : 'measured', name);
      }
    }
    const [record] = history.runs.interruptRunning('The daemon ended.', 'SIGTERM');
    const study = v.parse(studyDocument, history.runs.detail(id).document);
    assert.deepEqual(
      study.runs.map(({ model, outcome, iterations }) => [model.name, outcome.status, iterations.length]),
      [
        ['bf16', 'complete', 6],
        ['4bit-fp32', 'interrupted', 3],
      ],
    );
    assert.deepEqual(study.skipped, ['4bit-bf16']);
    assert.equal(study.outcome, 'interrupted');
    assert.equal(study.comparison?.baseline, 'bf16');
    assert.equal(record?.finding, study.conclusion);
    assert.equal(history.runs.detail(id).samples.length, 9);
  });
});
