/** The schema of a profile: what it takes, and that it takes nothing else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { exampleProfile, exampleSample } from '../../test/example-documents.ts';
import { mutationsOf } from '../../test/mutations.ts';
import { profileDocument } from './profile-document.ts';

const accepts = (document: unknown): boolean => v.safeParse(profileDocument, document).success;

test('a whole document passes, before and after a trip through JSON', () => {
  const document = exampleProfile();
  assert.deepEqual(v.parse(profileDocument, document), document);
  assert.deepEqual(v.parse(profileDocument, JSON.parse(JSON.stringify(document))), document);
});

test('a run that ended early passes with the samples that it has, even with none', () => {
  const ended = exampleProfile({
    measured: [{}, {}],
    outcome: { status: 'interrupted', reason: 'The model host was ended by SIGKILL.', signal: 'SIGKILL' },
  });
  assert.ok(accepts({ ...ended, settings: { ...ended.settings, iterations: 15 } }));
  assert.ok(accepts({ ...ended, iterations: [], summary: undefined }));
  assert.ok(
    accepts({
      ...ended,
      outcome: { status: 'failed', reason: 'x', error: { code: 'out-of-memory', message: 'x' } },
    }),
  );
});

test('a document from a later version of Tidemark passes, and what is not known is left out', () => {
  const document = exampleProfile();
  assert.deepEqual(v.parse(profileDocument, { ...document, verdicts: ['later'] }), document);
});

test('a document that is wrong in any one place is refused', () => {
  const optional = new Set(['settings.text', 'model.source.license', 'summary', 'summary.realTimeFactor']);
  const signed = new Set(['summary.active.growthBytes', 'summary.extraTensors']);
  // What a device says of itself is free.
  const free = /^device\.info\./;
  let count = 0;
  for (const { path, kind, document } of mutationsOf(exampleProfile())) {
    const isAllowed =
      free.test(path) ||
      (kind === 'removed' && optional.has(path)) ||
      (kind === 'negative' && signed.has(path));
    if (!isAllowed) {
      assert.ok(!accepts(document), `${path} ${kind}`);
      count += 1;
    }
  }
  assert.ok(count > 500, `${count} mutations`);
});

test('iterations that do not belong together are refused', () => {
  const document = exampleProfile();
  const [warmup, first, ...rest] = document.iterations;
  assert.ok(warmup && first);
  assert.ok(!accepts({ ...document, iterations: [first, warmup, ...rest] }), 'out of order');
  assert.ok(!accepts({ ...document, iterations: [warmup, first] }), 'complete, but too few');
  assert.ok(!accepts({ ...document, iterations: [warmup, { ...first, warmup: true }, ...rest] }), 'warm-up');
  const low = exampleSample(1, { peakBytes: 1000 });
  assert.ok(!accepts({ ...document, iterations: [warmup, low, ...rest] }), 'a peak below what is active');
});
