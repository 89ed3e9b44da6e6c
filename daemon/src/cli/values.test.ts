/** Durations, bytes and shares, as they are typed and as they are shown. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesValue, durationText, durationValue, shareValue, switchValue } from './values.ts';

test('durations are read with their units, also several together', () => {
  const durations = [
    ['90s', 90],
    ['15m', 900],
    ['1h30m', 5400],
    ['1.5h', 5400],
    [' 2 D ', 172_800],
    ['1w', 604_800],
    ['0s', 0],
  ] as const;
  for (const [text, seconds] of durations) {
    assert.equal(durationValue(text), seconds, text);
  }
});

test('what is no duration is refused, a bare number too', () => {
  for (const text of ['', '15', 'm', '15 minutes', '-5m', '5m5', '1e3s', '99999999999999999999d']) {
    assert.throws(() => durationValue(text), /Give a duration with a unit/, text);
  }
});

test('a duration is shown as it could be typed', () => {
  for (const seconds of [0, 59, 900, 5400, 86_400, 90_061]) {
    assert.equal(durationValue(durationText(seconds)), seconds);
  }
  assert.equal(durationText(90_061), '1d1h1m1s');
});

test('bytes are read in decimal and binary units, and refused without one', () => {
  assert.equal(bytesValue('600MB'), 600_000_000);
  assert.equal(bytesValue('1.5 gb'), 1_500_000_000);
  assert.equal(bytesValue('512MiB'), 536_870_912);
  for (const text of ['600', '', 'MB', '-1MB', '1 parsec', '1constructor']) {
    assert.throws(() => bytesValue(text), /Give an amount with a unit/, text);
  }
});

test('a share needs its sign, and a switch a yes or a no', () => {
  assert.equal(shareValue('2.5%'), 0.025);
  assert.throws(() => shareValue('0.02'), /percentage/);
  assert.throws(() => shareValue('2000%'), /percentage/);
  assert.equal(switchValue('On'), true);
  assert.equal(switchValue('no'), false);
  assert.throws(() => switchValue('maybe'), /yes or no/);
});
