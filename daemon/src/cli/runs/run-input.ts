/** The profile or study that an argument names: a file, standard input, or a run of the history. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { readRunDocument } from '../../files/read-run-document.ts';
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
    return await readRunDocument(argument);
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
