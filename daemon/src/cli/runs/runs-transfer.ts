/** The history's runs to a file and back, as JSON lines; straight from the database, with a daemon beside it or without. */

import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { ExportDocument, ImportDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { checkWritable, writeWhole } from '../../files/output-file.ts';
import type { FilePurpose } from '../../files/output-file.ts';
import { longestLine } from '../../history/import.ts';
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
    if (line === undefined) {
      taking.skip(`It is longer than ${formatBytes(longestLine)}.`);
    } else {
      taking.take(line);
    }
  }
  const { refused, moreRefused = 0, ...counts } = taking.end();
  const unread = refused.length + moreRefused;
  const name = file === '-' ? 'stdin' : file;
  for (const { line, reason } of refused) {
    context.progress.note(`${name}:${line}: ${reason}`);
  }
  const { added, known, schedules, alerts } = counts;
  const document: ImportDocument = {
    ...headOf('import'),
    file,
    ...counts,
    refused: [...refused],
    ...(moreRefused === 0 ? {} : { moreRefused }),
  };
  return {
    document,
    text: () =>
      [
        `Imported ${counted(added, 'run')}${besides(schedules, alerts)} from ${name}`,
        ...(known === 0 ? [] : [`${counted(known, 'run')} already existed`]),
        ...(unread === 0 ? [] : [`${counted(unread, 'line')} could not be read`]),
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

/** The lines of a file, each looked at once, however long it is; undefined for one that is too long to be kept. */
async function* linesOf(file: string, signal: AbortSignal): AsyncGenerator<string | undefined> {
  let input: Readable = process.stdin;
  try {
    if (file !== '-') {
      input = (await open(file)).createReadStream({ signal });
    }
    let pieces: Buffer[] = [];
    let bytes = 0;
    const line = (): string | undefined => {
      const whole = bytes > longestLine ? undefined : Buffer.concat(pieces, bytes).toString('utf8');
      pieces = [];
      bytes = 0;
      return whole;
    };
    let isFirst = true;
    // Not events but iteration, which an error of the stream ends too.
    for await (const chunk of input as AsyncIterable<Buffer>) {
      if (isFirst) {
        refuseForeign(chunk, file);
        isFirst = false;
      }
      for (let from = 0; from < chunk.length;) {
        const end = chunk.indexOf(lineFeed, from);
        const piece = chunk.subarray(from, end === -1 ? chunk.length : end);
        bytes += piece.length;
        if (bytes > longestLine) {
          pieces = [];
        } else {
          pieces.push(piece);
        }
        from += piece.length + 1;
        if (end !== -1) {
          yield line();
        }
      }
    }
    if (bytes > 0) {
      yield line();
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw readError(cause, file, 'Give a file written by `tidemark runs export`, or - for stdin.');
  }
}

const lineFeed = 0x0a;

/** What begins files that are no text, and how to make an export of them. */
const foreign: readonly (readonly [begins: readonly number[], what: string, hint: string])[] = [
  [[0x1f, 0x8b], 'is compressed with gzip', 'Decompress it: `gunzip -c FILE | tidemark runs import -`.'],
  [
    [0x28, 0xb5, 0x2f, 0xfd],
    'is compressed with zstd',
    'Decompress it: `zstd -dc FILE | tidemark runs import -`.',
  ],
  [[0x50, 0x4b, 0x03, 0x04], 'is a ZIP archive', 'Unpack it, and give the file in it.'],
  [[0xff, 0xfe], 'is UTF-16', 'Convert it: `iconv -f UTF-16 -t UTF-8 FILE | tidemark runs import -`.'],
  [[0xfe, 0xff], 'is UTF-16', 'Convert it: `iconv -f UTF-16 -t UTF-8 FILE | tidemark runs import -`.'],
  [
    [...Buffer.from('SQLite format 3')],
    'is a database',
    'Set TIDEMARK_HOME to its folder, and export it with `tidemark runs export`.',
  ],
];

/** Throws 'bad-document' for what is no text, before gigabytes of it are read. */
function refuseForeign(start: Buffer, file: string): void {
  const found = foreign.find(([begins]) => start.subarray(0, begins.length).equals(Buffer.from(begins)));
  const [, what, hint] =
    found ?? (start.includes(0) ? [[], 'is not text', 'Give a file written by `tidemark runs export`.'] : []);
  if (what !== undefined) {
    throw new TidemarkError('bad-document', `${file === '-' ? 'The input' : file} ${what}.`, { hint });
  }
}
