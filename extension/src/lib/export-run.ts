/** A run as a file in the person's Downloads folder. */

import { access, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TidemarkError } from '../../../shared/src/errors.ts';
import type { RunDetail } from '../../../shared/src/protocol/daemon/methods.ts';
import { iterationsCsv } from '../../../shared/src/report/csv.ts';
import { renderReport } from '../../../shared/src/report/report.ts';

export const exportFormats = ['json', 'html', 'csv'] as const;

export type ExportFormat = (typeof exportFormats)[number];

/** What the file holds. Throws 'not-found' where a run left no document behind, from which a report or a table would be made. */
export function exportContent({ record, document, samples }: RunDetail, format: ExportFormat): string {
  if (format === 'json') {
    return `${JSON.stringify(document ?? { record, samples }, undefined, 2)}\n`;
  }
  if (document === undefined) {
    throw new TidemarkError('not-found', `Run ${record.id} left no document behind, only its samples.`, {
      hint: 'Export it as JSON.',
    });
  }
  return format === 'html' ? renderReport(document) : iterationsCsv(document);
}

/** Where it was written: never over a file that is there. Throws 'not-writable'. */
export async function exportRun(
  detail: RunDetail,
  format: ExportFormat,
  folder: string = join(homedir(), 'Downloads'),
): Promise<string> {
  const content = exportContent(detail, format);
  const path = await freePath(folder, `tidemark-run-${detail.record.id}`, format);
  try {
    await writeFile(path, content, { flag: 'wx' });
  } catch (error) {
    throw new TidemarkError('not-writable', `The run could not be written to ${path}.`, { cause: error });
  }
  return path;
}

async function freePath(folder: string, name: string, extension: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const path = join(folder, `${name}${count === 1 ? '' : `-${count}`}.${extension}`);
    const isTaken = await access(path).then(
      () => true,
      () => false,
    );
    if (!isTaken) {
      return path;
    }
  }
}
