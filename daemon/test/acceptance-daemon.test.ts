/** `tidemark acceptance` passes a daemon that works, and fails one that does not do its work, saying where. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accept, acceptanceOptions, failsWhere, hasPassed } from './acceptance-runs.ts';
import type { Broken } from './acceptance-runs.ts';

test('a daemon that works passes', async () => {
  const document = await accept(acceptanceOptions(['daemon', 'daemon-killed'], 'whole'));
  hasPassed(document, 'daemon');
  hasPassed(document, 'daemon-killed');
  assert.equal(document.outcome, 'passed');
});

const broken: readonly Broken[] = [
  { way: 'dies-under-load', where: /^16 clients at once get all 640 answers/, found: /clients? failed/ },
  { way: 'grows', where: /^the daemon itself grows by less than/, found: /MB$/ },
  { way: 'wrong-memory', where: /^the memory of the daemon is what the system says/, found: /^3,000\.0 MB$/ },
  { way: 'leaking-host', where: /^active memory is the same to the byte/, found: /bytes to \d+ bytes$/ },
  {
    way: 'half-counted',
    where: /^active memory after loading is|^after each iteration, active memory/,
    found: /MB/,
  },
];

describe('a daemon that is broken fails', { concurrency: 3 }, () => {
  for (const each of broken) {
    test(each.way, () => failsWhere(each));
  }
});
