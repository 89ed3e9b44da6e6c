/** Starts the build process, follows it, and ends it when it is no longer wanted. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { BuildJob, BuildMessage, BuiltWeights } from './build-process.ts';

export interface RunOptions {
  readonly onProgress: (writtenBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal | undefined;
}

const modulePath = fileURLToPath(new URL('build-process.ts', import.meta.url));
const keptErrorLength = 4000;

/**
 * Makes the weights file of `job` in a process of its own, which has ended when this settles. Throws what went wrong in
 * there: Node's system errors with their `code`, TidemarkErrors, and 'build-failed' when the process died.
 */
export async function runBuildProcess(
  job: BuildJob,
  { onProgress, signal }: RunOptions,
): Promise<BuiltWeights> {
  signal?.throwIfAborted();
  const child = fork(modulePath, [JSON.stringify(job)], {
    // Flags of this process, of a test runner say, are not the child's.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  // However this process ends, the child notices by the closed channel; a kill here spares it the time until then.
  process.once('exit', kill);

  let outcome: Exclude<BuildMessage, { type: 'progress' }> | undefined;
  let errorOutput = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errorOutput = (errorOutput + chunk.toString('utf8')).slice(-keptErrorLength);
  });
  child.on('message', (message: BuildMessage) => {
    if (message.type === 'progress') {
      onProgress(message.writtenBytes, message.totalBytes);
    } else {
      outcome = message;
    }
  });
  try {
    const [exitCode, exitSignal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    signal?.throwIfAborted();
    return resultOf(job, outcome, { end: exitSignal ?? `exit code ${String(exitCode)}`, errorOutput });
  } finally {
    signal?.removeEventListener('abort', kill);
    process.removeListener('exit', kill);
  }
}

function resultOf(
  job: BuildJob,
  outcome: Exclude<BuildMessage, { type: 'progress' }> | undefined,
  { end, errorOutput }: { readonly end: string; readonly errorOutput: string },
): BuiltWeights {
  if (outcome?.type === 'built') {
    return outcome.weights;
  }
  if (outcome?.code !== undefined) {
    throw new TidemarkError(
      outcome.code,
      outcome.message,
      outcome.hint === undefined ? {} : { hint: outcome.hint },
    );
  }
  if (outcome?.errno !== undefined) {
    throw Object.assign(new Error(outcome.message), { code: outcome.errno });
  }
  const what = outcome === undefined ? `died (${end})` : `failed: ${outcome.message}`;
  throw new TidemarkError('build-failed', `The process that builds ${job.name} ${what}.`, {
    hint: 'Run it again; if it stays so, `tidemark doctor` checks what it needs.',
    cause: errorOutput,
  });
}
