/** The history's runs to a file and back, as JSON lines. */

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { addAbortSignal, Readable } from 'node:stream';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { ExportDocument, ImportDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { ImportResult } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { WatchDocument } from '@tidemark/shared/protocol/watch-document.ts';
import { checkWritable, writeWhole } from '../../files/output-file.ts';
import type { FilePurpose } from '../../files/output-file.ts';
import { readError, storageError } from '../../files/storage-errors.ts';
import { importFrom } from '../../history/import-stream.ts';
import type { CommandResult, Context, OutputOptions } from '../command.ts';
import { cliClient } from '../daemon-connection.ts';
import { writeJsonLine } from '../output.ts';
import { openHistoryToRead, placeToImport } from './run-store.ts';

/** Bytes that are copied for the daemon. */
const longestInput = 4 * 1024 ** 3;

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

/**
 * Through the daemon where one runs, and otherwise while none can start. Throws a TidemarkError: 'bad-document' where the file
 * cannot be read or is no export, 'busy', 'history', 'not-writable', and what the daemon's client throws.
 */
export async function importRuns(context: Context, file: string): Promise<CommandResult> {
  await using place = await placeToImport(context);
  const input = bytesOf(file, context.signal);
  const {
    refused,
    moreRefused = 0,
    ...counts
  } = 'daemon' in place
    ? await importThrough(place.daemon, input, context)
    : await importFrom(place.history, input);
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

/**
 * Adds what this command has just measured to the history, also where the person has stopped it: through the daemon where one
 * runs. Gives the run's number. Throws as {@link importRuns} does.
 */
export async function keepMeasured(document: WatchDocument): Promise<number | undefined> {
  const context = { signal: new AbortController().signal };
  await using place = await placeToImport(context);
  const input = Readable.from([Buffer.from(JSON.stringify(document))]) as AsyncIterable<Buffer>;
  const filter = { kind: document.kind, limit: 1 } as const;
  if ('daemon' in place) {
    refuseUnread(await importThrough(place.daemon, input, context, true));
    return (await place.daemon.call('listRuns', filter)).runs[0]?.id;
  }
  refuseUnread(await importFrom(place.history, input, { client: cliClient.name }));
  return place.history.runs.list(filter).runs[0]?.id;
}

function refuseUnread({ refused: [first] }: ImportResult): void {
  if (first !== undefined) {
    throw new TidemarkError('history', `The run cannot be kept in the history: ${first.reason}`);
  }
}

/** Gives the daemon the whole input as a file of its own, which it reads wherever it runs: it may not be allowed to read the person's. */
async function importThrough(
  daemon: DaemonClient,
  input: AsyncIterable<Buffer>,
  { signal }: Pick<Context, 'signal'>,
  measured = false,
): Promise<ImportResult> {
  const { path } = await daemon.call('prepareImport', {}, { signal });
  try {
    await using copy = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
    let bytes = 0;
    for await (const chunk of input) {
      bytes += chunk.length;
      if (bytes > longestInput) {
        throw new TidemarkError('bad-document', `The input is longer than ${formatBytes(longestInput)}.`, {
          hint: 'Import it in parts, each of whole lines.',
        });
      }
      await copy.writeFile(chunk);
    }
  } catch (error) {
    throw daemon.isOpen ? storageError(error, path) : daemon.failure;
  }
  return await daemon.call('importRuns', measured ? { path, measured } : { path }, {
    signal,
    timeoutMilliseconds: 0,
  });
}

/** What a person imports, in pieces; a file that is none, as a pipe that nobody writes to, is refused at once. */
async function* bytesOf(file: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    const input = addAbortSignal(signal, file === '-' ? process.stdin : await openPlain(file));
    let isFirst = true;
    // Not events but iteration, which an error of the stream ends too.
    for await (const chunk of input as AsyncIterable<Buffer>) {
      if (isFirst) {
        refuseForeign(chunk, file);
        isFirst = false;
      }
      yield chunk;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw readError(cause, file, 'Give a file written by `tidemark runs export`, or - for stdin.');
  }
}

async function openPlain(file: string): Promise<Readable> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const found = await handle.stat();
  if (found.isFile() || found.isDirectory()) {
    return handle.createReadStream();
  }
  await handle.close();
  throw new TidemarkError('bad-document', `${file} is not a file.`, {
    hint: 'Import what a program writes through a pipe: `PROGRAM | tidemark runs import -`.',
  });
}

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
