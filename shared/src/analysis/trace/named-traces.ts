/** The traces of a document, with the models that they are of. */

import { TidemarkError } from '../../errors.ts';
import type { ProfileDocument } from '../../protocol/profile-document.ts';
import { runsOf } from '../../protocol/run-document.ts';
import type { RunDocument } from '../../protocol/run-document.ts';
import type { OperationTrace } from '../../protocol/trace-document.ts';

export interface NamedTrace {
  readonly model: string;
  readonly trace: OperationTrace;
}

export const tracesOf = (runs: readonly ProfileDocument[]): NamedTrace[] =>
  runs.flatMap(({ model, attribution }) =>
    (attribution?.traces ?? []).map((trace) => ({ model: model.name, trace })),
  );

/** For what can be made of traces only. Throws a TidemarkError: 'bad-document' where there is none. */
export function namedTraces(document: RunDocument): NamedTrace[] {
  const traces = tracesOf(runsOf(document));
  if (traces.length === 0) {
    throw new TidemarkError(
      'bad-document',
      `The ${document.kind === 'watch' ? 'watched program' : document.kind} has no trace of its operations.`,
      {
        hint: 'Measure the model with `tidemark profile MODEL --attribute operations`, and use that run.',
      },
    );
  }
  return traces;
}
