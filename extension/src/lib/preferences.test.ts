import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPreferences, wholeNumber } from './preferences.ts';

describe('preferences', () => {
  test('what was never set has the defaults', () => {
    const read = readPreferences({});
    expect(read).toMatchObject({ defaultModel: 'bf16', voice: 'af_heart', iterations: 15, unit: 'MB' });
    expect(read.text).toBeUndefined();
    expect(read.thresholds).toEqual({});
  });

  test('thresholds are in the unit that is preferred', () => {
    expect(readPreferences({ unit: 'MB', cautionPeak: '800' }).thresholds).toEqual({
      cautionBytes: 800e6,
    });
    expect(readPreferences({ unit: 'MiB', warningPeak: '1,200' }).thresholds).toEqual({
      warningBytes: 1200 * 2 ** 20,
    });
  });

  test('a threshold that is no amount is none, rather than a command that does not open', () => {
    expect(readPreferences({ cautionPeak: 'many', warningPeak: '-5' }).thresholds).toEqual({});
  });

  test('iterations that are no whole number have the default', () => {
    expect(
      ['0', '-3', '1.5', '1e3', ' ', 'ten'].map((text) => readPreferences({ iterations: text }).iterations),
    ).toEqual(Array.from({ length: 6 }, () => 15));
    expect(readPreferences({ iterations: ' 30 ' }).iterations).toBe(30);
  });

  test('a path that begins with a tilde is in the home folder', () => {
    expect(readPreferences({ tidemarkPath: '~/bin/tidemark' }).tidemarkPath).toBe(
      join(homedir(), 'bin', 'tidemark'),
    );
  });

  test('a number beyond what can be counted is none', () => {
    expect(wholeNumber('99999999999999999999')).toBeUndefined();
  });
});
