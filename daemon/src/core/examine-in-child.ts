/** Runs the doctor in a process of its own: it loads libmlx and eSpeak, and computes for seconds. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { doctorDocument } from '@tidemark/shared/protocol/doctor-document.ts';
import type { DoctorDocument } from '@tidemark/shared/protocol/doctor-document.ts';

const commandLine = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const timeoutMilliseconds = 120_000;

/** Throws 'internal' where it gives no document, and the reason of an aborted signal. */
export async function examineInChild(dataFolder: string, signal: AbortSignal): Promise<DoctorDocument> {
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile(
    process.execPath,
    [commandLine, 'doctor', '--json'],
    {
      env: { ...process.env, TIDEMARK_HOME: dataFolder },
      maxBuffer: 1 << 24,
      timeout: timeoutMilliseconds,
      signal,
    },
    // Its exit code says whether all is well, which the document says better.
    (_, stdout) => resolve(stdout),
  );
  const output = await promise;
  signal.throwIfAborted();
  try {
    return v.parse(doctorDocument, JSON.parse(output));
  } catch (cause) {
    throw new TidemarkError('internal', 'The doctor gave no answer.', {
      hint: 'Run `tidemark doctor` in a terminal.',
      cause,
    });
  }
}
