/** Profiles, studies, and watched programs: what their schemas take and nothing else, and reading them from text. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { exampleProfile, exampleSample } from '../../test/example-documents.ts';
import { exampleRuns, exampleStudy, fullProfile } from '../../test/example-reports.ts';
import { exampleWatch } from '../../test/example-watch.ts';
import { assertSchema } from '../../test/mutations.ts';
import { profileDocument } from './profile-document.ts';
import { parseRunDocument } from './run-document.ts';
import { studyDocument } from './study-document.ts';
import type { StudyDocument } from './study-document.ts';
import { watchDocument } from './watch-document.ts';

const accepts = (document: unknown): boolean => v.safeParse(profileDocument, document).success;

test('a whole profile passes, before and after a trip through JSON', () => {
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

test('a profile from a later version of Tidemark passes, and what is not known is left out', () => {
  const document = exampleProfile();
  assert.deepEqual(v.parse(profileDocument, { ...document, verdicts: ['later'] }), document);
});

test('a profile that is wrong in any one place is refused', () => {
  const optional = new Set(['settings.text', 'model.source.license', 'summary', 'summary.realTimeFactor']);
  const signed = new Set(['summary.active.growthBytes', 'summary.extraTensors']);
  // What a device says of itself is free.
  const free = /^device\.info\./;
  const refused = assertSchema(
    profileDocument,
    exampleProfile(),
    (path, kind) =>
      free.test(path) ||
      (kind === 'removed' && optional.has(path)) ||
      (kind === 'negative' && signed.has(path)),
  );
  assert.ok(refused > 500, `${refused} mutations`);
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

/** Without an answer, in which many things may lack. */
function studyWithFailure(): StudyDocument {
  const study = exampleStudy({
    runs: exampleRuns().slice(0, 2),
    failures: [{ model: 'x/y', error: { code: 'network', message: 'Not reached.', hint: 'Later.' } }],
    outcome: 'failed',
  });
  delete study.answer;
  return study;
}

test('a study with a failed model passes, and one that is wrong in any one place does not', () => {
  const optional = ['comparison', 'settings.text', 'failures.0.error.hint'];
  const signed =
    /^comparison\.differences\.\d+\.(peakBytes|peakShare|loadActiveBytes|transientBytes|samples)$/;
  assertSchema(studyDocument, studyWithFailure(), (path, kind) => {
    // A run's own places are tested with the profile's schema.
    return (
      path.startsWith('runs.') ||
      (kind === 'removed' && optional.includes(path)) ||
      (kind === 'negative' && signed.test(path))
    );
  });
});

test('a run inside a study is checked as thoroughly as by itself', () => {
  const study = studyWithFailure();
  const [first] = study.runs;
  assert.ok(first);
  const broken = { ...study, runs: [{ ...first, iterations: first.iterations.toReversed() }] };
  assert.ok(!v.safeParse(studyDocument, broken).success);
});

test('a watched program passes, and one that is wrong in any one place does not', () => {
  const optional =
    /^(program\.exitCode|marks\.place|summary|summary\.footprintBytes|countingSeconds|peak\.(lifeIteration|ratePerIteration)|versions\.packages\..*|iterations\.\d+\.(activeBeforeBytes|footprintBytes|openFileDescriptors|trackedObjects|liveArrays))$/u;
  const signed = /^(summary\.active\.growthBytes|peak\.ratePerIteration)$/u;
  const refused = assertSchema(
    watchDocument,
    exampleWatch({ keptBytes: 4096 }),
    (path, kind) =>
      // A verdict's own places are tested with the profile's schema.
      /^(device\.info|leaks)\./u.test(path) ||
      (kind === 'removed' && optional.test(path)) ||
      (kind === 'negative' && signed.test(path)),
  );
  assert.ok(refused > 500, `${refused} mutations`);
  assert.ok(
    v.safeParse(watchDocument, exampleWatch({ length: 0, marks: { kind: 'none', calls: 0 } })).success,
  );
  const [warmup, first, ...rest] = exampleWatch().iterations;
  assert.ok(warmup && first);
  for (const iterations of [
    [first, warmup, ...rest],
    [warmup, { ...first, warmup: true }, ...rest],
    [warmup, { ...first, peakBytes: 1 }, ...rest],
  ]) {
    assert.ok(!v.safeParse(watchDocument, exampleWatch({ iterations })).success);
  }
});

for (const document of [fullProfile(), exampleStudy(), exampleWatch()]) {
  test(`a ${document.kind} comes back as it was, with a byte-order mark too`, () => {
    const json = JSON.stringify(document);
    assert.deepEqual(parseRunDocument(json, 'f'), JSON.parse(json));
    assert.deepEqual(parseRunDocument(`\uFEFF${json}\n`, 'f'), JSON.parse(json));
  });
}

describe('refused, with one sentence and a hint', () => {
  const json = JSON.stringify(fullProfile());
  const cases: readonly [what: string, text: string, pattern: RegExp][] = [
    ['nothing', ' \n', /^f\.json is empty\.$/],
    ['a document that was cut', json.slice(0, 500), /^f\.json is not JSON, or is truncated\.$/],
    ['other JSON', '{"name": "x"}', /not a Tidemark document/],
    ['an array, null and a number', '[1]', /not a Tidemark document/],
    ['null', 'null', /not a Tidemark document/],
    ['another document', '{"kind": "xray", "schemaVersion": 1}', /of kind “xray”/],
    [
      'the error of a command',
      '{"kind": "error", "schemaVersion": 1}',
      /holds the error of a failed command/,
    ],
    ['a later version', '{"kind": "study", "schemaVersion": 2}', /version 2 of its format.*reads version 1/],
    ['no version', '{"kind": "study"}', /no known version/],
    [
      'NaN, which JSON writes as null',
      json.replace(/"peakBytes":\d+/, '"peakBytes":null'),
      /is not a valid profile at /,
    ],
    [
      'a word in the place of a figure',
      json.replace(/"seconds":\d+/, '"seconds":"much"'),
      /not a valid profile at seconds: /,
    ],
  ];
  for (const [what, text, pattern] of cases) {
    test(what, () => {
      assert.throws(
        () => parseRunDocument(text, 'f.json'),
        (error: unknown) => {
          assert.ok(error instanceof Error && 'code' in error && 'hint' in error);
          assert.equal(error.code, 'bad-document');
          assert.match(error.message, pattern);
          assert.equal(typeof error.hint, 'string');
          return true;
        },
      );
    });
  }
});
