/** Brings an export of any size into a history, as its bytes come. */

import { setTimeout as wait } from 'node:timers/promises';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import type { ImportResult } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { History } from './history.ts';
import { longestLine } from './import.ts';

/** An import in a child process, of a file that was made for it. */
export interface ImportTask {
  readonly job: {
    readonly dataFolder: string;
    readonly path: string;
    /** Who has itself measured what is in it. */
    readonly client?: string | undefined;
  };
  /** Something was added. */
  readonly progress: object;
  readonly result: ImportResult;
}

/** Between two transactions, so that who waits for the lock has a turn. */
const pauseMilliseconds = 5;

/** Throws what {@link HistoryImport} and the input do; what was added by then stays. */
export async function importFrom(
  history: History,
  input: AsyncIterable<Buffer>,
  { onBatch, client }: { readonly onBatch?: () => void; readonly client?: string | undefined } = {},
): Promise<ImportResult> {
  const taking = history.beginImport(client);
  for await (const line of linesOf(input)) {
    if (line === undefined) {
      taking.skip(`It is longer than ${formatBytes(longestLine)}.`);
    } else if (taking.take(line)) {
      onBatch?.();
      await wait(pauseMilliseconds);
    }
  }
  return taking.end();
}

/** The lines, each looked at once, however long it is; undefined for one that is too long to be kept. */
async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<string | undefined> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  const line = (): string | undefined => {
    const whole = bytes > longestLine ? undefined : Buffer.concat(pieces, bytes).toString('utf8');
    pieces = [];
    bytes = 0;
    return whole;
  };
  for await (const chunk of input) {
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
}

const lineFeed = 0x0a;
