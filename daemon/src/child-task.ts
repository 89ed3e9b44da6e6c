/**
 * Work that is done in a short-lived child process, so that its memory is freed with the process, and the parent can answer
 * others meanwhile. The child's module calls {@link serveTask}; the parent calls {@link runTask} with its address.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ErrorCode } from '@tidemark/shared/errors.ts';
import { fromErrorRecord, toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { ErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { throwIfInterrupted } from './interruption.ts';

/** What the child is given, what it reports, and what it returns, all as JSON. */
export interface Task {
  readonly job: unknown;
  readonly progress: unknown;
  readonly result: unknown;
}

type Message<Kind extends Task> =
  | { readonly type: 'progress'; readonly progress: Kind['progress'] }
  | { readonly type: 'done'; readonly result: Kind['result'] }
  | { readonly type: 'failed'; readonly error: ErrorRecord };

export interface TaskOptions<Kind extends Task> {
  /** The process, as the subject of an error message. */
  readonly name: string;
  /** The code of the error for a child that died. */
  readonly failure: ErrorCode;
  /** The code for a child that failed otherwise than by a TidemarkError. Default: 'internal', as for a defect anywhere. */
  readonly defect?: ErrorCode;
  readonly onProgress?: ((progress: Kind['progress']) => void) | undefined;
  /** Ends the child. */
  readonly signal?: AbortSignal | undefined;
}

const keptErrorLength = 4000;

/**
 * The result of `job`, done by the module at `entry` in a child process that has ended when this settles. Throws the
 * child's TidemarkError, one with the code `failure` or `defect`, or that of an aborted signal.
 */
export async function runTask<Kind extends Task>(
  entry: URL,
  job: Kind['job'],
  { name, failure, defect = 'internal', onProgress, signal }: TaskOptions<Kind>,
): Promise<Kind['result']> {
  throwIfInterrupted(signal);
  const child = fork(fileURLToPath(entry), {
    // Flags of this process, of a test runner say, are not the child's.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  // Not as an argument, which every user of the machine can read. For a child that is gone by now, its end says more.
  child.send({ job }, () => undefined);
  let last: Exclude<Message<Kind>, { type: 'progress' }> | undefined;
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorOutput = (errorOutput + text).slice(-keptErrorLength);
  });
  child.on('message', (message: Message<Kind>) => {
    if (message.type === 'progress') {
      onProgress?.(message.progress);
    } else {
      last = message;
    }
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  // However this process ends, the child notices by the closed channel; a kill here spares it the time until then.
  process.once('exit', kill);
  try {
    const [exitCode, exitSignal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    throwIfInterrupted(signal);
    if (last?.type === 'done') {
      return last.result;
    }
    if (last !== undefined && (last.error.code !== 'internal' || defect === 'internal')) {
      throw fromErrorRecord(last.error);
    }
    const [code, end] =
      last === undefined
        ? [failure, `ended unexpectedly (${exitSignal ?? `exit code ${String(exitCode)}`})`]
        : [defect, `failed: ${last.error.message}`];
    throw new TidemarkError(code, `${name} ${end}.`, {
      hint: 'Try again. If it fails again, run `tidemark doctor`.',
      cause: errorOutput,
    });
  } finally {
    signal?.removeEventListener('abort', kill);
    process.removeListener('exit', kill);
  }
}

/** The child's side: does the job that its parent gave it, and ends the process. */
export async function serveTask<Kind extends Task>(
  work: (job: Kind['job'], report: (progress: Kind['progress']) => void) => Promise<Kind['result']>,
): Promise<void> {
  // The parent has gone, or no longer wants the result.
  process.on('disconnect', () => process.exit(1));
  // Ctrl-C in a terminal reaches the whole process group; the parent decides what it means, and ends this process.
  process.on('SIGINT', () => undefined);
  const send = (message: Message<Kind>, sent?: () => void): void =>
    void process.send?.(message, undefined, undefined, sent);
  let last: Message<Kind>;
  try {
    const job = await new Promise<Kind['job']>((resolve) => {
      process.once('message', (message: { readonly job: Kind['job'] }) => resolve(message.job));
    });
    last = { type: 'done', result: await work(job, (progress) => send({ type: 'progress', progress })) };
  } catch (error) {
    last = { type: 'failed', error: toErrorRecord(error) };
  }
  // Not before it is written: a channel that closes early loses what is in its queue.
  send(last, () => process.exit());
}
