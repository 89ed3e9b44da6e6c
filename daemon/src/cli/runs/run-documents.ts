/** The documents of runs that commands read, from a file, stdin or the history, and the page that they write of one. */

import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { InvalidArgumentError } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { SingleRunDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { parseRunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { renderReport } from '@tidemark/shared/report/report.ts';
import { checkWritable, writeWhole } from '../../files/output-file.ts';
import { readError } from '../../files/storage-errors.ts';
import type { Context } from '../command.ts';
import { stateWord } from '../reports/run-words.ts';
import { openRuns, runDetail } from './run-store.ts';

/**
 * The number of a run, given as `12` or `#12`, or undefined for anything else. Digits alone are always a run: a file of such a
 * name can be given as `./12`.
 */
export function runReference(value: string): number | undefined {
  const number = Number(/^#?(\d{1,15})$/.exec(value)?.[1]);
  return number >= 1 ? number : undefined;
}

/** For an argument that can only be a run. Throws an InvalidArgumentError. */
export function parseRunId(value: string): number {
  const id = runReference(value);
  if (id === undefined) {
    throw new InvalidArgumentError(
      "Give the number of a run, such as 12 or '#12'. `tidemark runs` lists them.",
    );
  }
  return id;
}

/** For help: how an argument names a profile or a study. */
export const runInputs = 'a file written with --json, a run number (12 or "#12"), or - for stdin';

/** For help: how a file is told from a run. */
export const digitsNote =
  'A number names a run from the history, as listed by `tidemark runs`. To read a file with such a name, give it as ./12.';

/** Where a command reads two runs. */
export const onlyOneFromStdin = (): TidemarkError =>
  new TidemarkError('usage', 'Only one of the two inputs can come from stdin.', {
    hint: 'Save the other one to a file.',
  });

/** Its name in what is printed. */
export function nameOfInput(argument: string): string {
  const id = runReference(argument);
  if (id !== undefined) {
    return `run #${id}`;
  }
  return argument === '-' ? 'stdin' : argument;
}

/** Throws a TidemarkError: 'bad-document', 'not-found', and what asking for runs throws. */
export async function readRunInput(argument: string, context: Pick<Context, 'signal'>): Promise<RunDocument> {
  const id = runReference(argument);
  if (id === undefined) {
    return await readRunFile(argument);
  }
  await using store = await openRuns(context);
  return documentOfRun(await runDetail(store, id));
}

/** Throws 'bad-document' where the run has none. */
export function documentOfRun({ document, record: { id, state } }: RunDetail): RunDocument {
  if (document === undefined) {
    throw new TidemarkError(
      'bad-document',
      isOpen(state) ? `Run #${id} has not ended yet.` : `Run #${id} (${stateWord(state)}) has no document.`,
      { hint: `Run \`tidemark show ${id}\` to see its iterations.` },
    );
  }
  return document;
}

/** What `--json` prints of a run without a document of its own. */
export const singleRun = (
  record: RunRecord,
  samples: SingleRunDocument['samples'] = [],
): SingleRunDocument => ({ ...headOf('run'), record, samples });

/** `-` is stdin. Throws a TidemarkError: 'bad-document'. */
async function readRunFile(path: string): Promise<RunDocument> {
  try {
    return path === '-'
      ? parseRunDocument(await text(process.stdin), 'The input from stdin')
      : parseRunDocument(await readFile(path, 'utf8'), path);
  } catch (cause) {
    const hint =
      'Give a file written by `tidemark profile --json` or `tidemark study --json`, or - for stdin.';
    throw readError(cause, path, hint);
  }
}

const pagePurpose = { what: 'The report', example: '--report study.html' } as const;

/** Before the measurement rather than after it. Throws 'not-writable'. */
export async function checkPage(path: string | undefined): Promise<void> {
  if (path !== undefined) {
    await checkWritable(path, pagePurpose);
  }
}

/**
 * Measuring took long, so a page that cannot be written is reported, and loses nothing else. Returns whether what was asked for
 * is there; where it is, is said on stderr.
 */
export async function keepPage(
  path: string | undefined,
  document: () => Parameters<typeof renderReport>[0],
  { progress, report }: Pick<Context, 'progress' | 'report'>,
): Promise<boolean> {
  if (path === undefined) {
    return true;
  }
  const shown = document();
  try {
    await writeWhole(path, renderReport(shown), pagePurpose);
  } catch (error) {
    report(error);
    return false;
  }
  progress.note(`Wrote the report to ${path}.`);
  return true;
}
