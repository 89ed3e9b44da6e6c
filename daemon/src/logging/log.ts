/** The daemon's log: JSON lines in a rotated file. Logging never stops the daemon. */

import { join } from 'node:path';
import { escapedJson, printable } from '@tidemark/shared/printable.ts';
import { pino } from 'pino';
import { logFileName } from '@tidemark/shared/client/locations.ts';
import type { LogLevel } from '@tidemark/shared/format/log-line.ts';
import { RotatedFile } from './rotated-file.ts';

/** Fields are data for scripts and the message is a sentence for people; an error goes under `error`. Never throws. */
export type Log = Readonly<Record<LogLevel, (fields: object, message: string) => void>>;

export interface LogOptions {
  /** Created for this user alone if it does not exist. */
  readonly folder: string;
  /** Lines below this level are not written. Default: info. */
  readonly level?: LogLevel;
  /** Receives the same lines: the terminal of a daemon in the foreground. */
  readonly alsoTo?: { write(line: string): unknown } | undefined;
  /** Default: 5 MB. */
  readonly maximumBytes?: number;
  /** How many files are kept, including the one that is written to. Default: 5. */
  readonly files?: number;
  readonly now?: () => number;
}

export interface OpenLog {
  readonly log: Log;
  /** The file that is written to; older ones are beside it as `daemon.log.1` and so on. */
  readonly file: string;
  /** Why nothing can be written at this moment, and how many lines were lost; undefined if nothing is wrong. */
  readonly trouble: () => { readonly message: string; readonly lostLines: number } | undefined;
  /** Writes everything to disk. What is logged afterwards goes to `alsoTo` only. Never rejects. */
  readonly close: () => Promise<void>;
}

const endWords = 'The daemon ends: ';

/** What a daemon logs that fails: a message that {@link reasonOfEnd} reads again. */
export const messageOfEnd = (reason: string): string => `${endWords}${reason}`;

export const reasonOfEnd = (message: string): string | undefined =>
  message.startsWith(endWords) ? message.slice(endWords.length) : undefined;

export const logDefaults = { level: 'info', maximumBytes: 5_000_000, files: 5 } as const;

/** A longer line contains something that belongs elsewhere, and would push everything else out of the files. */
const longestLine = 64_000;

/** Opens the log. A folder or file that cannot be written is not an error: see {@link OpenLog.trouble}. */
export function createLog(options: LogOptions): OpenLog {
  const { folder, alsoTo, level = logDefaults.level, now } = options;
  const file = join(folder, logFileName);
  const rotated = new RotatedFile({
    path: file,
    maximumBytes: options.maximumBytes ?? logDefaults.maximumBytes,
    files: options.files ?? logDefaults.files,
    ...(now === undefined ? {} : { now }),
  });
  const timestamp = (): string => `,"time":"${new Date(now?.() ?? Date.now()).toISOString()}"`;
  const logger = pino(
    {
      level,
      timestamp,
      base: { pid: process.pid },
      errorKey: 'error',
      serializers: { error: pino.stdSerializers.errWithCause },
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (line: string) =>
        writeEverywhere(escapedJson(line.length > longestLine ? shortened(line) : line)),
    },
  );

  function writeEverywhere(line: string): void {
    const { lost } = rotated;
    if (rotated.write(line) && lost > 0) {
      rotated.write(lossLine(lost, timestamp()));
    }
    try {
      alsoTo?.write(line);
    } catch {
      // A terminal that was closed does not stop the daemon.
    }
  }

  const at =
    (name: LogLevel) =>
    (fields: object, message: string): void => {
      try {
        logger[name](fields, message);
      } catch (error) {
        // A getter or a toJSON of the fields threw; the message is still worth logging.
        logger[name]({ unloggable: String(error) }, message);
      }
    };
  return {
    file,
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    trouble: () =>
      rotated.trouble && {
        message: `The log cannot be written to “${file}”: ${rotated.trouble.message}.`,
        lostLines: rotated.lost,
      },
    close: () => {
      rotated.close();
      return Promise.resolve();
    },
  };
}

const lossLine = (lines: number, timestamp: string): string =>
  `{"level":"warn"${timestamp},"pid":${process.pid},"lostLines":${lines},"msg":"Lines before this one could not be written."}\n`;

/** The most important fields of a line that is too long, as a line. */
function shortened(line: string): string {
  const { level, time, pid, msg } = JSON.parse(line) as Record<string, unknown>;
  const message = typeof msg === 'string' ? printable(msg, 1000) : msg;
  return `${JSON.stringify({ level, time, pid, shortenedFrom: line.length, msg: message })}\n`;
}
