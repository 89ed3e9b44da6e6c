/** What the texts of all commands share: figures and counts, styles, and how wide a line may be. */

import { styleText } from 'node:util';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatTable } from '@tidemark/shared/format/terminal.ts';
import type { TableColumn } from '@tidemark/shared/format/terminal.ts';
import { widthOf } from '../output.ts';

/** A cell for which there is no figure. */
export const nothing = '–';

export const inMb = (bytes: number): string => formatBytes(bytes, { unit: 'MB' });

/** Megabytes without their unit, for a table that says it once. */
export const inMegabytes = (bytes: number): string => inMb(bytes).replace(/ MB$/, '');

/** A column of a table, and its cell in the row of each thing. */
export interface Column<Thing> extends TableColumn {
  readonly cell: (thing: Thing) => string;
}

export const column = <Thing>(header: string, cell: Column<Thing>['cell']): Column<Thing> => ({
  header,
  cell,
});

/** A column of figures, which align at their end. */
export const figures = <Thing>(header: string, cell: Column<Thing>['cell']): Column<Thing> => ({
  header,
  align: 'right',
  cell,
});

export const tableOf = <Thing>(
  things: readonly Thing[],
  columns: readonly Column<Thing>[],
  maxWidth = outputWidth(),
): string =>
  formatTable(
    columns,
    things.map((thing) => columns.map(({ cell }) => cell(thing))),
    maxWidth === undefined ? {} : { maxWidth },
  );

/** Styles text where stdout is a terminal that shows colors. */
export const styled = (style: Parameters<typeof styleText>[0], text: string): string =>
  styleText(style, text, { stream: process.stdout });

/** Columns of the terminal behind stdout; undefined for a file or a pipe. */
export const outputWidth = (): number | undefined => widthOf(process.stdout);
