/** Disks that fill up, and writes that fail, for tests: where file systems can be mounted here, and processes traced. */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from './temporary-folder.ts';

const mountPoint = temporaryFolder();
const mounts = (folder: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' }).status === 0;

/** Why a test that needs a disk of its own is skipped; false where it is not. */
export const noMounts =
  process.platform === 'linux' &&
  mounts(mountPoint) &&
  spawnSync('umount', [mountPoint], { stdio: 'ignore' }).status === 0
    ? false
    : 'file systems cannot be mounted here';

/** A folder on a disk of its own with so many megabytes. */
export function smallDisk(context: TestContext, megabytes: number): string {
  const folder = temporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', folder]);
  context.after(() => void execFileSync('umount', ['--lazy', folder]));
  return folder;
}

/** Leaves not a byte of it; returns what makes room again. */
export function fillDisk(folder: string, megabytes: number): () => void {
  const ballast = join(folder, 'ballast');
  try {
    writeFileSync(ballast, Buffer.alloc(megabytes * 1_100_000));
  } catch {
    // That is what was wanted.
  }
  return () => void execFileSync('rm', [ballast]);
}

/** Why a test that needs failing system calls is skipped; false where it is not. */
export const noTracing =
  spawnSync('strace', ['-qq', 'true'], { stdio: 'ignore' }).status === 0
    ? false
    : 'there is no strace to inject errors with';

/** Has system calls of a running process on some files fail; resolves when they do, to what ends that. */
export async function failCalls(
  pid: number,
  calls: string,
  error: string,
  paths: readonly string[],
): Promise<() => Promise<void>> {
  const tracer = spawn(
    'strace',
    [
      ...['-f', '-p', String(pid), '-o', '/dev/null', '-e', `trace=${calls}`],
      ...['-e', `inject=${calls}:error=${error}`],
      ...paths.flatMap((path) => ['-P', path]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await once(tracer.stderr, 'data');
  await delay(200);
  return async () => {
    tracer.kill('SIGINT');
    await once(tracer, 'exit');
  };
}
