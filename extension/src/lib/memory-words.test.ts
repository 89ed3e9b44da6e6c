import { expect, test } from 'vitest';
import { amount, levelLooks, memoryLevel } from './memory-words.ts';

test('a peak has a level from its threshold on', () => {
  const thresholds = { cautionBytes: 800, warningBytes: 1200 };
  expect([799, 800, 1199, 1200].map((peak) => memoryLevel(peak, thresholds))).toEqual([
    'normal',
    'elevated',
    'elevated',
    'high',
  ]);
});

test('without thresholds every peak is normal', () => {
  expect(memoryLevel(1e12, {})).toBe('normal');
});

test('levels differ in shape and word, not only in colour', () => {
  const looks = Object.values(levelLooks);
  expect(new Set(looks.map(({ icon }) => icon)).size).toBe(looks.length);
  expect(new Set(looks.map(({ word }) => word)).size).toBe(looks.length);
});

test('one unit is kept, whatever the size', () => {
  expect(amount(512, 'MB')).toBe('0.0 MB');
  expect(amount(163_577_856, 'MiB')).toBe('156.0 MiB');
});
