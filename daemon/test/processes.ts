/** Processes that tests start: whether they still live, and waiting for what they do. */

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Whether a process runs. One that has ended and waits for its parent to notice does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return (
      process.platform !== 'linux' || !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    );
  } catch {
    return false;
  }
}

/** Waits until something holds; throws with `what` when it does not within `seconds`. */
export async function until(holds: () => boolean, what = holds.toString(), seconds = 10): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!holds()) {
    if (Date.now() > end) {
      throw new Error(`not within ${seconds} s: ${what}`);
    }
    await delay(5);
  }
}
