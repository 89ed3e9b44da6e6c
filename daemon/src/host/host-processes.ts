/** The processes of model hosts: those that this process started, and all that run on this machine. */

import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { guarded } from '../background.ts';
import { endWithThisProcess } from '../child-task.ts';

export interface HostProcess {
  readonly pid: number;
  /** On macOS what `ps` reports, which leaves out what the GPU alone holds: a host's own samples have its whole footprint. */
  readonly residentBytes: number;
}

const live = new Set<ChildProcess>();

/** Counts the child among the hosts, which end with this process. */
export function addHost(child: ChildProcess): void {
  endWithThisProcess(child, (each) => each.kill('SIGKILL'));
  live.add(child);
  child.on(
    'exit',
    guarded('noting the end of a model host', () => live.delete(child)),
  );
}

/** The resident memory of this process's hosts together, read from outside: a running host cannot answer. */
export async function liveHostsResidentBytes(): Promise<number> {
  const pids = [...live].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  const processes = pids.length === 0 ? [] : await readProcesses(pids);
  return processes.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
}

/** In every host's command line, whatever checkout it is from. */
const hostScript = /\/daemon\/(src\/host\/main\.ts|python\/mlx_audio_host\.py)(\s|$)/;

/** The model hosts that run on this machine, whoever started them. Empty where the system does not list processes. */
export async function runningHosts(): Promise<HostProcess[]> {
  const processes = await readProcesses();
  return processes
    .filter(({ command }) => hostScript.test(command))
    .map(({ pid, residentBytes }) => ({ pid, residentBytes }));
}

interface SystemProcess extends HostProcess {
  readonly command: string;
}

/** Whether a process runs; one that has ended and waits for its parent to notice holds no memory, and does not. */
export const isRunning = async (pid: number): Promise<boolean> => (await residentBytesOf(pid)) > 0;

/** The resident memory of a process as the system says it; 0 of one that has ended. */
export async function residentBytesOf(pid: number): Promise<number> {
  const [found] = await readProcesses([pid]);
  return found?.residentBytes ?? 0;
}

/** Of all processes unless `pids` are given; one that has ended in the meantime is left out. */
async function readProcesses(pids?: readonly number[]): Promise<SystemProcess[]> {
  return process.platform === 'linux' ? await fromProc(pids) : await fromPs(pids);
}

/** Not by `ps`, which small containers lack. */
async function fromProc(pids?: readonly number[]): Promise<SystemProcess[]> {
  const found: SystemProcess[] = [];
  for (const pid of pids ?? (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number)) {
    try {
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0;
      found.push({ pid, residentBytes: Number(kibibytes) * 1024, command });
    } catch {
      // It has ended.
    }
  }
  return found;
}

async function fromPs(pids?: readonly number[]): Promise<SystemProcess[]> {
  const which = pids === undefined ? ['-ax'] : ['-p', pids.join(',')];
  const { stdout } = await promisify(execFile)('ps', [...which, '-o', 'pid=,rss=,command='], {
    maxBuffer: 1 << 24,
    timeout: 5000,
    killSignal: 'SIGKILL',
  }).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm)].map(([, pid, kibibytes, command = '']) => ({
    pid: Number(pid),
    residentBytes: Number(kibibytes) * 1024,
    command,
  }));
}
