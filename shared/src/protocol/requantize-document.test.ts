/** The schema of a requantized checkpoint's document: an example passes, and no mutation of it does that should not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { exampleProfile } from '../../test/example-documents.ts';
import { mutationsOf } from '../../test/mutations.ts';
import { requantizeDocument } from './requantize-document.ts';
import type { MeasuredCheckpoint, RequantizeDocument } from './requantize-document.ts';

function example(): RequantizeDocument {
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

test('an example passes, and one that is wrong in any one place does not', () => {
  const document = example();
  assert.deepEqual(v.parse(requantizeDocument, document), document);
  const optional = [
    'verification',
    'verification.audio.likeness',
    ...['bits', 'groupSize', 'rest'].map((name) => `options.${name}`),
  ];
  const signed = /peakDifference\.|(frame|sample)Difference$/;
  // Parts with schemas, and tests, of their own.
  const elsewhere =
    /^(source|result)\.|^verification\.(device|versions|settings|original\.(load|summary)|result\.(load|summary))\./;
  for (const { path, kind, document: mutated } of mutationsOf(document)) {
    const isAllowed =
      elsewhere.test(path) ||
      (kind === 'removed' && optional.includes(path)) ||
      (kind === 'negative' && signed.test(path)) ||
      (kind === 'infinite' && /peakDifference\./.test(path));
    if (!isAllowed) {
      assert.ok(!v.safeParse(requantizeDocument, mutated).success, `${path} ${kind}`);
    }
  }
});
