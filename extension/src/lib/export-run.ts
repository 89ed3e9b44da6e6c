/** A run as a file in the person's Downloads folder. */

import { showInFinder, showToast, Toast } from '@raycast/api';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/client/errors';
import type { RunDetail } from '@tidemark/client/protocol/daemon/methods';
import { iterationsCsv } from '@tidemark/client/report/csv';
import { renderReport } from '@tidemark/client/report/report';
import { withClient } from './connection.ts';
import { notifyFailure } from './notify.ts';

type ExportFormat = 'json' | 'html' | 'csv';

/** What the file holds. Throws 'not-found' where a run left no document, from which a report or a table would be made. */
export function exportContent({ record, document, samples }: RunDetail, format: ExportFormat): string {
  if (format === 'json') {
    return `${JSON.stringify(document ?? { record, samples }, undefined, 2)}\n`;
  }
  if (document === undefined) {
    throw new TidemarkError('not-found', `Run ${record.id} has no report, only its samples.`, {
      hint: 'Export it as JSON instead.',
    });
  }
  return format === 'html' ? renderReport(document) : iterationsCsv(document);
}

/** Where it was written: never over a file that is there. Throws 'not-writable'. */
export async function writeExport(
  detail: RunDetail,
  format: ExportFormat,
  folder: string = join(homedir(), 'Downloads'),
): Promise<string> {
  const content = exportContent(detail, format);
  for (let count = 1; ; count += 1) {
    const name = `tidemark-run-${detail.record.id}${count === 1 ? '' : `-${count}`}.${format}`;
    const path = join(folder, name);
    try {
      await writeFile(path, content, { flag: 'wx' });
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new TidemarkError('not-writable', `The run could not be written to ${path}.`, { cause: error });
      }
    }
  }
}

/** Writes the file, which a toast then shows. */
export async function exportRun(runId: number, format: ExportFormat): Promise<void> {
  try {
    const detail = await withClient((client) =>
      client.call('getRun', { runId, samples: 100_000 }, { timeoutMilliseconds: 20_000 }),
    );
    const path = await writeExport(detail, format);
    await showToast({
      style: Toast.Style.Success,
      title: `Exported run ${runId} to Downloads`,
      message: path,
      primaryAction: { title: 'Show in Finder', onAction: () => void showInFinder(path) },
    });
  } catch (error) {
    await notifyFailure(error, 'Could Not Export the Run');
  }
}
