/** `tidemark acceptance` fails a daemon that does not start, answer, or end as it should, saying where. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accept, acceptanceOptions, checkOf, failsWhere } from './acceptance-runs.ts';
import type { Broken } from './acceptance-runs.ts';

const broken: readonly Broken[] = [
  { way: 'does-not-start', where: /^the daemon answers within/, found: /^the process ended/ },
  // They never answer, however long it is waited for.
  {
    way: 'hangs',
    where: /^the daemon answers within 3 s$/,
    found: /./,
    limits: { start: 3, answer: 1 },
  },
  {
    way: 'mute',
    where: /^the daemon answers within 3 s$/,
    found: /did not answer hello within 1 s/,
    limits: { start: 3, answer: 1 },
  },
  { way: 'other-version', where: /^it is version 0\.1\.0/, found: /^version 0\.0\.9/ },
  {
    way: 'ignores-sigterm',
    where: /^SIGTERM ends the daemon within 3 s$/,
    found: /^it runs on$/,
    limits: { end: 3 },
  },
];

describe('a daemon that is broken fails', { concurrency: 3 }, () => {
  for (const each of broken) {
    test(each.way, () => failsWhere(each));
  }
});

test('a daemon that does not start again after kill -9 fails', async () => {
  const document = await accept(acceptanceOptions(['daemon-killed'], 'starts-once'));
  const check = checkOf(document, 'daemon-killed');
  assert.equal(check.status, 'failed');
  assert.match(check.reason, /the daemon answers within 120 s\. Found: the process ended/);
});
