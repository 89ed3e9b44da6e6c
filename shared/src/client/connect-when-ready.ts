/** Connecting to a daemon that was just started, which takes it a second or, on a machine that just woke, longer. */

import { TidemarkError } from '../errors.ts';
import { DaemonClient } from './daemon-client.ts';
import type { ConnectOptions } from './daemon-client.ts';

const pollMilliseconds = 100;

/**
 * Tries until the daemon answers, for at most `withinMilliseconds`, and while `isStarting` says that one may still come.
 * Throws what {@link DaemonClient.connect} threw last.
 */
export async function connectWhenReady(
  options: ConnectOptions,
  withinMilliseconds: number,
  isStarting: () => boolean = () => true,
): Promise<DaemonClient> {
  const deadline = performance.now() + withinMilliseconds;
  for (;;) {
    try {
      return await DaemonClient.connect(options);
    } catch (error) {
      const mayCome = error instanceof TidemarkError && ['no-daemon', 'timeout', 'busy'].includes(error.code);
      if (!mayCome || !isStarting() || performance.now() >= deadline) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
}
