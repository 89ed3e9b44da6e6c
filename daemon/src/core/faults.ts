/** What the daemon makes of faults that nobody awaits: it goes on, and says so; and of those that nothing caught: it ends. */

import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { listenForFaults } from '../background.ts';
import { messageOfEnd } from '../logging/log.ts';
import type { Log } from '../logging/log.ts';
import type { Notices } from './notices.ts';

/** A fault that comes back with every tick of a timer is logged no more often than this. */
const logAgainMilliseconds = 3_600_000;

/** Each fault in the background is logged once, and is a notice until the same succeeds. */
export function surviveFaults(log: Log, notices: Notices): Disposable {
  const loggedAt = new Map<string, number>();
  return listenForFaults({
    failed: (what, error) => {
      const { code, message, hint } = toErrorRecord(error);
      const kind = `${what}: ${code}`;
      const now = performance.now();
      if (now - (loggedAt.get(kind) ?? Number.NEGATIVE_INFINITY) > logAgainMilliseconds) {
        loggedAt.set(kind, now);
        log.error({ error, what }, `Something failed while ${what}; the daemon goes on.`);
      }
      notices.set(
        matterOf(what),
        `Something failed while ${what}: ${message}`,
        hint ?? 'The daemon goes on; `tidemark logs` shows more.',
      );
    },
    recovered: (what) => notices.clear(matterOf(what)),
  });
}

const matterOf = (what: string): string => `fault: ${what}`;

/**
 * The last resort: what nothing caught is logged, and ends the process with exit code 1 instead of leaving one that does half of
 * its work. The model hosts end with it, and the next daemon takes over what it left.
 */
export function endOnUncaught(log: Log, print: (error: unknown) => void): void {
  const end = (error: unknown): never => {
    try {
      log.error({ error }, messageOfEnd(`it crashed: ${toErrorRecord(error).message}`));
      print(error);
    } finally {
      process.exit(1);
    }
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
