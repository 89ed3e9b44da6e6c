/** Numbers, moments, and amounts of what the leak rule's channels count, as text. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, formatCount, formatDuration, formatPercent } from './numbers.ts';
import { formatDateTime, formatRelative } from './dates.ts';
import { leakChannels } from '../protocol/leak-verdicts.ts';
import { channelAmount, channelNames } from './leak-channels.ts';

test('a duration is shown in the unit that a person would say', () => {
  assert.equal(formatDuration(0), '0 s');
  assert.equal(formatDuration(0.000_012), '12 µs');
  assert.equal(formatDuration(0.0042), '4.2 ms');
  assert.equal(formatDuration(0.85), '850 ms');
  assert.equal(formatDuration(6.2), '6.20 s');
  assert.equal(formatDuration(44.5), '44.5 s');
  assert.equal(formatDuration(139), '2 min 19 s');
  assert.equal(formatDuration(3780), '1 h 3 min');
});

test('rounding never shows sixty seconds, sixty minutes or a thousand milliseconds', () => {
  assert.equal(formatDuration(0.9996), '1.00 s');
  assert.equal(formatDuration(9.996), '10.0 s');
  assert.equal(formatDuration(59.96), '1 min 0 s');
  assert.equal(formatDuration(3599.6), '1 h 0 min');
  assert.equal(formatDuration(7199), '2 h 0 min');
});

test('a share is shown as a percentage', () => {
  assert.equal(formatPercent(0.161), '16.1%');
  assert.equal(formatPercent(1), '100.0%');
  assert.equal(formatPercent(-0.0539, { sign: true }), '-5.4%');
  assert.equal(formatPercent(0.158, { sign: true, fractionDigits: 0 }), '+16%');
});

test('thousands are set apart', () => {
  assert.equal(formatCount(106_800), '106,800');
});

test('what is no number is refused', () => {
  assert.throws(() => formatDuration(-1), RangeError);
  assert.throws(() => formatDuration(NaN), RangeError);
  assert.throws(() => formatPercent(NaN), RangeError);
});

test('a moment is shown in local time with the month by name', () => {
  assert.equal(formatDateTime(new Date(2025, 10, 4, 9, 7)), '4 Nov 2025, 09:07');
});

test('a distance in time is said from where the reader stands', () => {
  const now = new Date(2025, 10, 4, 12, 0, 0);
  const before = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);
  assert.equal(formatRelative(before(0.2), now), 'just now');
  assert.equal(formatRelative(before(45), now), '45 seconds ago');
  assert.equal(formatRelative(before(179), now), '2 minutes ago');
  assert.equal(formatRelative(before(-7200), now), 'in 2 hours');
});

test('an invalid date is refused', () => {
  assert.throws(() => formatDateTime(new Date(NaN)), RangeError);
  assert.throws(() => formatRelative(new Date(NaN), new Date()), RangeError);
});

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

test('a count has its noun in the singular for one, and in the plural for none and for many', () => {
  assert.equal(counted(0, 'run'), '0 runs');
  assert.equal(counted(1, 'run'), '1 run');
  assert.equal(counted(1200, 'run'), '1,200 runs');
  assert.equal(counted(1, 'hypothesis', 'hypotheses'), '1 hypothesis');
  assert.equal(counted(2, 'hypothesis', 'hypotheses'), '2 hypotheses');
});
