/** The page that a command writes beside what it prints. */

import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { renderReport } from '@tidemark/shared/report/report.ts';
import { checkWritable, writeWhole } from '../files/output-file.ts';
import type { Context } from './command.ts';

const reportFile = { what: 'The report', example: '--report study.html' } as const;

/** Before the measurement rather than after it. Throws 'not-writable'. */
export const checkReport = (path: string): Promise<void> => checkWritable(path, reportFile);

/**
 * Measuring took long, so a report that cannot be written is reported, and loses nothing else. Whether it is there; where it
 * is, is said on stderr.
 */
export async function keepReport(
  path: string,
  document: RunDocument,
  { progress, report }: Pick<Context, 'progress' | 'report'>,
): Promise<boolean> {
  try {
    await writeWhole(path, renderReport(document), reportFile);
  } catch (error) {
    report(error);
    return false;
  }
  progress.note(`The report is in ${path}.`);
  return true;
}
