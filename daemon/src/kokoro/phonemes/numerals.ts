/** Numbers as English reads them, where eSpeak reads them otherwise: years, times, money, ranges, units. */

// By function: date-fns's index loads its 250 modules one by one, which takes half a second.
import { format } from 'date-fns/format';
import { isValid } from 'date-fns/isValid';
import { parseISO } from 'date-fns/parseISO';

/** `text` with its years, times, sums of money, dates, ranges and units in words or in numbers that eSpeak reads well. */
export function readNumerals(text: string): string {
  return (
    text
      .replaceAll(/\b\d{4}-\d{2}-\d{2}\b/gu, readDate)
      .replaceAll(money, readMoney)
      .replaceAll(/\b(\d{1,2}):([0-5]\d)\b(?!:)(\s?[ap]\.?m\b)?/giu, readTime)
      .replaceAll(/(?<![\d.:-])(\d[\d,]*(?:\.\d+)?)\s?([A-Za-z]{1,3})\b/gu, readUnit)
      .replaceAll(/\d+(?:\.\d+){2,}/gu, (version) => version.replaceAll('.', ' point '))
      .replaceAll(/(?<![\d\p{L}])\.(?=\d)/gu, 'point ')
      .replaceAll(/(?<![\d.-])(\d{1,4})\s?[-–]\s?(\d{1,4})(?![\d.-])/gu, readRange)
      .replaceAll(year, readYear)
      // Thousands are set apart for the eye; then “3:1”, and “−5” with a true minus sign.
      .replaceAll(/(?<=\d),(?=\d{3}(?!\d))/gu, '')
      .replaceAll(/(?<=\d):(?=\d)/gu, ' to ')
      .replaceAll(/−(?=\d)/gu, 'minus ')
  );
}

/** 1984 is “19 84”, 1905 “19 oh 5”, 1900 “19 hundred”, 1990s “19 90s”; 2000 to 2009 are read in full by eSpeak. */
function readYear(year: string, digits: string, plural: string): string {
  const [century, rest] = [digits.slice(0, 2), Number(digits.slice(2))];
  if (century === '20' && rest < 10) {
    return year;
  }
  if (rest === 0) {
    return `${century} hundred${plural}`;
  }
  return rest < 10 ? `${century} oh ${rest}${plural}` : `${century} ${rest}${plural}`;
}

/** 3:05 is “3 oh 5”, 3:00 “3 o'clock” or “3 p.m.”, 15:00 “15 hundred”. */
function readTime(time: string, hours: string, minutes: string, half: string | undefined): string {
  const [hour, minute] = [Number(hours), Number(minutes)];
  if (hour > 24) {
    return time;
  }
  const suffix = half ? ` ${half.trim()}` : '';
  if (minute > 0) {
    return `${hour} ${minute < 10 ? `oh ${minute}` : minute}${suffix}`;
  }
  if (suffix) {
    return `${hour}${suffix}`;
  }
  return hour > 12 || hour === 0 ? `${hour} hundred` : `${hour} o'clock`;
}

const currencies: Readonly<
  Record<string, readonly [one: string, many: string, cent: string, cents: string]>
> = {
  $: ['dollar', 'dollars', 'cent', 'cents'],
  '€': ['euro', 'euros', 'cent', 'cents'],
  '£': ['pound', 'pounds', 'penny', 'pence'],
  '¥': ['yen', 'yen', 'sen', 'sen'],
};

const money = /([$€£¥])\s?(\d[\d,]*(?:\.\d+)?)(\s(?:hundred|thousand|million|billion|trillion))?\b/giu;

/** $3.50 is “3 dollars and 50 cents”, $1.5 million “1.5 million dollars”. */
function readMoney(sum: string, symbol: string, amount: string, magnitude: string | undefined): string {
  const [one, many, cent, cents] = currencies[symbol] ?? [sum, sum, '', ''];
  const [whole = '0', fraction = ''] = amount.split('.');
  if (magnitude || fraction.length > 2) {
    return `${amount}${magnitude ?? ''} ${many}`;
  }
  const hundredths = Number(fraction.padEnd(2, '0'));
  const units = `${whole} ${whole === '1' ? one : many}`;
  if (hundredths === 0) {
    return units;
  }
  const parts = `${hundredths} ${hundredths === 1 ? cent : cents}`;
  return Number(whole) === 0 ? parts : `${units} and ${parts}`;
}

/** 2024-05-01 is “May 1st, 2024”; what is no date stays as it is. */
function readDate(text: string): string {
  const date = parseISO(text);
  return isValid(date) ? format(date, 'MMMM do, yyyy') : text;
}

/** 5-10 is “5 to 10”, 555-1234 a telephone number, 7-2 a score. */
function readRange(_text: string, from: string, to: string): string {
  if (from.length === 3 && to.length === 4) {
    return `${Array.from(from).join(' ')}, ${Array.from(to).join(' ')}`;
  }
  return Number(from) < Number(to) ? `${from} to ${to}` : `${from}, ${to}`;
}

/** The units that a reader of memory and audio figures meets; they are symbols, so their case counts. */
const units: Readonly<Record<string, string>> = {
  kB: 'kilobyte',
  KB: 'kilobyte',
  MB: 'megabyte',
  GB: 'gigabyte',
  TB: 'terabyte',
  KiB: 'kibibyte',
  MiB: 'mebibyte',
  GiB: 'gibibyte',
  ms: 'millisecond',
  Hz: 'hertz',
  kHz: 'kilohertz',
  MHz: 'megahertz',
  GHz: 'gigahertz',
  mm: 'millimeter',
  cm: 'centimeter',
  km: 'kilometer',
  kg: 'kilogram',
};

/** 163.5 MB is “163.5 megabytes”. */
function readUnit(text: string, amount: string, symbol: string): string {
  const unit = units[symbol];
  if (unit === undefined) {
    return text;
  }
  return `${amount} ${unit}${amount === '1' || unit.endsWith('hertz') ? '' : 's'}`;
}

/** Figures from 1100 to 2099 that stand alone: no part of a longer number or a name, and no sum or measure. */
const measured = [...Object.values(currencies).flat(), ...Object.values(units)].join('|');
const year = new RegExp(
  String.raw`(?<![\d.,\p{L}-])(1[1-9]\d\d|20\d\d)(s?)\b(?!,\d|\.\d|-\d|\s?[%°]|\s(?:${measured}))`,
  'gu',
);
