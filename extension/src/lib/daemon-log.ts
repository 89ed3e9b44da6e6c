/** The end of the daemon's log, as lines that a person reads. */

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'date-fns/format';

/** As much of the file's end as is read: a log may be megabytes, and a command's heap is small. */
const tailBytes = 96 * 1024;

const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

export const logFileOf = (dataFolder: string): string => join(dataFolder, 'logs', 'daemon.log');

/** The newest lines first. Nothing where there is no log yet. */
export async function readLogTail(path: string, most = 200): Promise<readonly string[]> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const start = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(size - start),
      position: start,
    });
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    // The first one is cut where the tail begins in its middle.
    return lines
      .slice(start === 0 ? 0 : 1)
      .filter((line) => line.trim() !== '')
      .slice(-most)
      .toReversed()
      .map(readableLine);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

/** pino's JSON as `14:03:07 info  a message  field=value`; what is none stays as it is. */
export function readableLine(line: string): string {
  try {
    const { time, level, msg, message, pid, hostname, ...fields } = JSON.parse(line) as Record<
      string,
      unknown
    >;
    void pid;
    void hostname;
    const moment =
      typeof time === 'number' || typeof time === 'string' ? format(new Date(time), 'd MMM HH:mm:ss') : '';
    const word = typeof level === 'number' ? (levels[level] ?? String(level)) : String(level ?? '');
    const rest = Object.entries(fields).map(([name, value]) => `${name}=${shown(value)}`);
    return [moment, word.padEnd(5), String(msg ?? message ?? ''), ...rest]
      .filter((part) => part !== '')
      .join('  ');
  } catch {
    return line;
  }
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
