/** Tests of numbers in words, alone and as they are written in texts. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { normalizeText } from './normalize.ts';
import { numberWords, plural, romanNumber } from './numerals.ts';
import type { Variety } from '../voices.ts';

function reads(cases: Readonly<Record<string, string>>, variety: Variety = 'american'): void {
  for (const [written, spoken] of Object.entries(cases)) {
    assert.equal(normalizeText(written, variety).text, spoken);
  }
}

test('a number has its words, and a Briton says “and”', () => {
  const { cardinal, ordinal, decimal, name } = numberWords.american;
  assert.equal(cardinal('1,234'), 'one thousand two hundred thirty four');
  assert.equal(cardinal('0'), 'zero');
  assert.equal(cardinal('007'), 'zero zero seven');
  assert.equal(ordinal('21'), 'twenty first');
  assert.equal(ordinal('0'), 'zeroth');
  assert.equal(decimal('3.05'), 'three point zero five');
  assert.equal(decimal('.5'), 'point five');
  assert.deepEqual(['100', '747', '305', '82', '0800', '12345'].map(name), [
    'one hundred',
    'seven forty seven',
    'three oh five',
    'eighty two',
    'zero eight zero zero',
    'one two three four five',
  ]);
  assert.equal(numberWords.british.cardinal('101'), 'one hundred and one');
  assert.equal(numberWords.british.ordinal('101'), 'one hundred and first');
});

test('four hundred numbers are read as num2words reads them', () => {
  const file = join(import.meta.dirname, '../../../../test/fixtures/number-readings.tsv');
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  assert.equal(lines.length, 400);
  const differ = lines.filter((line) => {
    const [, variety, written = '', said] = line.split('\t');
    return normalizeText(written, variety as Variety).text !== said;
  });
  assert.deepEqual(differ, []);
});

test('every digit of a figure that nobody counts to is said', () => {
  for (const length of [16, 41, 100, 1000]) {
    assert.equal(numberWords.american.cardinal('7'.repeat(length)).split(' ').length, length);
  }
  assert.equal(numberWords.american.ordinal('1'.repeat(99)).split(' ').length, 99);
});

test('nouns have their plurals', () => {
  assert.deepEqual(['twenty', 'six', 'foot', 'hertz', 'day', 'inch'].map(plural), [
    'twenties',
    'sixes',
    'feet',
    'hertz',
    'days',
    'inches',
  ]);
});

test('a Roman numeral has a value only in its one right form', () => {
  assert.deepEqual(['IV', 'XIX', 'MCMLXXXIV', 'LIV'].map(romanNumber), [4, 19, 1984, 54]);
  for (const none of ['', 'IIII', 'VX', 'IC', 'ABC']) {
    assert.equal(romanNumber(none), undefined, none);
  }
});

test('a year is read in two halves', () => {
  reads({
    'in 1984': 'in nineteen eighty four',
    'in 1905': 'in nineteen oh five',
    'in 1900': 'in nineteen hundred',
    'in 2024': 'in twenty twenty four',
    'in 2000 and 2005': 'in two thousand and two thousand five',
    'the 1990s': 'the nineteen nineties',
    'the 1800s': 'the eighteen hundreds',
    'the ’90s and her 30s': 'the nineties and her thirties',
    'from 1990-1995 and 2010–15': 'from nineteen ninety to nineteen ninety five and twenty ten to fifteen',
  });
});

test('a number that only looks like a year is left whole', () => {
  reads({
    '1,984 cats': 'one thousand nine hundred eighty four cats',
    '1984.5': 'one thousand nine hundred eighty four point five',
    '1984%': 'one thousand nine hundred eighty four percent',
    '1984 MB': 'one thousand nine hundred eighty four megabytes',
    '1 000 000 and 5 000': 'one million and five thousand',
    '¥1984': 'one thousand nine hundred eighty four yen',
    '11984': 'eleven thousand nine hundred eighty four',
  });
});

test('a time is read by the clock', () => {
  reads({
    'at 3:05 pm': 'at three oh five PM',
    'at 10:30': 'at ten thirty',
    'at 3:00': "at three o'clock",
    'at 3:00 p.m': 'at three PM',
    'at 15:00': 'at fifteen hundred',
    'at 9:30PM': 'at nine thirty PM',
    'at 7:00am or 7 A.M. or 7am': 'at seven AM or seven AM or seven AM',
    'at 5 p.m. Monday': 'at five PM Monday',
    'at 5 p.m. Then': 'at five PM. Then',
    '12:30:45': 'twelve thirty and forty five seconds',
    '100:20:01': 'one hundred hours twenty minutes and one second',
    '9am-5pm, 9:00-17:00': "nine AM to five PM, nine o'clock to seventeen hundred",
    'odds of 3:1, a 16:9 screen': 'odds of three to one, a sixteen to nine screen',
  });
});

test('a sum of money has its unit after the number', () => {
  reads({
    $5: 'five dollars',
    $1: 'one dollar',
    '$3.50': 'three dollars and fifty cents',
    '$0.01': 'one cent',
    '£2.01': 'two pounds and one penny',
    '€1,234': 'one thousand two hundred thirty four euros',
    '$1.5 million': 'one point five million dollars',
    $: 'dollar',
    '20€ 3 times': 'twenty euros three times',
    '$1.5M, $100K, $5bn, £2tn':
      'one point five million dollars, one hundred thousand dollars, five billion dollars, two trillion pounds',
    '$-5 or -$5 or −$5': 'minus five dollars or minus five dollars or minus five dollars',
    '₹500, ₩1,000, 50¢, 5 kr': 'five hundred rupees, one thousand won, fifty cents, five kroner',
    '$5-10, $5-$10': 'five to ten dollars, five to ten dollars',
    'USD 5, 3.50 CHF, US$1': 'five US dollars, three point five zero Swiss francs, one US dollar',
    'ALL 5 of us, TOP 10': 'ALL five of us, TOP ten',
    '$5/month and 20€/hr': 'five dollars per month and twenty euros per hour',
  });
});

test('a date of figures is read as a date, if there is such a day', () => {
  reads({
    '2024-05-01': 'May first, twenty twenty four',
    '11/27/2024 and 27/11/2024':
      'November twenty seventh, twenty twenty four and November twenty seventh, twenty twenty four',
    '5/6/24': 'May sixth, twenty twenty four',
    '27.11.2024': 'November twenty seventh, twenty twenty four',
    '27 November 2024': 'the twenty seventh of November twenty twenty four',
    'Nov. 5, 2024 and May 21st': 'November fifth, twenty twenty four and May twenty first',
    '2024-05-01T09:30': 'May first, twenty twenty four, nine thirty',
    '2024-13-45': 'two zero two four, one three, four five',
  });
  reads({ '5/6/24': 'June fifth, twenty twenty four' }, 'british');
});

test('a range is read with “to”', () => {
  reads({
    '5-10 items': 'five to ten items',
    '5–10 km': 'five to ten kilometers',
    'won 7-2': 'won seven, two',
    '5%-10%': 'five percent to ten percent',
    '5% - 10%': 'five percent to ten percent',
  });
});

test('telephone numbers and identifiers are read digit by digit', () => {
  reads({
    '555-1234': 'five five five, one two three four',
    '(555) 123-4567': 'five five five, one two three, four five six seven',
    '+44 20 7946 0958': 'plus four four, two zero, seven nine four six, zero nine five eight',
    '1-800-555-1234': 'one, eight zero zero, five five five, one two three four',
    '123-45-6789': 'one two three, four five, six seven eight nine',
  });
});

test('a unit is read in full, with its prefix and its power', () => {
  reads({
    '163.5 MB': 'one hundred sixty three point five megabytes',
    '1 GB': 'one gigabyte',
    '24kHz': 'twenty four kilohertz',
    '5 mb': 'five mb',
    '3 cats': 'three cats',
    '-5 °C, 98.6°F, 45°':
      'minus five degrees Celsius, ninety eight point six degrees Fahrenheit, forty five degrees',
    '60 km/h, 9.8 m/s², 5 m²':
      'sixty kilometers per hour, nine point eight meters per second squared, five square meters',
    '5 µs, 3 kWh, 6 ft': 'five microseconds, three kilowatt hours, six feet',
    '10s timeout': 'ten seconds timeout',
    '100% and 3‰': 'one hundred percent and three per mille',
  });
});

test('fractions, powers and signs of arithmetic are read', () => {
  reads({
    '3/4, 3⁄4, ¾, ½': 'three quarters, three quarters, three quarters, one half',
    '1½ and 2 3/4': 'one and a half and two and three quarters',
    '24/7, 9/11, 50/50, 10/10, 120/80':
      'twenty four seven, nine eleven, fifty fifty, ten out of ten, one hundred twenty over eighty',
    '1.5e-3': 'one point five times ten to the minus three',
    '6×10^23, x², 2^10, 10⁻³':
      'six times ten to the power of twenty three, x squared, two to the power of ten, ten to the power of minus three',
    '5 > 3, x < 10, 5 ≤ 6, 5 * 3':
      'five is greater than three, x is less than ten, five is less than or equal to six, five times three',
    '5 - 3 = 2, 7 − 2, −5, ±1': 'five minus three equals two, seven minus two, minus five, plus or minus one',
    'CO₂ and H₂O': 'C O two and H two O',
  });
});

test('a version is read point by point, a name with its number', () => {
  reads({
    '0.32.4': 'zero point thirty two point four',
    'v2.0': 'v two point zero',
    'by .5': 'by point five',
    '3.14': 'three point one four',
    'Kokoro-82M, GPT-4, COVID-19': 'Kokoro eighty two M, GPT four, COVID nineteen',
    'H100, B2B, MP3, 1080p, 4K': 'H one hundred, B two B, M P three, ten eighty P, four K',
    '192.168.0.1': 'one ninety two dot one sixty eight dot zero dot one',
    '10M users, 2bn people': 'ten million users, two billion people',
    '1920x1080 and 3x faster': 'nineteen twenty by ten eighty and three times faster',
  });
});
