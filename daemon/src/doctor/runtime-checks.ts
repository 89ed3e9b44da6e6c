/** Checks what the code runs on: Node, the addon with libmlx, and the library that multiplies matrices. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostDescription } from '../host/messages.ts';
import { ModelHost } from '../host/model-host.ts';
import { repositoryRoot } from '../paths.ts';
import { failure } from './finding.ts';
import type { Finding } from './finding.ts';

const setUpAgain = 'Run `npm run setup`, which checks what is there and makes what is missing.';

/** What a host says of itself, or why it cannot. libmlx is never loaded into this process. */
export async function describeHost(signal: AbortSignal | undefined): Promise<HostDescription | Error> {
  try {
    await using host = await ModelHost.start({ signal });
    return host.description;
  } catch (error) {
    signal?.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The Node that set-up pins is the one that everything was tested with. */
export function checkNode(): Finding {
  const { node } = process.versions;
  const manifest = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    optionalDependencies?: Record<string, string>;
  };
  const pinned = new Set(Object.values(manifest.optionalDependencies ?? {}));
  return pinned.has(node)
    ? { status: 'ok', detail: `${node}, the pinned one` }
    : {
        status: 'warn',
        detail: `${node}, where ${[...pinned].join(' or ')} is pinned`,
        remedy: 'Start Tidemark by `npx tidemark`, which takes the pinned Node.',
      };
}

export function checkMlx(host: HostDescription | Error): Finding {
  if (host instanceof Error) {
    return failure(host);
  }
  const { device, versions } = host;
  return { status: 'ok', detail: `libmlx ${versions.mlx} on ${device.name} (${device.type})` };
}

/** MLX's Linux wheel comes with the reference BLAS, which is some thirty times as slow. */
export function checkBlas(host: HostDescription | Error): Finding {
  if (host instanceof Error) {
    return { status: 'fail', detail: 'not known, since MLX does not load', remedy: setUpAgain };
  }
  const { blas } = host.versions;
  return /openblas|accelerate/i.test(blas)
    ? { status: 'ok', detail: blas }
    : { status: 'warn', detail: `${blas}, which is slow`, remedy: setUpAgain };
}
