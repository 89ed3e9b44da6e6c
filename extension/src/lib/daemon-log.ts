/** The end of the daemon's log, as lines that a person reads. */

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { logFileName, logFolder } from '@tidemark/client/client/locations';
import { readPlain } from '@tidemark/client/client/ownership';
import { formatLine } from '@tidemark/client/format/log-line';

/** As much of the file's end as is read: a log may be megabytes, and a command's heap is small. */
const tailBytes = 96 * 1024;

export const logFileOf = (dataFolder: string): string => join(logFolder(dataFolder), logFileName);

/** The newest lines first. Nothing where there is no log yet. */
export async function readLogTail(path: string, most = 200): Promise<readonly string[]> {
  try {
    await using file = await open(path, readPlain);
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
      .map((line) => formatLine(line, { verbose: false, now: new Date() }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}
