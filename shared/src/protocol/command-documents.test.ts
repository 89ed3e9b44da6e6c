/** The schemas of the commands' documents: an example of each passes, and no mutation of it does that should not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { exampleProfile } from '../../test/example-documents.ts';
import { assertSchema } from '../../test/mutations.ts';
import { TidemarkError } from '../errors.ts';
import {
  doctorDocument,
  errorDocument,
  modelsDocument,
  sayDocument,
  selftestDocument,
} from './command-documents.ts';
import type { DoctorDocument, ModelsDocument, SayDocument, SelftestDocument } from './command-documents.ts';
import { toErrorRecord } from './quantities.ts';
import { requantizeDocument } from './requantize-document.ts';
import type { MeasuredCheckpoint, RequantizeDocument } from './requantize-document.ts';

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
    settings: {
      text: 'Hello.',
      phonemes,
      voice,
      dropped: { count: 3, characters: [{ character: '😀', count: 3 }] },
      seed,
      deterministic,
      speed,
    },
    audio: {
      file: 'hello.wav',
      fileBytes: 64_844,
      format: 'int16',
      raw: true,
      sampleRate: 24_000,
      samples: 32_400,
      seconds: 1.35,
    },
    synthesisSeconds: 1.2,
    timing: { loadedSeconds: 1.5, firstAudioSeconds: 2, wholeSeconds: 2.8 },
  };
  const optional = ['settings.text', 'settings.dropped', 'model.source.license', 'audio.raw'];
  assertSchema(sayDocument, document, (path, kind) => {
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
  assertSchema(
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
  assertSchema(
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
  assertSchema(
    errorDocument,
    { kind: 'error', schemaVersion: 1, error: toErrorRecord(hinted) },
    (path, kind) => path === 'error.hint' && kind === 'removed',
  );
});

function exampleSelftest(): SelftestDocument {
  const { startedAt, seconds, model, device, versions, settings } = exampleProfile();
  return {
    kind: 'selftest',
    schemaVersion: 1,
    startedAt,
    seconds,
    model,
    device,
    versions,
    settings,
    plants: [
      {
        plant: 'tensor-4-bytes',
        description: 'a tensor of 4 bytes, kept',
        channel: 'activeBytes',
        plantedRate: 4,
        measuredRate: 4,
        result: 'as-expected',
        seconds: 20,
        iterations: [],
        leaks: [{ channel: 'activeBytes', status: 'leak', ratePerIteration: 4 }],
      },
      {
        plant: 'nothing',
        description: 'nothing',
        result: 'failed',
        reason: 'The host died.',
        error: { code: 'host-died', message: 'The host died.' },
        seconds: 1,
        iterations: [],
        leaks: [],
      },
    ],
    outcome: 'failed',
  };
}

test('a self-test passes, and one that is wrong in any one place does not', () => {
  const optional = /^plants\.\d+\.(channel|plantedRate|measuredRate|reason|error)$|license$|settings\.text$/;
  const signed = /^plants\.\d+\.(plantedRate|measuredRate|leaks\.\d+\.ratePerIteration)$/;
  assertSchema(
    selftestDocument,
    exampleSelftest(),
    (path, kind) =>
      // What a device says of itself is free, and so are the names of dtypes.
      path.startsWith('device.info.') ||
      (kind === 'removed' && path.startsWith('model.bytesByDtype.')) ||
      (kind === 'removed' && optional.test(path)) ||
      (kind === 'negative' && signed.test(path)),
  );
});

const acceptsSelftest = (document: unknown): boolean => v.safeParse(selftestDocument, document).success;

test('a self-test does not pass with a plant that is not as expected', () => {
  assert.ok(!acceptsSelftest({ ...exampleSelftest(), outcome: 'passed' }));
  const [found] = exampleSelftest().plants;
  assert.ok(acceptsSelftest({ ...exampleSelftest(), plants: [found], outcome: 'passed' }));
});

function exampleRequantization(): RequantizeDocument {
  const { model, device, versions, settings, load, summary, iterations } = exampleProfile();
  assert.ok(summary);
  const measured: MeasuredCheckpoint = {
    load,
    summary,
    peakBytes: iterations.map(({ peakBytes }) => peakBytes),
    frames: 160,
    samples: 96_000,
  };
  return {
    kind: 'requantize',
    schemaVersion: 1,
    startedAt: '2025-11-24T10:00:00.000Z',
    seconds: 60,
    source: model,
    result: model,
    folder: '/made',
    options: { bits: 4, groupSize: 64, rest: 'bfloat16', fuseWeightNorm: false },
    changes: ['87 layers quantized at 4 bits in groups of 64'],
    modules: { kept: 0, packed: 87, repacked: 0 },
    castTensors: 461,
    fusedConvolutions: 0,
    loadsIn: ['tidemark', 'mlx-audio'],
    reading: 'It is so.',
    warnings: ['Mind this.'],
    verification: {
      device,
      versions,
      settings,
      original: measured,
      result: measured,
      peakDifference: { estimate: -1, low: -2, high: 0.5 },
      audio: {
        frameDifference: 2,
        sampleDifference: 1200,
        likeness: { correlation: 0.998, distanceDecibels: 0.9 },
      },
      conclusion: 'It is so.',
    },
  };
}

test('a requantization passes, and one that is wrong in any one place does not', () => {
  const optional = [
    'verification',
    'verification.audio.likeness',
    ...['bits', 'groupSize', 'rest'].map((name) => `options.${name}`),
  ];
  const signed = /peakDifference\.|(frame|sample)Difference$/;
  // Parts with schemas, and tests, of their own.
  const elsewhere =
    /^(source|result)\.|^verification\.(device|versions|settings|original\.(load|summary)|result\.(load|summary))\./;
  assertSchema(
    requantizeDocument,
    exampleRequantization(),
    (path, kind) =>
      elsewhere.test(path) ||
      (kind === 'removed' && optional.includes(path)) ||
      (kind === 'negative' && signed.test(path)) ||
      (kind === 'infinite' && /peakDifference\./.test(path)),
  );
});
