import { expect, test } from 'vitest';
import { countBetween, validIterations, withBaseline } from './form-fields.tsx';

test('a number that the daemon would refuse is told at the field, with what it takes', () => {
  for (const value of ['', ' ', '0', '-1', '1.5', '1e3', 'many', '1000001', '100000000', undefined]) {
    expect(validIterations(value)).toBe('Enter a whole number from 1 to 1,000,000');
  }
  for (const value of ['1', ' 15 ', '1000000']) {
    expect(validIterations(value)).toBeUndefined();
  }
  expect(countBetween(0, 1440)('0')).toBeUndefined();
  expect(countBetween(0, 1440)('1441')).toBe('Enter a whole number from 0 to 1,440');
});

test('a study names its baseline, or no model at all', () => {
  expect(withBaseline([])).toBeUndefined();
  expect(withBaseline(undefined)).toBeUndefined();
  expect(withBaseline(['4bit-fp32', 'bf16'])).toBeUndefined();
  expect(withBaseline(['4bit-fp32'])).toMatch(/bf16/);
});
