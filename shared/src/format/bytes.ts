/** Byte counts as text: decimal megabytes as MLX users quote them, binary units on request. */

/** Bytes in one of each unit. */
export const unitBytes = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
} as const;

export type ByteUnit = keyof typeof unitBytes;

interface FormatBytesOptions {
  /**
   * One unit for every value, as a column of a table needs it; or the system of units, of which the largest that the
   * value fills is taken. Default: `decimal`.
   */
  readonly unit?: ByteUnit | 'decimal' | 'binary';
  /** Digits after the point. Default: none for bytes, two for GB and GiB, otherwise one. */
  readonly fractionDigits?: number;
  /** Digits in all, instead of `fractionDigits`: 163,526,908 at 3 is 164 MB. */
  readonly significantDigits?: number;
  /** Whether a value above zero gets a plus sign: for differences. */
  readonly sign?: boolean;
}

/** `163526908` as `163.5 MB`. Throws a RangeError when `bytes` is not a finite number. */
export function formatBytes(bytes: number, options: FormatBytesOptions = {}): string {
  if (!Number.isFinite(bytes)) {
    throw new RangeError(`not a number of bytes: ${bytes}`);
  }
  const { unit = 'decimal' } = options;
  if (unit !== 'decimal' && unit !== 'binary') {
    return inUnit(bytes, unit, options);
  }
  const ladder: readonly ByteUnit[] =
    unit === 'decimal' ? ['B', 'kB', 'MB', 'GB'] : ['B', 'KiB', 'MiB', 'GiB'];
  // A value is judged as it will be shown, so that 999,960 bytes are 1.0 MB and never 1,000.0 kB.
  const step = unit === 'decimal' ? 1000 : 1024;
  const fits = ladder.find((candidate) => {
    const shown = digits(bytes / unitBytes[candidate], candidate, options).replaceAll(/[^\d.]/g, '');
    return Number(shown) < step;
  });
  return inUnit(bytes, fits ?? (unit === 'decimal' ? 'GB' : 'GiB'), options);
}

const typedUnits = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
} as const;

/** `600MB`, `1.5 GB`, `512MiB` as whole bytes; undefined for anything else, a bare number too. */
export function parseBytes(value: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(value.trim().toLowerCase()) ?? [];
  const bytes = Object.hasOwn(typedUnits, unit)
    ? Math.round(Number(amount) * typedUnits[unit as keyof typeof typedUnits])
    : Number.NaN;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

function inUnit(bytes: number, unit: ByteUnit, options: FormatBytesOptions): string {
  return `${digits(bytes / unitBytes[unit], unit, options)} ${unit}`;
}

function digits(value: number, unit: ByteUnit, options: FormatBytesOptions): string {
  const { fractionDigits = defaultFractionDigits(unit), significantDigits, sign = false } = options;
  return new Intl.NumberFormat('en-US', {
    signDisplay: sign ? 'exceptZero' : 'negative',
    ...(significantDigits === undefined
      ? { minimumFractionDigits: fractionDigits, maximumFractionDigits: fractionDigits }
      : { minimumSignificantDigits: significantDigits, maximumSignificantDigits: significantDigits }),
  }).format(value);
}

function defaultFractionDigits(unit: ByteUnit): number {
  if (unit === 'B') {
    return 0;
  }
  return unit === 'GB' || unit === 'GiB' ? 2 : 1;
}
