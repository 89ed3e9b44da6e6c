/** One daemon for each data folder: a lock that the kernel drops with its holder, and a note of who that is. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { count, moment } from '@tidemark/shared/protocol/quantities.ts';
import { holdLock } from '../files/lock.ts';

const holder = v.object({ pid: count, startedAt: moment });

/**
 * Takes the lock in `runFolder`, until what it returns is disposed of. Throws 'daemon-running', with the holder's process id,
 * where a living daemon has it. A note that a killed daemon left behind is replaced.
 */
export function lockDaemon(runFolder: string, startedAt: Date): Disposable {
  const note = join(runFolder, 'daemon.json');
  const lock = holdLock(join(runFolder, 'daemon.lock'));
  if (lock === undefined) {
    throw running(note);
  }
  writeFileSync(note, `${JSON.stringify({ pid: process.pid, startedAt: startedAt.toISOString() })}\n`);
  return {
    [Symbol.dispose]: () => {
      rmSync(note, { force: true });
      lock[Symbol.dispose]();
    },
  };
}

function running(note: string): TidemarkError {
  let who = '';
  try {
    const { pid, startedAt } = v.parse(holder, JSON.parse(readFileSync(note, 'utf8')));
    who = ` (process ${pid}, since ${startedAt})`;
  } catch {
    // It has the lock and is about to write its note.
  }
  return new TidemarkError('daemon-running', `Another daemon runs already${who}.`, {
    hint: 'Use that one; `tidemark status` shows it. To end it: `tidemark service stop`, or Ctrl-C where it was started.',
  });
}
