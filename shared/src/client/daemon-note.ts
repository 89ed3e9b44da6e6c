/** The note in which a daemon says who it is while it has a data folder, and whether the process that it names is still that one. */

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { count, moment, text } from '../protocol/quantities.ts';
import { readPlain } from './ownership.ts';

const daemonNote = v.object({
  pid: v.pipe(count, v.minValue(1)),
  startedAt: moment,
  /** {@link processMark} of the daemon; absent where the system does not tell, and in notes of version 0.1.0. */
  process: v.optional(text),
});

export type DaemonNote = v.InferOutput<typeof daemonNote>;

export const noteFileOf = (dataFolder: string): string => join(dataFolder, 'run', 'daemon.json');

/** Throws where there is no note, or none that can be read. */
export function readNote(path: string): DaemonNote {
  const file = openSync(path, readPlain);
  try {
    return v.parse(daemonNote, JSON.parse(readFileSync(file, 'utf8')));
  } finally {
    closeSync(file);
  }
}

/** Undefined for what is no note. */
export function parseNote(json: string): DaemonNote | undefined {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), daemonNote), json);
  return result.success ? result.output : undefined;
}

/** A daemon listens after a second or two; one that moves a large history to a new version takes longer. */
const startsWithinMilliseconds = 30_000;

export interface HeldFolder {
  readonly pid: number;
  readonly startedAt: string;
  /** Whether it began so recently that it is likely to listen soon. */
  readonly isStarting: boolean;
}

/**
 * The daemon that has a data folder, by its note. Undefined where there is none, or where its process is gone: a daemon that was
 * killed leaves its note, and the system gives its process id to another process sooner or later.
 */
export function daemonOf(dataFolder: string, now = Date.now()): HeldFolder | undefined {
  try {
    return holderOf(readNote(noteFileOf(dataFolder)), now);
  } catch {
    return undefined;
  }
}

/** As {@link daemonOf}, of a note from elsewhere. */
export function holderOf(note: DaemonNote, now = Date.now()): HeldFolder | undefined {
  try {
    // Throws where there is no such process, or it is another user's.
    process.kill(note.pid, 0);
  } catch {
    return undefined;
  }
  const { pid, startedAt } = note;
  const isStarting = Math.abs(now - Date.parse(startedAt)) < startsWithinMilliseconds;
  const mark = note.process === undefined ? undefined : processMark(pid);
  const isProven = mark !== undefined && mark === note.process;
  const isOther = mark !== undefined && mark !== note.process;
  return isOther || (!isProven && !isStarting) ? undefined : { pid, startedAt, isStarting };
}

/** What no two processes have in common, even where the second got the first one's id: when it began, as the system noted it. */
export function processMark(pid: number): string | undefined {
  try {
    return process.platform === 'linux' ? linuxMark(pid) : started(pid);
  } catch {
    return undefined;
  }
}

/** Field 22 of stat, ticks since this boot (proc(5)); the name before it may hold spaces and parentheses. */
function linuxMark(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3];
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${v.parse(text, ticks)}`;
}

/** To the second. Neither the language nor the time zone of who asks changes it. */
function started(pid: number): string | undefined {
  const output = execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 2000,
    killSignal: 'SIGKILL',
  }).trim();
  return output === '' ? undefined : output;
}
