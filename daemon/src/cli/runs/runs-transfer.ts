/** The history's runs to a file and back, as JSON lines; straight from the database, with a daemon beside it or without. */

import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatCount } from '@tidemark/shared/format/numbers.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { ExportDocument, ImportDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { checkWritable, writeWhole } from '../../files/output-file.ts';
import type { FilePurpose } from '../../files/output-file.ts';
import { readError } from '../../files/storage-errors.ts';
import { openHistoryFile } from './run-store.ts';
import type { CommandResult, Context, OutputOptions } from '../command.ts';

const purpose: FilePurpose = { what: 'The export', example: 'tidemark runs export history.jsonl' };

/** Throws a TidemarkError: 'not-writable', 'not-found' without a history, 'history'. */
export async function exportRuns(
  file: string,
  { json }: OutputOptions,
  context: Context,
): Promise<CommandResult> {
  if (file === '-' && json === true) {
    throw new TidemarkError('usage', 'Both the export and what --json prints would be on stdout.', {
      hint: 'Leave out --json, or export to a file.',
    });
  }
  if (file !== '-') {
    await checkWritable(file, purpose);
  }
  using history = openHistoryFile();
  let runs = 0;
  function* counted(): Generator<string> {
    for (const line of history.exportLines()) {
      context.signal.throwIfAborted();
      runs += line.startsWith('{"kind":"run"') ? 1 : 0;
      yield `${line}\n`;
    }
  }
  if (file === '-') {
    for (const line of counted()) {
      if (!process.stdout.write(line)) {
        await new Promise((resolve) => process.stdout.once('drain', resolve));
      }
    }
  } else {
    await writeWhole(file, counted(), purpose);
  }
  const document: ExportDocument = { ...headOf('export'), file, runs };
  const sentence = `Exported ${countedRuns(runs)} to ${file}.`;
  if (file === '-') {
    context.progress.note(sentence.replace('to -', 'to stdout'));
    return { document, text: () => '' };
  }
  return { document, text: () => sentence };
}

/** Throws a TidemarkError: 'bad-document' where the file cannot be read or is no export, 'history', 'not-writable'. */
export async function importRuns(file: string, context: Context): Promise<CommandResult> {
  using history = openHistoryFile({ create: true });
  const taking = history.beginImport();
  for await (const line of linesOf(file, context.signal)) {
    taking.take(line);
  }
  const { added, known, schedules, alerts, refused } = taking.end();
  const name = file === '-' ? 'stdin' : file;
  for (const { line, reason } of refused) {
    context.progress.note(`${name}:${line}: ${reason}`);
  }
  const document: ImportDocument = {
    ...headOf('import'),
    file,
    added,
    known,
    schedules,
    alerts,
    refused: [...refused],
  };
  return {
    document,
    text: () =>
      [
        `Imported ${countedRuns(added)}${besides(schedules, alerts)} from ${name}`,
        ...(known === 0 ? [] : [`${countedRuns(known)} ${known === 1 ? 'was' : 'were'} there already`]),
        ...(refused.length === 0 ? [] : [`${formatCount(refused.length)} of its lines could not be read`]),
      ].join('; ') + '.',
    exitCode: refused.length === 0 ? 0 : 1,
  };
}

const countedRuns = (count: number): string => `${formatCount(count)} ${count === 1 ? 'run' : 'runs'}`;

/** A schedule comes in paused, so that nothing is measured that nobody on this machine asked for. */
function besides(schedules: number, alerts: number): string {
  return [
    ...(schedules === 0
      ? []
      : [`${formatCount(schedules)} ${schedules === 1 ? 'schedule' : 'schedules'} (paused)`]),
    ...(alerts === 0 ? [] : [`${formatCount(alerts)} ${alerts === 1 ? 'alert' : 'alerts'}`]),
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
    throw readError(cause, file, 'Give what `tidemark runs export` wrote, or - for stdin.');
  }
}
