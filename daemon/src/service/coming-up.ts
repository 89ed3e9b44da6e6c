/** Waiting until a daemon that was started answers, or until it is plain that it will not. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Steps } from './steps.ts';
import type { ServiceSystem } from './system.ts';

/** How its manager sees the process. */
export interface Beginning {
  readonly pid: number | undefined;
  /** What ended it, as the end of a sentence: `ended with exit code 1`. */
  readonly failure: string | undefined;
}

export interface ComingUpOptions {
  readonly system: ServiceSystem;
  readonly steps: Steps;
  readonly socketPath: string;
  readonly look: () => Promise<Beginning>;
  /** Where a person reads what it said last. */
  readonly logsHint: string;
}

const secondsToAnswer = 20;

/**
 * Throws 'service' when the daemon ends or does not answer in time. One that another daemon holds the socket of is told as
 * well: both would not run, and the manager would start its own again and again.
 */
export async function waitUntilUp({
  system,
  steps,
  socketPath,
  look,
  logsHint,
}: ComingUpOptions): Promise<void> {
  let beginning: Beginning = { pid: undefined, failure: undefined };
  let other: number | undefined;
  const isUp = await steps.wait(
    'the daemon to answer',
    async () => {
      beginning = await look();
      const greeting = await system.greet(socketPath);
      other = greeting !== undefined && greeting.pid !== beginning.pid ? greeting.pid : undefined;
      return beginning.failure !== undefined || (greeting !== undefined && other === undefined);
    },
    secondsToAnswer,
  );
  const { failure } = beginning;
  if (other !== undefined) {
    throw new TidemarkError(
      'service',
      `Another daemon, process ${other}, runs already and holds the socket.`,
      {
        hint: 'End it, where it runs in a terminal with Ctrl-C, and then run `tidemark service restart`.',
      },
    );
  }
  if (failure !== undefined) {
    throw new TidemarkError('service', `The daemon was started and ${failure}.`, { hint: logsHint });
  }
  if (!isUp) {
    throw new TidemarkError(
      'service',
      `The daemon was started and has not answered within ${secondsToAnswer} s.`,
      {
        hint: logsHint,
      },
    );
  }
}
