/** What processes weigh, asked from outside: for hosts that are at work and cannot answer. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** Linux counts pages of this size on every machine that MLX runs on. */
const pageBytes = 4096;

/**
 * Resident bytes by process id; a process that has gone is left out. On macOS this is what `ps` says, which leaves out what
 * the GPU alone holds: a host's own samples have its whole footprint.
 */
export async function residentBytesOf(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  if (pids.length === 0) {
    return new Map();
  }
  return process.platform === 'linux' ? fromProc(pids) : await fromPs(pids);
}

function fromProc(pids: readonly number[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const pid of pids) {
    try {
      const [, resident] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
      found.set(pid, Number(resident) * pageBytes);
    } catch {
      // It ended in the meantime.
    }
  }
  return found;
}

async function fromPs(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,rss=', '-p', pids.join(',')]).catch(() => ({
    stdout: '',
  }));
  const rows = [...stdout.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)];
  return new Map(rows.map(([, pid, kibibytes]) => [Number(pid), Number(kibibytes) * 1024]));
}
