/** Megabytes without their unit, for a table that says it once. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';

export const inMegabytes = (bytes: number): string => formatBytes(bytes, { unit: 'MB' }).replace(/ MB$/, '');
