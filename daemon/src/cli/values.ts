/** Values as a person types them: whole numbers, durations (`15m`), bytes (`600MB`), shares (`2%`), lists. */

import { InvalidArgumentError } from 'commander';
import { parseBytes } from '@tidemark/shared/format/bytes.ts';

/** Reads a whole number within bounds; anything else is an error of usage. */
export function wholeNumber(minimum: number, maximum = Number.MAX_SAFE_INTEGER): (value: string) => number {
  const range =
    maximum === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${minimum}`
      : `a whole number from ${minimum} to ${maximum.toLocaleString('en-US')}`;
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(number) || number < minimum || number > maximum) {
      throw new InvalidArgumentError(`Give ${range}.`);
    }
    return number;
  };
}

/** Reads a number within bounds; anything else is an error of usage. */
export const numberBetween =
  (minimum: number, maximum: number) =>
  (value: string): number => {
    const number = value.trim() === '' ? Number.NaN : Number(value);
    if (!(number >= minimum && number <= maximum)) {
      throw new InvalidArgumentError(`Give a number from ${minimum} to ${maximum}.`);
    }
    return number;
  };

/** `a,b, c` as a list without empty items. */
export function list(value: string): string[] {
  const items = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) {
    throw new InvalidArgumentError('Give at least one value; separate several with commas.');
  }
  return items;
}

const secondsOf = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** `90s`, `15m`, `1h30m`, `2d` as whole seconds. Throws an InvalidArgumentError. */
export function durationValue(value: string): number {
  const text = value.trim().toLowerCase().replaceAll(/\s+/g, '');
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([smhdw])/g)];
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === text;
  const seconds = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * secondsOf[unit as keyof typeof secondsOf],
    0,
  );
  if (!isWhole || !Number.isSafeInteger(Math.round(seconds))) {
    throw new InvalidArgumentError('Give a duration with a unit, such as 90s, 15m, 6h, 1h30m, or 2d.');
  }
  return Math.round(seconds);
}

/** Reads a duration within bounds, in seconds. */
export function durationBetween(minimum: number, maximum: number): (value: string) => number {
  return (value) => {
    const seconds = durationValue(value);
    if (seconds < minimum || seconds > maximum) {
      throw new InvalidArgumentError(
        `Give a duration from ${durationText(minimum)} to ${durationText(maximum)}.`,
      );
    }
    return seconds;
  };
}

/** Seconds as {@link durationValue} reads them: 5,400 as `1h30m`. */
export function durationText(seconds: number): string {
  if (seconds === 0) {
    return '0s';
  }
  let rest = seconds;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const amount = Math.floor(rest / secondsOf[unit]);
    rest -= amount * secondsOf[unit];
    text += amount === 0 ? '' : `${amount}${unit}`;
  }
  return text;
}

/** `600MB`, `1.5 GB`, `512MiB` as whole bytes. Throws an InvalidArgumentError. */
export function bytesValue(value: string): number {
  const bytes = parseBytes(value);
  if (bytes === undefined) {
    throw new InvalidArgumentError('Give an amount with a unit, such as 600MB, 1.5GB, or 512MiB.');
  }
  return bytes;
}

/** `2%` as 0.02. The sign is asked for, since 0.02 could be either. Throws an InvalidArgumentError. */
export function shareValue(value: string): number {
  const [, percent] = /^(\d+(?:\.\d+)?)\s*%$/.exec(value.trim()) ?? [];
  const share = percent === undefined ? Number.NaN : Number(percent) / 100;
  if (!(share >= 0 && share <= 10)) {
    throw new InvalidArgumentError('Give a percentage from 0% to 1000%, such as 2%.');
  }
  return share;
}

/** `yes`, `on`, `true`, and their opposites. Throws an InvalidArgumentError. */
export function switchValue(value: string): boolean {
  const word = value.trim().toLowerCase();
  if (['yes', 'on', 'true'].includes(word)) {
    return true;
  }
  if (['no', 'off', 'false'].includes(word)) {
    return false;
  }
  throw new InvalidArgumentError('Give yes or no.');
}
