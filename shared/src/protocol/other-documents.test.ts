/** The schemas of studies, of speech, of the catalogue, of the doctor and of errors. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { concludeStudy } from '../analysis/conclusions.ts';
import { compareRuns } from '../analysis/run-summary.ts';
import { TidemarkError } from '../errors.ts';
import { doctorDocument } from './doctor-document.ts';
import type { DoctorDocument } from './doctor-document.ts';
import { errorDocument } from './error-document.ts';
import { exampleProfile } from '../../test/example-documents.ts';
import { modelsDocument } from './models-document.ts';
import type { ModelsDocument } from './models-document.ts';
import { mutationsOf } from '../../test/mutations.ts';
import { toErrorRecord } from './quantities.ts';
import { sayDocument } from './say-document.ts';
import type { SayDocument } from './say-document.ts';
import { studyDocument } from './study-document.ts';
import type { StudyDocument } from './study-document.ts';

/** Checks that a document passes, and that no mutation of it does but those that `allows` names. */
function checkSchema(
  schema: v.GenericSchema,
  document: unknown,
  allows: (path: string, kind: string) => boolean = () => false,
): void {
  assert.deepEqual(v.parse(schema, document), document);
  for (const mutation of mutationsOf(document)) {
    if (!allows(mutation.path, mutation.kind)) {
      assert.ok(!v.safeParse(schema, mutation.document).success, `${mutation.path} ${mutation.kind}`);
    }
  }
}

function exampleStudy(): StudyDocument {
  const baseline = exampleProfile();
  const other = exampleProfile({
    name: '4bit-fp32',
    bytesByDtype: { float32: 270_000_000, uint32: 10_000_000 },
    measured: Array.from({ length: 5 }, () => ({ peakBytes: 700_000_000 })),
  });
  const runs = [baseline, other];
  const findings = {
    runs,
    failures: [
      { model: 'x/y', error: { code: 'network' as const, message: 'Not reached.', hint: 'Later.' } },
    ],
    skipped: [],
    comparison: compareRuns(runs),
  };
  const { comparison } = findings;
  assert.ok(comparison);
  return {
    kind: 'study',
    schemaVersion: 1,
    startedAt: '2025-11-24T10:00:00.000Z',
    seconds: 60,
    models: ['bf16', '4bit-fp32', 'x/y'],
    settings: baseline.settings,
    ...findings,
    comparison,
    conclusion: concludeStudy({ ...findings, comparison }),
    outcome: 'failed',
  };
}

test('a study with a failed model passes, and one that is wrong in any one place does not', () => {
  const optional = ['comparison', 'settings.text', 'failures.0.error.hint'];
  const signed =
    /^comparison\.differences\.\d+\.(peakBytes|peakShare|loadActiveBytes|transientBytes|samples)$/;
  checkSchema(studyDocument, exampleStudy(), (path, kind) => {
    // A run's own places are tested with the profile's schema.
    return (
      path.startsWith('runs.') ||
      (kind === 'removed' && optional.includes(path)) ||
      (kind === 'negative' && signed.test(path))
    );
  });
});

test('a run inside a study is checked as thoroughly as by itself', () => {
  const study = exampleStudy();
  const [first] = study.runs;
  assert.ok(first);
  const broken = { ...study, runs: [{ ...first, iterations: first.iterations.toReversed() }] };
  assert.ok(!v.safeParse(studyDocument, broken).success);
});

test('what was said passes', () => {
  const { model, device, versions, settings } = exampleProfile();
  const { phonemes, voice, seed, deterministic, speed } = settings;
  const document: SayDocument = {
    kind: 'say',
    schemaVersion: 1,
    startedAt: '2025-11-24T10:00:00.000Z',
    model,
    device,
    versions,
    settings: { text: 'Hello.', phonemes, voice, seed, deterministic, speed },
    audio: {
      file: 'hello.wav',
      fileBytes: 64_844,
      format: 'int16',
      sampleRate: 24_000,
      samples: 32_400,
      seconds: 1.35,
    },
    synthesisSeconds: 1.2,
  };
  const optional = ['settings.text', 'model.source.license'];
  checkSchema(sayDocument, document, (path, kind) => {
    return (
      path.startsWith('device.info.') ||
      path.startsWith('model.bytesByDtype.') ||
      (kind === 'removed' && optional.includes(path))
    );
  });
});

test('the catalogue passes', () => {
  const document: ModelsDocument = {
    kind: 'models',
    schemaVersion: 1,
    dataFolder: '/data',
    models: [
      {
        name: '4bit-fp32',
        description: '4-bit',
        rest: 'float32',
        bits: 4,
        tensorBytes: 282_668_232,
        state: 'built',
        folder: '/data/models/4bit-fp32',
        diskBytes: 282_700_000,
      },
    ],
    removed: [{ name: 'bf16', freedBytes: 0 }],
  };
  checkSchema(
    modelsDocument,
    document,
    (path, kind) => kind === 'removed' && ['models.0.bits', 'removed'].includes(path),
  );
});

test('what the doctor found passes', () => {
  const { device, versions } = exampleProfile();
  const document: DoctorDocument = {
    kind: 'doctor',
    schemaVersion: 1,
    checkedAt: '2025-11-24T10:00:00.000Z',
    status: 'warn',
    checks: [{ id: 'disk', title: 'Disk space', status: 'warn', detail: '1 GB free', remedy: 'Make room.' }],
    device,
    versions,
  };
  const optional = ['device', 'versions', 'checks.0.remedy'];
  checkSchema(
    doctorDocument,
    document,
    (path, kind) => path.startsWith('device.info.') || (kind === 'removed' && optional.includes(path)),
  );
});

test('an error becomes a record with its code, and a foreign one is internal', () => {
  const hinted = new TidemarkError('unknown-model', 'There is no such model.', { hint: 'See `models`.' });
  assert.deepEqual(toErrorRecord(hinted), {
    code: 'unknown-model',
    message: 'There is no such model.',
    hint: 'See `models`.',
  });
  assert.deepEqual(toErrorRecord(new TypeError('x is not y')), { code: 'internal', message: 'x is not y' });
  assert.equal(toErrorRecord(new Error('')).code, 'internal');
  assert.equal(toErrorRecord('thrown text').message, 'thrown text');
  checkSchema(
    errorDocument,
    { kind: 'error', schemaVersion: 1, error: toErrorRecord(hinted) },
    (path, kind) => path === 'error.hint' && kind === 'removed',
  );
});
