/** Runs the doctor in a process of its own, so that its memory goes with it and the daemon answers meanwhile. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { DoctorDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { runTask } from '../child-task.ts';

export interface DoctorTask {
  readonly job: { readonly dataFolder: string };
  readonly progress: never;
  readonly result: DoctorDocument;
}

const timeoutSeconds = 120;

/** Throws 'internal' where it returns no document in time, and the reason of an aborted signal. */
export async function examineInChild(dataFolder: string, signal: AbortSignal): Promise<DoctorDocument> {
  const late = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    return await runTask<DoctorTask>(
      new URL('doctor-process.ts', import.meta.url),
      { dataFolder },
      { name: 'The doctor', failure: 'internal', signal: AbortSignal.any([signal, late]) },
    );
  } catch (cause) {
    if (late.aborted && !signal.aborted) {
      throw new TidemarkError('internal', `The doctor did not finish within ${timeoutSeconds} s.`, {
        hint: 'Run `tidemark doctor` in a terminal.',
        cause,
      });
    }
    throw cause;
  }
}
