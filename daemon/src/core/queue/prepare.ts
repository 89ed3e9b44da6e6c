/** Prepares a run in a child process, and ends that when it is no longer wanted. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { fromErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { ModelProgress } from '../../models/progress.ts';
import { interruptionOf } from '../../interruption.ts';
import type { Preparation, PreparationJob, PreparationMessage } from './preparation-messages.ts';

export interface PrepareOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ModelProgress) => void) | undefined;
}

const modulePath = fileURLToPath(new URL('prepare-process.ts', import.meta.url));
const keptErrorLength = 4000;

/**
 * What the job asks for, once its process has ended. A model that cannot be had is told in its place; throws a TidemarkError
 * for a text that cannot be said, for a process that died, and the reason of an aborted signal.
 */
export async function prepare(
  job: PreparationJob,
  { signal, onProgress }: PrepareOptions = {},
): Promise<Preparation> {
  signal?.throwIfAborted();
  const child = fork(modulePath, [JSON.stringify(job)], {
    // Flags of this process, of a test runner say, are not the child's.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let last: PreparationMessage | undefined;
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorOutput = (errorOutput + text).slice(-keptErrorLength);
  });
  child.on('message', (message: PreparationMessage) => {
    if (message.type === 'progress') {
      onProgress?.(message.progress);
    } else {
      last = message;
    }
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  process.once('exit', kill);
  try {
    const [code, signalName] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (signal?.aborted === true) {
      throw interruptionOf(signal);
    }
    if (last?.type === 'prepared') {
      return last.preparation;
    }
    if (last?.type === 'failed') {
      throw fromErrorRecord(last.error);
    }
    throw new TidemarkError(
      'build-failed',
      `The process that prepares the run died (${signalName ?? `exit code ${String(code)}`}).`,
      { hint: 'Run it again; if it stays so, `tidemark doctor` checks what it needs.', cause: errorOutput },
    );
  } finally {
    signal?.removeEventListener('abort', kill);
    process.removeListener('exit', kill);
  }
}
