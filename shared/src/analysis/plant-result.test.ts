/** What is made of a plant's verdicts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakChannels } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel } from '../protocol/leak-verdicts.ts';
import { judgePlant } from './plant-result.ts';

/** Clean in every channel but those that are given. */
const verdicts = (changes: Partial<Record<LeakChannel, Partial<ChannelVerdict>>> = {}): ChannelVerdict[] =>
  leakChannels.map((channel) => ({
    channel,
    status: 'no-leak',
    ratePerIteration: 0,
    smallestDetectable: 1,
    ...changes[channel],
  }));

const leak = (ratePerIteration: number): Partial<ChannelVerdict> => ({ status: 'leak', ratePerIteration });

const tensor = { channel: 'activeBytes', alsoIn: ['liveTensors'], plantedRate: 1000 } as const;

test('a leak that is found in its channel, within a tenth of its rate, is as expected', () => {
  for (const rate of [901, 1000, 1099]) {
    assert.deepEqual(judgePlant(tensor, verdicts({ activeBytes: leak(rate), liveTensors: leak(1) })), {
      result: 'as-expected',
      measuredRate: rate,
    });
  }
});

test('a rate that is further away is wrong', () => {
  for (const rate of [890, 1110, 2000]) {
    const { result, reason, measuredRate } = judgePlant(tensor, verdicts({ activeBytes: leak(rate) }));
    assert.equal(result, 'wrong-rate');
    assert.equal(measuredRate, rate);
    assert.match(reason ?? '', /% from the planted one/);
  }
});

test('a leak that is not called one is missed, whatever else it is called', () => {
  for (const status of ['no-leak', 'plateau', 'cache-growth', 'inconclusive'] as const) {
    const { result, reason } = judgePlant(tensor, verdicts({ activeBytes: { status } }));
    assert.equal(result, 'missed');
    assert.ok(reason?.includes(status));
  }
  assert.equal(judgePlant(tensor, []).result, 'missed');
  // In a place where it may be found besides, and not in its own.
  assert.equal(judgePlant(tensor, verdicts({ liveTensors: leak(1) })).result, 'missed');
});

test('a leak that is called where there is none is a false alarm, though the planted one is found', () => {
  const { result, reason } = judgePlant(
    tensor,
    verdicts({ activeBytes: leak(1000), openFileDescriptors: leak(1) }),
  );
  assert.equal(result, 'false-alarm');
  assert.match(reason ?? '', /a leak of 1 file an iteration in open files/);
});

test('what is no leak is left alone, as plateau or cache growth too', () => {
  const changes = { activeBytes: { status: 'plateau' }, footprintBytes: { status: 'cache-growth' } } as const;
  assert.deepEqual(judgePlant({ alsoIn: [] }, verdicts(changes)), { result: 'as-expected' });
  assert.equal(judgePlant({ alsoIn: [] }, verdicts({ activeBytes: leak(4) })).result, 'false-alarm');
  const open = { heapBytes: { status: 'inconclusive', reason: 'a sample is not a number' } } as const;
  assert.equal(judgePlant({ alsoIn: [] }, verdicts(open)).result, 'failed');
});
