/** Finds the model hosts that run on this machine, whoever started them. */

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface RunningHost {
  readonly pid: number;
  readonly residentBytes: number;
}

/** What is in every host's command line, whatever checkout it is of. */
const hostScript = /\/daemon\/src\/host\/main\.ts$/;

/** Empty where the system does not tell. */
export async function runningHosts(): Promise<RunningHost[]> {
  return process.platform === 'linux' ? await hostsInProc() : await hostsByPs();
}

/** Not by `ps`, which small containers lack. */
async function hostsInProc(): Promise<RunningHost[]> {
  const hosts: RunningHost[] = [];
  for (const entry of await readdir('/proc')) {
    const command = /^\d+$/.test(entry) ? await read(join('/proc', entry, 'cmdline')) : '';
    if (command.split('\0').some((word) => hostScript.test(word))) {
      const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(await read(join('/proc', entry, 'status')))?.[1];
      hosts.push({ pid: Number(entry), residentBytes: Number(kibibytes ?? 0) * 1024 });
    }
  }
  return hosts;
}

/** A process may end while it is looked at. */
const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

async function hostsByPs(): Promise<RunningHost[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pid=,rss=,command='], {
    maxBuffer: 1 << 24,
  }).catch(() => ({ stdout: '' }));
  return stdout.split('\n').flatMap((line) => {
    const [, pid, kibibytes, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return command.split(' ').some((word) => hostScript.test(word))
      ? [{ pid: Number(pid), residentBytes: Number(kibibytes) * 1024 }]
      : [];
  });
}
