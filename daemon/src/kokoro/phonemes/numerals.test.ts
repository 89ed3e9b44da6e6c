/** Tests of numbers as English reads them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNumerals } from './numerals.ts';

function reads(cases: Readonly<Record<string, string>>): void {
  for (const [written, spoken] of Object.entries(cases)) {
    assert.equal(readNumerals(written), spoken);
  }
}

test('a year is read in two halves', () => {
  reads({
    'in 1984': 'in 19 84',
    'in 1905': 'in 19 oh 5',
    'in 1900': 'in 19 hundred',
    'in 2024': 'in 20 24',
    'in 2000 and 2005': 'in 2000 and 2005',
    'the 1990s': 'the 19 90s',
    'the 1800s': 'the 18 hundreds',
  });
});

test('a number that only looks like a year is left whole', () => {
  reads({
    '1,984 cats': '1984 cats',
    '1984.5': '1984.5',
    '1984%': '1984%',
    v1984: 'v1984',
    '11984': '11984',
  });
});

test('a time is read by the clock', () => {
  reads({
    'at 3:05 pm': 'at 3 oh 5 pm',
    'at 10:30': 'at 10 30',
    'at 3:00': "at 3 o'clock",
    'at 3:00 p.m': 'at 3 p.m',
    'at 15:00': 'at 15 hundred',
    'odds of 3:1': 'odds of 3 to 1',
  });
});

test('a sum of money has its unit after the number', () => {
  reads({
    $5: '5 dollars',
    $1: '1 dollar',
    '$3.50': '3 dollars and 50 cents',
    '$0.01': '1 cent',
    '£2.01': '2 pounds and 1 penny',
    '€1,234': '1234 euros',
    '$1.5 million': '1.5 million dollars',
    '¥1984': '1984 yen',
    $: '$',
  });
});

test('a date of figures is read as a date, if there is such a day', () => {
  reads({ '2024-05-01': 'May 1st, 20 24', '2024-13-45': '2024-13-45' });
});

test('a range is read with “to”', () => {
  reads({
    '5-10 items': '5 to 10 items',
    '5–10': '5 to 10',
    'won 7-2': 'won 7, 2',
    '555-1234': '5 5 5, 1 2 3 4',
  });
});

test('a unit of memory, sound or length is read in full', () => {
  reads({
    '163.5 MB': '163.5 megabytes',
    '1 GB': '1 gigabyte',
    '24kHz': '24 kilohertz',
    '1984 MB': '1984 megabytes',
    '5 mb': '5 mb',
    '3 cats': '3 cats',
  });
});

test('a version is read point by point, and a bare fraction with its point', () => {
  reads({ '0.32.4': '0 point 32 point 4', 'by .5': 'by point 5', '3.14': '3.14', '−5': 'minus 5' });
});
