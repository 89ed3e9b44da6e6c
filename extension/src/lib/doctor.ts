/** The doctor's findings: from the daemon where one runs, since its set-up is the one that measures; else from the command. */

import * as v from 'valibot';
import { TidemarkError } from '../../../shared/src/errors.ts';
import { doctorDocument } from '../../../shared/src/protocol/doctor-document.ts';
import type { DoctorDocument } from '../../../shared/src/protocol/doctor-document.ts';
import { slowTimeoutMilliseconds, withClient } from './connection.ts';
import { runTidemark } from './tidemark-command.ts';

/** Throws what stood in the way. */
export async function examine(): Promise<DoctorDocument> {
  try {
    return await withClient((client) =>
      client.call('doctor', {}, { timeoutMilliseconds: slowTimeoutMilliseconds }),
    );
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'no-daemon') {
      throw error;
    }
  }
  const { stdout } = await runTidemark(['doctor', '--json'], {
    timeoutMilliseconds: slowTimeoutMilliseconds,
    // It fails where a check fails, and says which on standard output all the same.
    acceptFailure: true,
  });
  return readDoctorDocument(stdout);
}

export function readDoctorDocument(text: string): DoctorDocument {
  try {
    return v.parse(doctorDocument, JSON.parse(text));
  } catch (error) {
    throw new TidemarkError('bad-document', 'What the doctor said cannot be read.', {
      hint: 'Run `tidemark doctor` in a terminal.',
      cause: error,
    });
  }
}
