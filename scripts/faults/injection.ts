/** strace over a daemon: which system calls it makes, and signals and errors in their place. */

import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';

export interface Tracing {
  /** Where the trace is written. */
  readonly output: string;
  /** System calls by name; absent for all. */
  readonly calls?: readonly string[] | undefined;
  /** Only calls about one of these files; absent for all. */
  readonly files?: readonly string[] | undefined;
  /** What every call meets, from the first to the last of `when`, counted in each thread: `signal=SIGKILL`, `error=EIO`. */
  readonly inject?: { readonly what: string; readonly when: string } | undefined;
}

/** strace's words for a person; undefined where there is none that can trace. */
export function straceVersion(): string | undefined {
  const works = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' }).status === 0;
  return works
    ? /version (\S+)/.exec(spawnSync('strace', ['-V'], { encoding: 'utf8' }).stdout)?.[1]
    : undefined;
}

function words({ output, calls, files = [], inject }: Tracing): string[] {
  const set = calls?.join(',') ?? 'all';
  return [
    ...['-qq', '-I', '2', '-o', output, ...files.flatMap((file) => ['-P', file]), '-e', `trace=${set}`],
    ...(inject === undefined ? [] : ['-e', `inject=${set}:${inject.what}:when=${inject.when}`]),
  ];
}

/** What goes before a command so that it is traced from its beginning, its children not; it stays its parent's child. */
export const tracedFromStart = (tracing: Tracing): string[] => ['strace', '-D', ...words(tracing), '--'];

/** Traces every thread of a process that runs, and none of its children. Resolves when it does, or the process is gone. */
export async function trace(pid: number, tracing: Tracing): Promise<void> {
  const threads = threadsOf(pid);
  const tracer = spawn('strace', [...words(tracing), ...threads.flatMap((thread) => ['-p', thread])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let trouble = '';
  tracer.stderr.setEncoding('utf8').on('data', (text: string) => (trouble += text));
  const end = performance.now() + 10_000;
  while (threads.some((thread) => tracerOf(`${pid}/task/${thread}`) === 0)) {
    if (performance.now() > end) {
      throw new TidemarkError('internal', `strace does not trace process ${pid}: ${trouble.trim()}`);
    }
    await wait(5);
  }
}

/** Ends the tracing of a process, which runs on. */
export async function untrace(pid: number): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    const tracers = new Set(threadsOf(pid).map((thread) => tracerOf(`${pid}/task/${thread}`)));
    const running = [...tracers].filter((tracer): tracer is number => tracer !== undefined && tracer !== 0);
    if (running.length === 0) {
      return;
    }
    for (const tracer of running) {
      endProcess(tracer, performance.now() > end ? 'SIGKILL' : 'SIGTERM');
    }
    await wait(20);
  }
}

/** How often each system call was made by the thread that made it most. */
export function countCalls(traced: string): Map<string, number> {
  const byThread = new Map<string, Map<string, number>>();
  for (const [, thread = '', call = ''] of traced.matchAll(/^(?:(\d+) +)?([a-z_0-9]+)\(/gm)) {
    const counts = byThread.get(thread) ?? new Map<string, number>();
    byThread.set(thread, counts.set(call, (counts.get(call) ?? 0) + 1));
  }
  const most = new Map<string, number>();
  for (const counts of byThread.values()) {
    counts.forEach((count, call) => most.set(call, Math.max(count, most.get(call) ?? 0)));
  }
  return most;
}

/** The living processes that have `setting` in their environment, without this one. */
export function processesWith(setting: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => (readIfThere(`/proc/${pid}/environ`) ?? '').split('\0').includes(setting));
}

export function endProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

const threadsOf = (pid: number): string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
};

/** 0 for none; undefined where the thread is gone. */
function tracerOf(thread: string): number | undefined {
  const tracer = /^TracerPid:\s+(\d+)$/m.exec(readIfThere(`/proc/${thread}/status`) ?? '')?.[1];
  return tracer === undefined ? undefined : Number(tracer);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
