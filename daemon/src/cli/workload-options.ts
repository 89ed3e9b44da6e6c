/** The options of a workload: many texts from a file, and what becomes of MLX's cache. */

import { constants, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Option } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { linesOf, strategyNames, textsIn } from '@tidemark/shared/protocol/workload.ts';
import type { StrategyName } from '@tidemark/shared/protocol/workload.ts';
import { readError } from '../files/storage-errors.ts';
import type { WorkloadRequest } from '../profiler/workload.ts';
import { givenFile } from './given-names.ts';
import { bytesValue } from './values.ts';

export interface WorkloadOptions {
  readonly texts?: string;
  readonly shuffle?: boolean;
  readonly keepCache?: boolean;
  /** False where a schedule is to have none any more. */
  readonly cacheLimit?: number | false;
}

export interface StrategyOptions {
  readonly strategy?: StrategyName;
}

export const addStrategyOption = (command: Command): Command =>
  command
    .optionsGroup('Engine:')
    .addOption(
      new Option(
        '--strategy <name>',
        "how the network is built and evaluated: faithful, with mlx-audio's operations and in MLX's own order (default), or " +
          'lean, which needs a fraction of the memory',
      ).choices(strategyNames),
    );

/** Each with its opposite where what was set before can be changed: in a schedule. */
export function addWorkloadOptions(
  command: Command,
  { changeable = false }: { readonly changeable?: boolean } = {},
): Command {
  command
    .optionsGroup('Workload:')
    .addOption(
      new Option(
        '--texts <file>',
        'file with one text per line, or - for stdin; each iteration says the next text',
      )
        .argParser(givenFile)
        .conflicts(['text', 'phonemes']),
    )
    .option('--shuffle', 'say the texts in a random order, determined by the seed')
    .option('--keep-cache', "do not clear MLX's cache between iterations")
    .addOption(
      new Option(
        '--cache-limit <bytes>',
        "maximum size of MLX's cache, such as 256MB or 1GiB (default: MLX's own limit)",
      ).argParser(bytesValue),
    );
  return changeable
    ? command
        .option('--no-shuffle', 'say the texts in the order of the file')
        .option('--no-keep-cache', "clear MLX's cache between iterations")
        .option('--no-cache-limit', "use MLX's own limit")
    : command;
}

/** What the options ask for, with the file read. Throws a TidemarkError: 'bad-input' or 'bad-document'. */
export async function workloadFrom({
  texts,
  shuffle,
  keepCache,
  cacheLimit,
  strategy,
}: WorkloadOptions & StrategyOptions): Promise<WorkloadRequest> {
  return {
    ...(texts === undefined ? {} : { texts: await textsFrom(texts) }),
    ...(shuffle === undefined ? {} : { shuffled: shuffle }),
    ...(keepCache === undefined ? {} : { keepCache }),
    ...(cacheLimit === undefined || cacheLimit === false ? {} : { cacheLimitBytes: cacheLimit }),
    ...(strategy === undefined ? {} : { strategy }),
  };
}

const hint = 'Give a text file with one text per line, or - for stdin.';

/** More than any list of texts that is accepted. */
const mostBytes = 1_000_000;

async function textsFrom(path: string): Promise<string[]> {
  const name = path === '-' ? 'The input from stdin' : path;
  const bytes = path === '-' ? await readBounded(process.stdin, name) : await readFileBounded(path);
  let lines: string[];
  try {
    lines = linesOf(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new TidemarkError('bad-document', `${name} is not a UTF-8 text file.`, { hint, cause });
  }
  if (bytes.includes(0)) {
    throw new TidemarkError('bad-document', `${name} is a binary file, not a text file.`, { hint });
  }
  try {
    textsIn(lines);
  } catch (error) {
    throw error instanceof TidemarkError
      ? new TidemarkError(error.code, `${name} cannot be used. ${error.message}`, {
          hint: error.hint,
          cause: error,
        })
      : error;
  }
  return lines;
}

async function readFileBounded(path: string): Promise<Buffer> {
  try {
    // Opening a FIFO that nobody writes to would wait for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? 'a folder' : 'not a regular file';
      throw new TidemarkError('bad-document', `${path} is ${what}.`, { hint });
    }
    return await readBounded(file.createReadStream({ autoClose: false }), path);
  } catch (cause) {
    throw readError(cause, path, hint);
  }
}

async function readBounded(stream: Readable, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array);
    chunks.push(bytes);
    length += bytes.length;
    if (length > mostBytes) {
      throw new TidemarkError('bad-input', `${name} is larger than ${formatBytes(mostBytes)}.`, { hint });
    }
  }
  return Buffer.concat(chunks);
}
