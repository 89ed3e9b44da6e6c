/** Scripts that run in an environment of Python's, a job as JSON in, their results as JSON out. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import { ensureEnvironment } from '../../daemon/src/host/python-environment.ts';
import type { PinnedEnvironment } from '../../daemon/src/host/python-environment.ts';

/** The environment's interpreter, installed first where it is not there. Each step of that is noted on stderr. */
export const peerPython = (environment: PinnedEnvironment): Promise<string> =>
  ensureEnvironment(environment, { onStep: ({ message }) => console.error(`${message} …`) });

/** Throws where the script fails; what it said is on stderr then. */
export async function askPeer<Schema extends v.GenericSchema>(
  python: string,
  script: string,
  { job, schema }: { readonly job: unknown; readonly schema: Schema },
): Promise<v.InferOutput<Schema>> {
  const peer = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  peer.stdin.end(JSON.stringify(job));
  const closed = once(peer, 'close');
  const output = await text(peer.stdout);
  await closed;
  if (peer.exitCode !== 0) {
    throw new Error(`${basename(script)} failed; see above`);
  }
  return v.parse(schema, JSON.parse(output));
}
