/** The load of the status benchmark: that it counts what it asks, and what it is not answered. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { exampleStatus } from '@tidemark/shared/test/example-messages.ts';
import { serving } from '../../../daemon/test/socket-serving.ts';
import { load } from './requests.ts';

test('every request of every client is asked once, and its time is among the figures', async () => {
  let asked = 0;
  await using daemon = await serving({
    status: async () => {
      asked += 1;
      // Every tenth one is slow, which is more than the hundredth part that the p99 leaves out.
      await new Promise((resolve) => setTimeout(resolve, asked % 10 === 0 ? 30 : 0));
      return exampleStatus();
    },
  });
  const figures = await load({ socketPath: daemon.path, clients: 4, requests: 203, pauseMilliseconds: 1 });
  assert.equal(asked, 203);
  assert.equal(figures.requests, 203);
  assert.equal(figures.lost, 0);
  assert.ok(figures.p50Milliseconds < 29, `${figures.p50Milliseconds}`);
  assert.ok(figures.p99Milliseconds >= 29, `${figures.p99Milliseconds}`);
  assert.ok(figures.maximumMilliseconds >= figures.p99Milliseconds);
  const bytes = JSON.stringify({
    type: 'tidemark.response',
    data: { id: 100, result: exampleStatus() },
  }).length;
  assert.ok(Math.abs(figures.answerBytes - bytes) < 5, `${figures.answerBytes} of ${bytes} bytes`);
});

test('an answer that is an error counts as lost', async () => {
  let asked = 0;
  await using daemon = await serving({
    status: () => {
      asked += 1;
      if (asked % 5 === 0) {
        throw new TidemarkError('busy', 'Busy.');
      }
      return exampleStatus();
    },
  });
  const figures = await load({ socketPath: daemon.path, clients: 2, requests: 50, pauseMilliseconds: 0 });
  assert.equal(figures.lost, 10);
});
