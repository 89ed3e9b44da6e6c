/** Figures and words as the report writes them: one unit throughout, and a dash for what is no number. */

import { formatBytes } from '../format/bytes.ts';
import { printable } from '../printable.ts';
import { formatPercent } from '../format/numbers.ts';
import { workloadIn, workloadWords } from '../format/workload.ts';
import type { ProfileSettings } from '../protocol/profile-document.ts';

export const none = '–';

/** `163.5 MB`. */
export const megabytes = (bytes: number): string =>
  Number.isFinite(bytes) ? formatBytes(bytes, { unit: 'MB' }) : none;

/** `+12.3 MB`: a difference. */
export const signedMegabytes = (bytes: number): string =>
  Number.isFinite(bytes) ? formatBytes(bytes, { unit: 'MB', sign: true }) : none;

/** In the unit that the size asks for, with a sign: small growth must not read as 0.0 MB. */
export const signedBytes = (bytes: number): string =>
  Number.isFinite(bytes) ? formatBytes(bytes, { sign: true }) : none;

export const percent = (share: number, sign = false): string =>
  Number.isFinite(share) ? formatPercent(share, { sign }) : none;

export const seconds = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(2)} s` : none);

interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** `+119.1 MB (118.9 to 119.4)`, or the figure alone where its ends read the same. */
export function intervalText({ estimate, low, high }: Interval): string {
  const [from, to] = [megabytes(low), megabytes(high)];
  return from === to
    ? signedMegabytes(estimate)
    : `${signedMegabytes(estimate)} (${from.replace(' MB', '')} to ${to.replace(' MB', '')})`;
}

/** `2025-11-24 10:00 UTC`: a file travels, so the reader's own time zone is nobody's. */
export const momentText = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** What is said, on one line. */
export function spokenText(settings: ProfileSettings): string {
  const { text, texts, phonemes } = settings;
  const said =
    texts === undefined
      ? text === undefined
        ? `/${phonemes.join(' ')}/`
        : `“${text}”`
      : workloadWords(workloadIn(settings));
  return printable(said.replaceAll(/\s+/g, ' ').trim(), 100);
}
