/** Checks what else goes on on the machine: how much memory is free, and who else holds a model. */

import { totalmem } from 'node:os';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { runningHosts } from '../host/running-hosts.ts';
import type { Finding } from './finding.ts';

/** What a host with a float32 model takes for the default text, and some room. */
const enoughMemoryBytes = 1.5e9;

export function checkMemory(): Finding {
  const availableBytes = process.availableMemory();
  const detail = `${formatBytes(availableBytes)} of ${formatBytes(totalmem())} are available`;
  return availableBytes >= enoughMemoryBytes
    ? { status: 'ok', detail }
    : {
        status: 'warn',
        detail: `${detail}; a float32 model and its activations take about a gigabyte`,
        remedy: 'Close other programs, or measure a smaller model.',
      };
}

/** Two at a time disturb each other's times, and on a GPU their memory. */
export async function checkOtherHosts(): Promise<Finding> {
  const hosts = await runningHosts();
  if (hosts.length === 0) {
    return { status: 'ok', detail: 'none' };
  }
  const list = hosts
    .map(({ pid, residentBytes }) => `process ${pid} with ${formatBytes(residentBytes)}`)
    .join(', ');
  return {
    status: 'warn',
    detail: `${list}; measurements disturb each other`,
    remedy: `Wait until it is done, or end it: kill ${hosts.map(({ pid }) => pid).join(' ')}`,
  };
}
