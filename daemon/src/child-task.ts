/**
 * Work that is done in a short-lived child process, so that its memory is freed with the process, and the parent can answer
 * others meanwhile. The child's module calls {@link serveTask}; the parent calls {@link runTask} with its address.
 */

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ErrorCode } from '@tidemark/shared/errors.ts';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import { fromErrorRecord, toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { ErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { every, guarded, later, whenAborted } from './background.ts';
import { throwIfInterrupted } from './interruption.ts';

/** What the child is given, what it reports, and what it returns, all as JSON. */
export interface Task {
  readonly job: unknown;
  readonly progress: unknown;
  readonly result: unknown;
}

type Message<Kind extends Task> =
  /** It has computed, read or written since its last message. */
  | { readonly type: 'alive' }
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
  /**
   * How long the child may neither report anything nor compute, read or write, before it counts as hung and is ended. Default:
   * 600, which is longer than the pauses that a model hub asks for.
   */
  readonly silenceSeconds?: number | undefined;
}

const keptErrorLength = 4000;

/** How long a child that was killed may take to end: one that waits for a disk that does not answer cannot. */
const killedMilliseconds = 5000;

/** Silence is counted in so many parts. While the machine sleeps, timers stand still: all of a sleep is at most one part. */
const partsOfSilence = 60;

/** How often a child tells that it is alive, and the share of that time that it must have computed. */
const aliveMilliseconds = 2000;
const aliveShare = 0.05;

/** Tells the parent of this process, where this is itself the child of a task, that a child of its own is alive. */
let tellParent: (() => void) | undefined;

/**
 * The result of `job`, done by the module at `entry` in a child process that has ended when this settles, with the
 * processes that it started. Throws the child's TidemarkError, one with the code `failure` or `defect`, or that of an
 * aborted signal.
 */
export async function runTask<Kind extends Task>(
  entry: URL,
  job: Kind['job'],
  { name, failure, defect = 'internal', onProgress, signal, silenceSeconds = 600 }: TaskOptions<Kind>,
): Promise<Kind['result']> {
  throwIfInterrupted(signal);
  const child = fork(fileURLToPath(entry), {
    // Flags of this process, of a test runner say, are not the child's.
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // The leader of a group of its own, which is ended as one; its own children stay in that group.
    detached: tellParent === undefined,
  });
  await started(child, name, failure);
  // Not as an argument, which every user of the machine can read. For a child that is gone by now, its end says more.
  child.send({ job }, () => undefined);
  let last: Exclude<Message<Kind>, { type: 'progress' | 'alive' }> | undefined;
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on(
    'data',
    guarded('reading what a task prints', (text: string) => {
      errorOutput = (errorOutput + text).slice(-keptErrorLength);
    }),
  );
  const ending = 'ending a task';
  const stayed = Promise.withResolvers<readonly [null, null]>();
  let patience: NodeJS.Timeout | undefined;
  const kill = (): void => {
    killGroup(child);
    patience ??= later(ending, killedMilliseconds, () => stayed.resolve([null, null]));
  };
  let silentParts = 0;
  const silence = every(ending, (silenceSeconds * 1000) / partsOfSilence, () => {
    silentParts += 1;
    if (silentParts >= partsOfSilence) {
      kill();
    }
  });
  child.on(
    'message',
    guarded('following a task', (message: Message<Kind>) => {
      silentParts = 0;
      tellParent?.();
      if (message.type === 'progress') {
        onProgress?.(message.progress);
      } else if (message.type !== 'alive') {
        last = message;
      }
    }),
  );
  // However this process ends, the child notices by the closed channel; a kill here spares it the time until then.
  endWithThisProcess(child, killGroup);
  const aborted = whenAborted(signal, ending, kill);
  try {
    const [exitCode, exitSignal] = await Promise.race([
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
      stayed.promise,
    ]);
    throwIfInterrupted(signal);
    if (last?.type === 'done') {
      return last.result;
    }
    if (silentParts >= partsOfSilence) {
      throw new TidemarkError(
        failure,
        `${name} showed no sign of life for ${formatDuration(silenceSeconds)}, so it was ended.`,
        {
          hint: 'Check that the disk and the network respond, and that no other Tidemark process is stopped; then try again.',
          cause: errorOutput,
        },
      );
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
    clearInterval(silence);
    clearTimeout(patience);
    aborted[Symbol.dispose]();
    abandon(child);
  }
}

const children = new Map<ChildProcess, (child: ChildProcess) => void>();
let isEndWatched = false;

/** Ends the child, by `kill`, when this process exits before it does, however hastily. */
export function endWithThisProcess(child: ChildProcess, kill: (child: ChildProcess) => void): void {
  if (!isEndWatched) {
    isEndWatched = true;
    process.on(
      'exit',
      guarded('ending processes', () => children.forEach((end, each) => end(each))),
    );
  }
  children.set(child, kill);
  child.on(
    'exit',
    guarded('noting the end of a process', () => children.delete(child)),
  );
}

/**
 * Resolves when the system has started a process. Throws `failure` where it refuses, because too many files or processes are
 * open, say: then Node leaves the child without streams and without a channel.
 */
export async function started(child: ChildProcess, name: string, failure: ErrorCode): Promise<void> {
  try {
    await once(child, 'spawn');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TidemarkError(failure, `${name} could not be started: ${why}.`, {
      hint: 'The machine may be out of memory or processes. Close other programs, and try again.',
      cause,
    });
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) {
      process.kill(tellParent === undefined ? -pid : pid, 'SIGKILL');
    }
  } catch {
    // It has ended.
  }
}

/** Nothing waits any more for one that could not be ended. */
function abandon(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    child.stderr?.destroy();
    if (child.connected) {
      child.disconnect();
    }
    child.unref();
  }
}

/** The child's side: does the job that its parent gave it, and ends the process. */
export async function serveTask<Kind extends Task>(
  work: (job: Kind['job'], report: (progress: Kind['progress']) => void) => Promise<Kind['result']>,
): Promise<void> {
  // The parent has gone, or no longer wants the result.
  const ending = 'ending this task';
  process.on(
    'disconnect',
    guarded(ending, () => process.exit(1)),
  );
  // Ctrl-C in a terminal reaches the whole process group; the parent decides what it means, and ends this process.
  process.on(
    'SIGINT',
    guarded(ending, () => undefined),
  );
  const send = guarded('reporting to the parent', (message: Message<Kind>, sent?: () => void) =>
    process.send?.(message, undefined, undefined, sent),
  );
  tellParent = () => send({ type: 'alive' });
  every('reporting to the parent', aliveMilliseconds, signOfLife(tellParent)).unref();
  let last: Message<Kind>;
  try {
    const job = await new Promise<Kind['job']>((resolve) => {
      process.once(
        'message',
        guarded('reading the job', (message: { readonly job: Kind['job'] }) => resolve(message.job)),
      );
    });
    last = { type: 'done', result: await work(job, (progress) => send({ type: 'progress', progress })) };
  } catch (error) {
    last = { type: 'failed', error: toErrorRecord(error) };
  }
  // Not before it is written: a channel that closes early loses what is in its queue.
  send(last, () => process.exit());
}

/**
 * Calls `tell` where this process has worked since the last call: a timer that fires says nothing of one that waits for a
 * disk. Waiting for a lock or a server takes less of the processor than that, and says by itself for how long it goes on.
 */
function signOfLife(tell: () => void): () => void {
  let before = process.resourceUsage();
  return () => {
    const now = process.resourceUsage();
    const microseconds = now.userCPUTime - before.userCPUTime + (now.systemCPUTime - before.systemCPUTime);
    const blocks = now.fsRead - before.fsRead + (now.fsWrite - before.fsWrite);
    before = now;
    if (microseconds > aliveShare * aliveMilliseconds * 1000 || blocks > 0) {
      tell();
    }
  };
}
