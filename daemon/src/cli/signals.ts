/** What Ctrl-C and its like do: the first one stops the work in good order, the second one ends it at once. */

import { constants } from 'node:os';
import { Interruption } from '../interruption.ts';

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a shell makes of a process that a signal ended. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/**
 * A signal that is aborted, with an {@link Interruption} as its reason, when the process is told to stop. `onStop` is told
 * first. Told twice, the process exits at once; what must not be left behind is tidied up on `exit`.
 */
export function abortOnSignals(onStop: (interruption: Interruption) => void): AbortSignal {
  const controller = new AbortController();
  for (const name of stopping) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        process.exit(exitCodeOf(name));
      }
      const interruption = new Interruption(name);
      onStop(interruption);
      controller.abort(interruption);
    });
  }
  return controller.signal;
}
