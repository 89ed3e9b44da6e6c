/** What the texts of all commands share: figures in tables, colors, and how wide a line may be. */

import { styleText } from 'node:util';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';

/** A cell for which there is no figure. */
export const nothing = '–';

export const inMb = (bytes: number): string => formatBytes(bytes, { unit: 'MB' });

/** Megabytes without their unit, for a table that says it once. */
export const inMegabytes = (bytes: number): string => inMb(bytes).replace(/ MB$/, '');

type Style = Parameters<typeof styleText>[0];

/** Styles text where stdout is a terminal that shows colors. */
export const styled = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout });

/** Columns of the terminal behind stdout; undefined where it is a file or a pipe, whose lines are not to be broken. */
export const outputWidth = (): number | undefined =>
  process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : undefined;
