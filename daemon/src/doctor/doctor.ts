/** Checks whether this set-up can measure: each check looks at one thing and says what to do about it. */

import { doctorSchemaVersion } from '@tidemark/shared/protocol/doctor-document.ts';
import type { Check, DoctorDocument } from '@tidemark/shared/protocol/doctor-document.ts';
import type { HostDescription } from '../host/messages.ts';
import { failure } from './finding.ts';
import type { Finding } from './finding.ts';
import { checkMemory, checkOtherHosts } from './machine-checks.ts';
import { checkPhonemizer, checkVoices, checkWeights } from './packaged-checks.ts';
import { checkBlas, checkMlx, checkNode, describeHost } from './runtime-checks.ts';
import { checkCheckpoints, checkDataFolder, checkDisk, checkHubCache } from './storage-checks.ts';

export interface DoctorOptions {
  readonly dataFolder: string;
  readonly signal?: AbortSignal | undefined;
  /** Told of each check when it is done. */
  readonly onCheck?: ((check: Check) => void) | undefined;
}

/** Runs every check, in order. One that itself breaks down has failed. Throws only when it is aborted. */
export async function examine({ dataFolder, signal, onCheck }: DoctorOptions): Promise<DoctorDocument> {
  const host = await describeHost(signal);
  const named: readonly (readonly [id: string, title: string, find: () => Finding | Promise<Finding>])[] = [
    ['node', 'Node', checkNode],
    ['mlx', 'MLX', () => checkMlx(host)],
    ['blas', 'Matrix products', () => checkBlas(host)],
    ['weights', 'Packaged weights', () => checkWeights(signal)],
    ['voices', 'Packaged voices', checkVoices],
    ['phonemes', 'Text to phonemes', checkPhonemizer],
    ['data-folder', 'Data folder', () => checkDataFolder(dataFolder)],
    ['disk', 'Disk space', () => checkDisk(dataFolder)],
    ['checkpoints', 'Built models', () => checkCheckpoints(dataFolder)],
    ['hub-cache', 'Hugging Face cache', checkHubCache],
    ['memory', 'Memory', checkMemory],
    ['hosts', 'Other model hosts', checkOtherHosts],
  ];
  const checks: Check[] = [];
  for (const [id, title, find] of named) {
    signal?.throwIfAborted();
    const check = { id, title, ...(await findingOf(find)) };
    checks.push(check);
    onCheck?.(check);
  }
  signal?.throwIfAborted();
  return {
    kind: 'doctor',
    schemaVersion: doctorSchemaVersion,
    checkedAt: new Date().toISOString(),
    status: worstOf(checks),
    checks,
    ...(host instanceof Error ? {} : environmentOf(host)),
  };
}

async function findingOf(find: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await find();
  } catch (error) {
    return failure(error);
  }
}

const environmentOf = ({ device, versions }: HostDescription) => ({ device, versions });

function worstOf(checks: readonly Check[]): Check['status'] {
  const found = new Set(checks.map(({ status }) => status));
  return (['fail', 'warn', 'ok'] as const).find((status) => found.has(status)) ?? 'ok';
}
