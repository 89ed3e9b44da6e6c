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
export async function until(holds: () => boolean, what = holds.toString(), seconds = 60): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!holds()) {
    if (Date.now() > end) {
      throw new Error(`not within ${seconds} s: ${what}`);
    }
    await delay(5);
  }
}

/** The children of a process whose command line has these words; of none where there is no /proc. */
export function childrenOf(pid: number, words: string): number[] {
  const ofProcess = (file: string): string => {
    try {
      return readFileSync(`/proc/${file}`, 'utf8');
    } catch {
      // It has ended.
      return '';
    }
  };
  return ofProcess(`${pid}/task/${pid}/children`)
    .split(' ')
    .filter((child) => child !== '' && ofProcess(`${child}/cmdline`).includes(words))
    .map(Number);
}

/** Stops the first child with these words in its command line as soon as it is there, and returns its process id. */
export async function stopChildOf(pid: number, words: string): Promise<number> {
  let child: number | undefined;
  await until(() => ([child] = childrenOf(pid, words))[0] !== undefined, `${pid} has a child ${words}`);
  process.kill(child ?? 0, 'SIGSTOP');
  return child ?? 0;
}
