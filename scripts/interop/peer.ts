/** Runs one of the peer's scripts: a job as JSON in, its results as JSON out. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';

/** Throws where the script fails; what it said is on stderr then. */
export async function askPeer<Schema extends v.GenericSchema>(
  python: string,
  script: string,
  { job, schema }: { readonly job: unknown; readonly schema: Schema },
): Promise<v.InferOutput<Schema>> {
  const peer = spawn(python, [join(import.meta.dirname, script)], { stdio: ['pipe', 'pipe', 'inherit'] });
  peer.stdin.end(JSON.stringify(job));
  const closed = once(peer, 'close');
  const output = await text(peer.stdout);
  await closed;
  if (peer.exitCode !== 0) {
    throw new Error(`${script} failed; see above`);
  }
  return v.parse(schema, JSON.parse(output));
}
