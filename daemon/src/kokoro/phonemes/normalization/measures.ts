/** What follows a number: units and currencies, in words. */

import { plural } from './numerals.ts';
import type { NumberWords } from './numerals.ts';
import { either } from './rules.ts';

/** How the metric prefixes are written, and said. */
const prefixes: Readonly<Record<string, string>> = {
  '': '',
  E: 'exa',
  P: 'peta',
  T: 'tera',
  G: 'giga',
  M: 'mega',
  k: 'kilo',
  K: 'kilo',
  h: 'hecto',
  d: 'deci',
  c: 'centi',
  m: 'milli',
  μ: 'micro',
  n: 'nano',
  p: 'pico',
  Ki: 'kibi',
  Mi: 'mebi',
  Gi: 'gibi',
  Ti: 'tebi',
};

/**
 * Units that take prefixes: the symbol, the prefixes that are usual with it (- for none), and the name. A lone letter
 * that more often is a name (5 A, 3 B) takes no part. Symbols are case-sensitive.
 */
const scaled = `
m - k d c m μ n|meter
g - k m μ n|gram
s - m μ n p|second
L - h d c m μ|liter
l - h d c m μ|liter
W - k M G T m μ|watt
Wh - k M G T|watt hour
V - k m μ|volt
A m μ n|amp
Ah - m|amp hour
J k M G|joule
Pa - k h M G|pascal
N k M|newton
Hz - k K M G T|hertz
B k K M G T P E Ki Mi Gi Ti|byte
b k K M G T|bit
bit - k M G|bit
bps - k K M G T|bit per second
Bps k K M G|byte per second
eV - k M G T|electron volt
cal - k|calorie
mol - m μ n|mole
Ω - k M m|ohm
F m μ n p|farad
bar - m|bar
FLOPS - k M G T P E|flops
px - M|pixel
P M|pixel`;

/** Units without prefixes. */
const single: Readonly<Record<string, string>> = {
  h: 'hour',
  hr: 'hour',
  hrs: 'hour',
  min: 'minute',
  mins: 'minute',
  sec: 'second',
  secs: 'second',
  wk: 'week',
  yr: 'year',
  yrs: 'year',
  mo: 'month',
  mi: 'mile',
  ft: 'foot',
  yd: 'yard',
  lb: 'pound',
  lbs: 'pound',
  oz: 'ounce',
  gal: 'gallon',
  ha: 'hectare',
  dB: 'decibel',
  kn: 'knot',
  mph: 'mile per hour',
  kph: 'kilometer per hour',
  kmh: 'kilometer per hour',
  rpm: 'revolution per minute',
  bpm: 'beat per minute',
  fps: 'frame per second',
  dpi: 'dot per inch',
  ppi: 'pixel per inch',
  ppm: 'part per million',
  psi: 'pound per square inch',
  '°C': 'degree Celsius',
  '°F': 'degree Fahrenheit',
  '°': 'degree',
};

const units: ReadonlyMap<string, string> = new Map([
  ...Object.entries(single),
  ...scaled
    .trim()
    .split('\n')
    .flatMap((line): [string, string][] => {
      const [written = '', name = ''] = line.split('|');
      const [base = '', ...before] = written.split(' ');
      return before.map((prefix) => {
        const letters = prefix === '-' ? '' : prefix;
        return [letters + base, `${prefixes[letters] ?? ''}${name}`];
      });
    }),
]);

/** Matches a unit's symbol, with a power: km, m², m/s. */
export const unitSymbol = String.raw`(?:${either(units.keys())})(?:[²³]|\^[23])?`;

const one = (figures: string): boolean => /^1$/u.test(figures);

/** The name of a unit, “square meters per second”, for so many of it. */
export function unitName(symbols: string, figures: string): string {
  const [first = '', ...others] = symbols.split('/');
  const name = powerOf(first);
  // The first noun takes the plural: miles per hour, but kilowatt hours and degrees Celsius.
  const [, noun = '', rest = ''] = /^(degree|.*?)( per .*| Celsius| Fahrenheit|)$/u.exec(name) ?? [];
  return [
    (one(figures) ? noun : noun.replace(/\S+$/u, plural)) + rest,
    ...others.map((other) => {
      const power = /(?:²|\^2)$/u.test(other) ? ' squared' : /(?:³|\^3)$/u.test(other) ? ' cubed' : '';
      return `per ${bareUnit(other)}${power}`;
    }),
  ].join(' ');
}

const bareUnit = (symbol: string): string => {
  const bare = symbol.replace(/(?:[²³]|\^[23])$/u, '');
  return units.get(bare) ?? bare;
};

function powerOf(symbol: string): string {
  const power = /(?:²|\^2)$/u.test(symbol) ? 'square ' : /(?:³|\^3)$/u.test(symbol) ? 'cubic ' : '';
  return power + bareUnit(symbol);
}

/** Signs of currencies: the sign, ISO's code, one and many, and of its hundredth one and many. */
const signs = `
$|USD|dollar|dollars|cent|cents
€|EUR|euro|euros|cent|cents
£|GBP|pound|pounds|penny|pence
¥|JPY|yen|yen
₹|INR|rupee|rupees|paisa|paise
₩|KRW|won|won
₽|RUB|ruble|rubles|kopeck|kopecks
₺|TRY|lira|lira|kurush|kurush
₴|UAH|hryvnia|hryvnias|kopiyka|kopiykas
₦|NGN|naira|naira|kobo|kobo
₱|PHP|peso|pesos|centavo|centavos
฿|THB|baht|baht|satang|satang
₫|VND|dong|dong
₪|ILS|shekel|shekels|agora|agorot
₡|CRC|colon|colones
₲|PYG|guarani|guaranis
₵|GHS|cedi|cedis|pesewa|pesewas
₭|LAK|kip|kip
₮|MNT|tugrik|tugriks
₸|KZT|tenge|tenge
₼|AZN|manat|manat
₾|GEL|lari|lari|tetri|tetri
₨|PKR|rupee|rupees|paisa|paise
₿|XBT|bitcoin|bitcoins
zł|PLN|zloty|zlotys|grosz|groszy
Kč|CZK|koruna|korunas
kr|NOK|krone|kroner|øre|øre
US$|USD
CA$|CAD
C$|CAD
AU$|AUD
A$|AUD
NZ$|NZD
HK$|HKD
NT$|TWD
S$|SGD
R$|BRL
MX$|MXN`;

interface Currency {
  readonly one: string;
  readonly many: string;
  /** Absent where sums are not said in hundredths. */
  readonly hundredth?: readonly [one: string, many: string];
}

/** The name of a currency from Unicode's data, which Node carries: “US dollar”. */
function isoName(code: string, amount: number): string {
  const style = {
    style: 'currency',
    currency: code,
    currencyDisplay: 'name',
    maximumFractionDigits: 0,
  } as const;
  const parts = new Intl.NumberFormat('en', style).formatToParts(amount);
  return parts.find(({ type }) => type === 'currency')?.value ?? code;
}

const bySign: ReadonlyMap<string, Currency> = new Map(
  signs
    .trim()
    .split('\n')
    .map((line): [string, Currency] => {
      const [sign = '', code = '', single, many, cent, cents] = line.split('|');
      const hundredth = cent === undefined || cents === undefined ? undefined : ([cent, cents] as const);
      return [
        sign,
        {
          one: single ?? isoName(code, 1),
          many: many ?? isoName(code, 2),
          ...(single === undefined ? { hundredth: ['cent', 'cents'] as const } : hundredth && { hundredth }),
        },
      ];
    }),
);

/** The hundredths of a currency that is named by its code. */
const byCode: ReadonlyMap<string, Currency['hundredth']> = new Map(
  signs
    .trim()
    .split('\n')
    .map((line) => [line.split('|')[1] ?? '', bySign.get(line.split('|')[0] ?? '')?.hundredth]),
);

const codes = new Set(Intl.supportedValuesOf('currency'));
/** Codes that are words or names of other things where no sum stands beside them, and often even there. */
const wordsToo = [
  'ALL',
  'TOP',
  'TRY',
  'CUP',
  'PEN',
  'AMD',
  'BAM',
  'MOP',
  'SOS',
  'COP',
  'MAD',
  'BOB',
  'PHP',
  'SCR',
  'ANG',
];

/** Match the sign or the code of a currency before a sum, and after one. */
export const signBefore = String.raw`(?:${either(bySign.keys())}|${either([...codes].filter((code) => !wordsToo.includes(code)))})`;
export const signAfter = String.raw`(?:${either([...bySign.keys()].filter((sign) => !/^\p{Lu}+\$$/u.test(sign)))}|${either(codes)})`;

const magnitudes: Readonly<Record<string, string>> = {
  k: 'thousand',
  m: 'million',
  mn: 'million',
  mm: 'million',
  mln: 'million',
  b: 'billion',
  bn: 'billion',
  bln: 'billion',
  t: 'trillion',
  tn: 'trillion',
};

/** Matches a magnitude after a number: a word, or with money one of its letters. */
export const magnitudeWord = '(?:hundred|thousand|million|billion|trillion|quadrillion)';
export const magnitude = String.raw`(?:${magnitudeWord}|[KkMmBbTt]|mn|mm|mln|bn|bln|tn)`;

export const magnitudeName = (written: string): string =>
  magnitudes[written.toLowerCase()] ?? written.toLowerCase();

/** A sum in words. $3.50 is “three dollars and fifty cents”, $1.5M “one point five million dollars”. */
export function sumOfMoney(say: NumberWords, sign: string, figures: string, times: string): string {
  const {
    one: single,
    many,
    hundredth,
  } = bySign.get(sign) ?? { one: isoName(sign, 1), many: isoName(sign, 2), hundredth: byCode.get(sign) };
  const [integer = '', fraction = ''] = figures.split('.');
  const whole = integer === '' ? '0' : integer;
  if (times !== '') {
    return `${say.decimal(figures)} ${magnitudeName(times)} ${many}`;
  }
  if (/^0*$/u.test(fraction)) {
    return `${say.cardinal(whole)} ${one(whole) ? single : many}`;
  }
  if (hundredth === undefined || fraction.length > 2) {
    return `${say.decimal(figures)} ${many}`;
  }
  const hundredths = String(Number(fraction.padEnd(2, '0')));
  const parts = `${say.cardinal(hundredths)} ${hundredth[one(hundredths) ? 0 : 1]}`;
  return /^0*$/u.test(whole) ? parts : `${say.cardinal(whole)} ${one(whole) ? single : many} and ${parts}`;
}

/** The word for a sign of a currency that stands without a sum. */
export const currencyName = (sign: string): string | undefined => bySign.get(sign)?.one;
