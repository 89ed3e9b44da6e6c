/** The schema of a self-test: what it takes, and that it takes nothing else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { exampleProfile } from '../../test/example-documents.ts';
import { mutationsOf } from '../../test/mutations.ts';
import { selftestDocument } from './selftest-document.ts';
import type { SelftestDocument } from './selftest-document.ts';

const accepts = (document: unknown): boolean => v.safeParse(selftestDocument, document).success;

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
  const document = exampleSelftest();
  assert.deepEqual(v.parse(selftestDocument, document), document);
  const optional = /^plants\.\d+\.(channel|plantedRate|measuredRate|reason|error)$|license$|settings\.text$/;
  const signed = /^plants\.\d+\.(plantedRate|measuredRate|leaks\.\d+\.ratePerIteration)$/;
  for (const { path, kind, document: mutated } of mutationsOf(document)) {
    const isAllowed =
      // What a device says of itself is free, and so are the names of dtypes.
      path.startsWith('device.info.') ||
      (kind === 'removed' && path.startsWith('model.bytesByDtype.')) ||
      (kind === 'removed' && optional.test(path)) ||
      (kind === 'negative' && signed.test(path));
    assert.ok(isAllowed || !accepts(mutated), `${path} ${kind}`);
  }
});

test('a self-test does not pass with a plant that is not as expected', () => {
  assert.ok(!accepts({ ...exampleSelftest(), outcome: 'passed' }));
  const [found] = exampleSelftest().plants;
  assert.ok(accepts({ ...exampleSelftest(), plants: [found], outcome: 'passed' }));
});
