/** What is written in figures, in words: dates, times, telephone numbers, money, fractions, ranges, measures, and plain numbers. */

import {
  magnitude,
  magnitudeName,
  magnitudeWord,
  signAfter,
  signBefore,
  sumOfMoney,
  unitName,
  unitSymbol,
} from './measures.ts';
import { plural } from './numerals.ts';
import type { NumberWords } from './numerals.ts';
import { address, begin, either, end, rule } from './rules.ts';
import type { Rule } from './rules.ts';
import { months } from './short-forms.ts';

const whole = String.raw`(?:\d{1,3}(?:,\d{2,3}){0,19},\d{3}(?!\d)|\d+)`;
const number = String.raw`(?:${whole}(?:\.\d+)?|\.\d+)`;
/** Before a number: it is no part of a word or of a longer number. */
const apart = String.raw`(?<![\p{L}\p{N}]|\d[.,])`;
const dash = String.raw`\s?[-–]\s?`;
const monthName = `(${either(new Set([...months.keys(), ...months.values()]))})`;
/** The stop of “p.m.” ends a sentence only before a capital that is no day, month or time zone. */
const half = String.raw`([AaPp])\.?[Mm]${end}(?:\.(?![”)']*\s*$|\s+(?!${monthName.slice(1, -1)}|Mon|Tue|Wed|Thu|Fri|Sat|Sun|[A-Z]{2,4}\b)\p{Lu}))?`;

const names = [...new Set(months.values())];

function date(say: NumberWords, year: string, month: number, day: number): string | undefined {
  const name = names[month - 1];
  const full = year.length === 2 ? (Number(year) < 70 ? '20' : '19') + year : year;
  const isReal = new Date(Date.UTC(Number(full), month - 1, day)).getUTCDate() === day;
  return name === undefined || !isReal ? undefined : `${name} ${say.ordinal(String(day))}, ${say.year(full)}`;
}

/** 11/27/2024: month first in America, unless there is no such month. */
function dateOfFigures(say: NumberWords, first: string, second: string, year: string): string | undefined {
  const monthFirst = date(say, year, Number(first), Number(second));
  const dayFirst = date(say, year, Number(second), Number(first));
  return say.dayFirst ? (dayFirst ?? monthFirst) : (monthFirst ?? dayFirst);
}

/** 3:05 is “three oh five”, 3:00 “three o'clock”, 15:00 “fifteen hundred”; beyond a day it is a duration. */
function time(
  say: NumberWords,
  hours: string,
  minutes: string,
  seconds: string,
  am: string,
): string | undefined {
  const [hour, minute] = [Number(hours), Number(minutes)];
  const spokenSeconds = seconds === '' ? '' : ` and ${counted(say, seconds, 'second')}`;
  if (hour > 24) {
    const duration = `${counted(say, hours, 'hour')} ${counted(say, minutes, 'minute')}${spokenSeconds}`;
    return seconds === '' ? undefined : duration;
  }
  const suffix = am === '' ? '' : ` ${am.toUpperCase()}M`;
  const full = suffix !== '' ? '' : hour > 12 || hour === 0 ? ' hundred' : " o'clock";
  const spokenMinute = minute === 0 ? full : ` ${minute < 10 ? 'oh ' : ''}${say.cardinal(String(minute))}`;
  return `${say.cardinal(String(hour))}${spokenMinute}${spokenSeconds}${suffix}`;
}

function counted(say: NumberWords, figures: string, noun: string): string {
  const many = figures.replaceAll(',', '').replace(/^0+(?=\d)/u, '');
  return `${say.cardinal(many)} ${many === '1' ? noun : plural(noun)}`;
}

/** The groups of a telephone number, digit by digit with a pause between them. */
const groups = (say: NumberWords, written: string): string =>
  (written.match(/\d+/gu) ?? []).map((group) => say.digits(group)).join(', ');

const isYear = (figures: string): boolean => /^(?:1[1-9]|20)\d\d$/u.test(figures);
const plain = (say: NumberWords, figures: string): string =>
  isYear(figures) ? say.year(figures) : say.decimal(figures);

function fraction(say: NumberWords, over: string, under: string): string {
  const noun = under === '2' ? 'half' : under === '4' ? 'quarter' : say.ordinal(under);
  return `${say.cardinal(over)} ${over === '1' ? noun : plural(noun)}`;
}

/** Whether figures with a slash are parts of a whole, and no score, date or “24/7”. */
const isFraction = (over: string, under: string): boolean =>
  /^(?:[2-9]|10|12|16|20|32|64|100|1000)$/u.test(under) &&
  !/^0|^24$/u.test(over) &&
  Number(over) !== Number(under);

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const lowered = (raised: string): string =>
  Array.from(raised, (each) => String(superscripts.indexOf(each))).join('');

function power(say: NumberWords, sign: string, digits: string): string {
  const named: Readonly<Record<string, string>> = { 2: 'squared', 3: 'cubed' };
  const spoken = `to the power of ${sign === '' ? '' : 'minus '}${say.cardinal(digits)}`;
  return (sign === '' ? named[digits] : undefined) ?? spoken;
}

const datesAndTimes: readonly Rule[] = [
  rule(
    String.raw`${apart}(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:(T)(?=\d\d:)|${end})(?!-\d)`,
    (say, year, _separator, month, day, clock) => {
      const spoken = date(say, year, Number(month), Number(day));
      return spoken === undefined || clock === '' ? spoken : `${spoken}, `;
    },
  ),
  rule(
    String.raw`${apart}(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)${end}(?![-/.]\d)`,
    (say, first, mark, second, year) =>
      year.length === 2 && mark !== '/' ? undefined : dateOfFigures(say, first, second, year),
  ),
  rule(
    String.raw`(?<!\p{L})${monthName}\.?\s([1-9]|[12]\d|3[01])(?:st|nd|rd|th)?${end}(?![:.,]\d|%|\s?${magnitudeWord})`,
    (say, month, day) => `${months.get(month) ?? month} ${say.ordinal(day)}`,
  ),
  rule(
    String.raw`${apart}(?<!\b[Tt]he )([1-9]|[12]\d|3[01])(?:st|nd|rd|th)?\s${monthName}${end}(?=\.?,?\s\d{4}|[.,;:!?)]|\s*$)`,
    (say, day, month) => `the ${say.ordinal(day)} of ${months.get(month) ?? month}`,
  ),
  rule(
    String.raw`(?<!\p{L})${monthName}\.?\s(?=\d{4}${end})`,
    (_say, month) => `${months.get(month) ?? month} `,
  ),
  rule(
    String.raw`(?:${apart}|(?<=\dT))(\d{1,3}):([0-5]\d)(?::([0-5]\d))?(?![:\d]|\.\d)(?:\s?${half}|Z${end})?`,
    (say, hours, minutes, seconds, am) => time(say, hours, minutes, seconds, am),
  ),
  rule(
    String.raw`${apart}(\d{1,2})\s?${half}`,
    (say, hour, am) => `${say.cardinal(hour)} ${am.toUpperCase()}M`,
  ),
  rule(String.raw`'(\d0)s${end}`, (say, tens) => plural(say.cardinal(tens))),
];

const identifiers: readonly Rule[] = [
  // Thousands set apart by spaces: “1 000 000”.
  rule(String.raw`${apart}(\d{1,3}(?:(?: \d{3}){2,9}|(?: 000)+))${end}(?! \d)`, (say, figures) =>
    say.cardinal(figures.replaceAll(' ', ',')),
  ),
  rule(String.raw`\+(\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,6})${end}`, (say, written) =>
    written.replaceAll(/\D/gu, '').length < 8 ? undefined : `plus ${groups(say, written)}`,
  ),
  rule(
    String.raw`${apart}((?:1[ .-])?(?:\(\d{3}\)\s?|\d{3}[.-])\d{3}[ .-]\d{4}|\d{3}-\d{4}|0\d{2,4}(?: \d{3,4}){1,3}|\d{1,9}(?:-\d{1,9}){2,8})${end}(?!-\d)`,
    (say, written) => groups(say, written),
  ),
  rule(String.raw`${apart}(\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d{1,5})?)${end}`, (say, written) =>
    address(say, written),
  ),
  rule(String.raw`${begin}(v)(?=\d)`, (_say, letter) => letter),
  rule(String.raw`(?:${apart}|(?<=${begin}v))(\d{1,9}(?:\.\d{1,9}){2,8})`, (say, version) =>
    version
      .split('.')
      .map((part) => say.cardinal(part))
      .join(' point '),
  ),
];

const money: readonly Rule[] = [
  rule(
    String.raw`(?<!\p{L})(${signBefore})\s?(${number})(?:\s?(${magnitude})${end})?${dash}(?:${signBefore})?(${number})(?:[\s-]?(${magnitude})${end})?`,
    (say, sign, from, fromTimes, to, times) =>
      `${say.decimal(from)} ${magnitudeName(fromTimes)} to ${sumOfMoney(say, sign, to, times)}`,
  ),
  rule(
    String.raw`(?<!\p{L})(${signBefore})\s?([-−]?)(${number})(?:[\s-]?(${magnitude})${end})?`,
    (say, sign, minus, figures, times) => `${minus && 'minus '}${sumOfMoney(say, sign, figures, times)}`,
  ),
  rule(
    String.raw`${apart}(${number})(?:\s?(${magnitude}))?\s?(${signAfter})${end}(?!\d)`,
    (say, figures, times, sign) => sumOfMoney(say, sign, figures, times),
  ),
  rule(String.raw`${apart}(${whole})\s?¢`, (say, cents) => counted(say, cents, 'cent')),
];

const powersAndFractions: readonly Rule[] = [
  rule(
    String.raw`${apart}(${number})[eE]([-−+]?)(\d{1,4})${end}`,
    (say, figures, sign, exponent) =>
      `${say.decimal(figures)} times ten to the ${/[-−]/u.test(sign) ? 'minus ' : ''}${say.cardinal(exponent)}`,
  ),
  rule(String.raw`(?<=[\p{L}\p{N})])\^\(?([-−]?)(\d{1,9})\)?`, (say, sign, digits) =>
    power(say, sign, digits),
  ),
  rule(String.raw`(?<=[\p{L}\p{N})])\^(?=\p{L})`, () => 'to the power of'),
  // After a word it is the mark of a footnote.
  rule(String.raw`(?<=\p{L}{3})([${superscripts}]+)`, (say, digits) => say.cardinal(lowered(digits))),
  rule(String.raw`([⁻]?)([${superscripts}]+)`, (say, sign, digits) => power(say, sign, lowered(digits))),
  rule(
    String.raw`${apart}(\d{1,9})[ -]?(?<!\d(?=\d))(\d{1,4})([/⁄])(\d{1,4})(?![/⁄\d]|\.\d)`,
    (say, units, over, bar, under) =>
      Number(over) < Number(under) && (bar === '⁄' || isFraction(over, under))
        ? `${say.cardinal(units)} and ${fraction(say, over, under).replace(/^one half/u, 'a half')}`
        : undefined,
  ),
  rule(String.raw`${apart}(\d{1,4})([/⁄])(\d{1,4})(?![/⁄\d]|\.\d)`, (say, over, bar, under) => {
    if (bar === '⁄' || isFraction(over, under)) {
      return fraction(say, over, under);
    }
    const between = over === under && over !== '50' ? 'out of' : over.length === 3 ? 'over' : '';
    return `${plain(say, over)} ${between} ${plain(say, under)}`;
  }),
];

const rangesAndArithmetic: readonly Rule[] = [
  rule(String.raw`${apart}(${number})${dash}(?=(${number})(?![-\d]|\s?=|\/\d))`, (say, from, to) => {
    const rises = Number(from.replaceAll(',', '')) < Number(to.replaceAll(',', ''));
    return `${plain(say, from)}${rises || (isYear(from) && to.length === 2) ? ' to ' : ', '}`;
  }),
  rule(
    String.raw`(?<=\d(?:[a-z]{1,3}|[KMBT%°]|°[CF])|[ap]\.?m\.?|[AP]M|:\d\d)${dash}(?=[$€£]?\d)(?!\d[\d.,]*\s?=)`,
    () => 'to',
  ),
  rule(
    String.raw`(?<=\d)\s?[-–]\s?(?=\d[\d.,]*\s?=)|(?<![\p{L}\p{N})%°'.-])[-–](?=\.?\d|${signBefore}\s?\d)|−`,
    () => 'minus',
  ),
  rule(
    String.raw`${apart}(\d{1,5})x(\d{1,5})${end}`,
    (say, wide, high) => `${say.name(wide)} by ${say.name(high)}`,
  ),
  rule(String.raw`(?<=\d(?:\s?\p{L}{1,3})? )x(?= \d)|(?<=\d)x(?=\d)`, () => 'by'),
  rule(String.raw`(?<=\d)x${end}`, () => 'times'),
  rule(String.raw`(?<=\d\s?)\*(?=\s?[\d(])|(?<=[\p{L}\d)]\s)\*(?=\s[\p{L}\d(])`, () => 'times'),
  rule(String.raw`(?<=\d\s?)<(?=\s?[\p{L}\d(-])|(?<=\s)<(?=\s|\d)`, () => 'is less than'),
  rule(
    String.raw`(?<=\d\s?)>(?=\s?[\p{L}\d(-])|(?<=[\p{L}\d)]\s?)>(?=\s?\d)|(?<=[\p{L}\d)]\s)>(?=\s)`,
    () => 'is greater than',
  ),
  rule(String.raw`~\s?(?=[$€£]?\d)`, () => 'about'),
  rule(String.raw`(?<=\d):(?=\d)`, () => 'to'),
  rule(String.raw`(?<=\p{L})\.(?=\d)`, () => 'point'),
];

const measures: readonly Rule[] = [
  rule(
    String.raw`${apart}(\d{1,2})'\s?(\d{1,2})["”“]`,
    (say, feet, inches) => `${counted(say, feet, 'foot')} ${counted(say, inches, 'inch')}`,
  ),
  rule(
    String.raw`${apart}(?!\d{4}s)(?!(?<=\b(?:[Tt]he|[Ii]n|[Hh]is|[Hh]er|[Tt]heir|[Mm]y|[Mm]id|[Ee]arly|[Ll]ate)[ -])\d0s)(${number})[\s-]?(${unitSymbol}(?:\/${unitSymbol}){0,2})${end}(?!°|\s?°)`,
    (say, figures, symbol) => `${say.decimal(figures)} ${unitName(symbol, figures)}`,
  ),
  rule(
    String.raw`(?<![-\p{L}\p{N}]|\d[.,])(${number})(M|mn|mln|bn|bln|tn|[BT](?=\s\p{Ll}))${end}`,
    (say, figures, times) => `${say.decimal(figures)} ${magnitudeName(times)}`,
  ),
  rule(String.raw`${apart}(${whole})(?:st|nd|rd|th|ST|ND|RD|TH)${end}`, (say, figures) =>
    say.ordinal(figures),
  ),
  rule(String.raw`${apart}(\d{3}0|\d0)'?s${end}`, (say, figures) =>
    plural(figures.length === 2 ? say.cardinal(figures) : say.year(figures)),
  ),
  rule(String.raw`(?<=\b[Tt]he )(\d{1,4})'?s${end}`, (say, figures) => plural(say.name(figures))),
  rule(String.raw`${apart}(720|1080|1440|2160)p${end}`, (say, lines) => `${say.name(lines)} P`),
  rule(
    String.raw`(?:\/|(?<=\d\s?\p{L}{0,9})\sper\s)(?<=\d[\d.,]*\s?(?:${magnitude}|${unitSymbol}|${signAfter})?\/)\s?(\p{L}+)${end}`,
    (_say, noun) => unitName(`/${noun}`, '1').trim(),
  ),
];

const numbers: readonly Rule[] = [
  rule(
    String.raw`(?<![\p{L}\p{N}])0x([\dA-Fa-f]{1,32})${end}`,
    (say, digits) =>
      `zero X ${Array.from(digits.toUpperCase(), (each) => (/\d/u.test(each) ? say.digits(each) : each)).join(' ')}`,
  ),
  // Years stand alone: they are no sum and no measure.
  rule(
    String.raw`${apart}(1[1-9]\d\d|20\d\d)(?![\p{L}\p{N}]|,\d|\.\d|\s?[%‰]|\s(?:dollars|euros|pounds|yen|rupees|cents|percent|degrees|hertz|\p{L}*(?:bytes|meters|grams)|miles)\b)`,
    (say, figures) => say.year(figures),
  ),
  rule(`(?:${apart}|(?<=${begin}v))(${number})`, (say, figures) => say.decimal(figures)),
  // Within a name: H100, MP3.
  rule(String.raw`(?<=\p{L})(\d+)`, (say, digits) => say.name(digits)),
  rule(String.raw`(\d+)`, (say, digits) => say.cardinal(digits)),
];

/** In order: what is more special comes first, and the last two read every digit. */
export const numberRules: readonly Rule[] = [
  ...datesAndTimes,
  ...identifiers,
  ...money,
  ...powersAndFractions,
  ...rangesAndArithmetic,
  ...measures,
  ...numbers,
];
