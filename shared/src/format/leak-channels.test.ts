/** Amounts of what the channels count. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakChannels } from '../protocol/leak-verdicts.ts';
import { channelAmount, channelNames } from './leak-channels.ts';

test('bytes are shown in the unit that they fill, things by their number', () => {
  assert.equal(channelAmount('activeBytes', 4), '4 B');
  assert.equal(channelAmount('footprintBytes', 1_048_576, { sign: true }), '+1.0 MB');
  assert.equal(channelAmount('liveTensors', 1), '1 tensor');
  assert.equal(channelAmount('undisposedTensors', 1 / 3), '0.33 tensors');
  assert.equal(channelAmount('openFileDescriptors', 2, { sign: true }), '+2 files');
  assert.equal(channelAmount('openFileDescriptors', 0, { sign: true }), '0 files');
});

test('every channel has a name and an amount', () => {
  for (const channel of leakChannels) {
    assert.notEqual(channelNames[channel], '');
    assert.notEqual(channelAmount(channel, 1), '');
    assert.throws(() => channelAmount(channel, Number.NaN), RangeError);
  }
});
