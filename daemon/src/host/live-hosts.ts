/** Knows this process's model hosts, and makes sure that none outlives it, however hastily it exits. */

import type { ChildProcess } from 'node:child_process';

const live = new Set<ChildProcess>();

/** Ends the child by force when this process exits before it does. */
export function endWithThisProcess(child: ChildProcess): void {
  if (live.size === 0) {
    process.on('exit', killAll);
  }
  live.add(child);
  child.on('exit', () => {
    live.delete(child);
    if (live.size === 0) {
      process.off('exit', killAll);
    }
  });
}

/** The process ids of this process's hosts that have not ended. */
export const liveHostPids = (): number[] => [...live].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));

function killAll(): void {
  for (const child of live) {
    child.kill('SIGKILL');
  }
}
