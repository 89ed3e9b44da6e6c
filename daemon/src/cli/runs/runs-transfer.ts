/** The history's runs to a file and back, as JSON lines; straight from the database, with a daemon beside it or without. */

import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { ExportDocument, ImportDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { checkWritable, writeWhole } from '../../files/output-file.ts';
import type { FilePurpose } from '../../files/output-file.ts';
import { readError } from '../../files/storage-errors.ts';
import type { CommandResult, Context, OutputOptions } from '../command.ts';
import { writeJsonLine } from '../output.ts';
import { openHistoryToRead, openHistoryToWrite } from './run-store.ts';

const purpose: FilePurpose = { what: 'The export', example: 'tidemark runs export history.jsonl' };

/** Throws a TidemarkError: 'not-writable', 'not-found' without a history, 'history'. */
export async function exportRuns(
  context: Context,
  file: string,
  { json }: OutputOptions,
): Promise<CommandResult> {
  if (file === '-' && json === true) {
    throw new TidemarkError('usage', 'The export and the --json document cannot both go to stdout.', {
      hint: 'Omit --json, or export to a file.',
    });
  }
  if (file !== '-') {
    await checkWritable(file, purpose);
  }
  using history = openHistoryToRead();
  let runs = 0;
  function* exportedLines(): Generator<string> {
    for (const line of history.exportLines()) {
      context.signal.throwIfAborted();
      runs += line.startsWith('{"kind":"run"') ? 1 : 0;
      yield line;
    }
  }
  if (file === '-') {
    for (const line of exportedLines()) {
      await writeJsonLine(line);
    }
  } else {
    await writeWhole(
      file,
      exportedLines().map((line) => `${line}\n`),
      purpose,
    );
  }
  const document: ExportDocument = { ...headOf('export'), file, runs };
  const sentence = `Exported ${counted(runs, 'run')} to ${file === '-' ? 'stdout' : file}.`;
  if (file === '-') {
    context.progress.note(sentence);
    return { document, text: () => '' };
  }
  return { document, text: () => sentence };
}

/** Throws a TidemarkError: 'bad-document' where the file cannot be read or is no export, 'history', 'not-writable'. */
export async function importRuns(context: Context, file: string): Promise<CommandResult> {
  using history = openHistoryToWrite();
  const taking = history.beginImport();
  for await (const line of linesOf(file, context.signal)) {
    taking.take(line);
  }
  const { refused, ...counts } = taking.end();
  const name = file === '-' ? 'stdin' : file;
  for (const { line, reason } of refused) {
    context.progress.note(`${name}:${line}: ${reason}`);
  }
  const { added, known, schedules, alerts } = counts;
  const document: ImportDocument = { ...headOf('import'), file, ...counts, refused: [...refused] };
  return {
    document,
    text: () =>
      [
        `Imported ${counted(added, 'run')}${besides(schedules, alerts)} from ${name}`,
        ...(known === 0 ? [] : [`${counted(known, 'run')} already existed`]),
        ...(refused.length === 0 ? [] : [`${counted(refused.length, 'line')} could not be read`]),
      ].join('; ') + '.',
    exitCode: refused.length === 0 ? 0 : 1,
  };
}

/** A schedule is imported as paused, so that nothing is measured that nobody on this machine asked for. */
function besides(schedules: number, alerts: number): string {
  return [
    ...(schedules === 0 ? [] : [`${counted(schedules, 'schedule')} (paused)`]),
    ...(alerts === 0 ? [] : [counted(alerts, 'alert')]),
  ]
    .map((each) => ` and ${each}`)
    .join('');
}

async function* linesOf(file: string, signal: AbortSignal): AsyncGenerator<string> {
  let input: Readable = process.stdin;
  try {
    if (file !== '-') {
      input = (await open(file)).createReadStream({ signal, encoding: 'utf8' });
    }
    // Not events but iteration, which an error of the stream ends too.
    let rest = '';
    for await (const chunk of input.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') {
      yield rest;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw readError(cause, file, 'Give a file written by `tidemark runs export`, or - for stdin.');
  }
}
