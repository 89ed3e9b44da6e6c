/** The profile or study that an argument names: a file, standard input, or a run of the history. */

import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { parseRunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { readError } from '../../files/storage-errors.ts';
import type { Context } from '../command.ts';
import { runReference } from './run-reference.ts';
import { openRuns, runDetail } from './run-store.ts';

/** For help: what such an argument may be. */
export const runInputs = 'a file that --json wrote, a run of the history (12 or "#12"), or - for stdin';

/** What it is called in what is printed. */
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
  const { document, record } = await runDetail(store, id);
  if (document === undefined) {
    throw new TidemarkError(
      'bad-document',
      record.state === 'queued' || record.state === 'running'
        ? `Run #${id} is not over yet.`
        : `Run #${id} (${record.state}) left no document behind.`,
      { hint: `\`tidemark show ${id}\` shows what there is of it.` },
    );
  }
  return document;
}

/** `-` is stdin. Throws a TidemarkError: 'bad-document'. */
async function readRunFile(path: string): Promise<RunDocument> {
  try {
    return path === '-'
      ? parseRunDocument(await text(process.stdin), 'What came on stdin')
      : parseRunDocument(await readFile(path, 'utf8'), path);
  } catch (cause) {
    const hint =
      'Give a file that `tidemark profile --json` or `tidemark study --json` wrote, or - for stdin.';
    throw readError(cause, path, hint);
  }
}
