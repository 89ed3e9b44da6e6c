/** How a script's work ends, where it can be interrupted: in a sentence, and with an exit code. */

import { Interrupted, SetupFailure } from './setup/failures.js';

/**
 * Prints `usage` if `help` was asked for, and otherwise does the work, whose signal Ctrl-C aborts: exit code 130 and `interrupted`
 * then; 1, with the remedy, where it throws a SetupFailure. Throws what else it throws.
 */
export async function runScript(
  { help, usage, interrupted }: { help: boolean; usage: string; interrupted: string },
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (help) {
    process.stdout.write(usage);
    return;
  }
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interruption.abort());
  }
  try {
    await work(interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted || error instanceof Interrupted) {
      console.error(interrupted);
      process.exitCode = 130;
    } else if (error instanceof SetupFailure) {
      console.error(`${error.message}\n${error.remedy}`);
      process.exitCode = 1;
    } else {
      throw error;
    }
  }
}
