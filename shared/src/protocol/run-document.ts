/** Reads the documents that hold runs (profiles, studies, and watched programs) from text, and says what is wrong where it is something else. */

import * as v from 'valibot';
import { TidemarkError } from '../errors.ts';
import { profileDocument, profileSchemaVersion } from './profile-document.ts';
import type { ProfileDocument } from './profile-document.ts';
import { studiesOf, studyDocument, studySchemaVersion } from './study-document.ts';
import type { StudyDocument } from './study-document.ts';
import { watchDocument, watchSchemaVersion } from './watch-document.ts';
import type { WatchDocument } from './watch-document.ts';

export type RunDocument = ProfileDocument | StudyDocument | WatchDocument;

const kinds = {
  profile: { schema: profileDocument, version: profileSchemaVersion },
  study: { schema: studyDocument, version: studySchemaVersion },
  watch: { schema: watchDocument, version: watchSchemaVersion },
} as const;

/** A document of any of them. */
export const runDocument = v.union([profileDocument, studyDocument, watchDocument]);

const isKind = (kind: unknown): kind is RunDocument['kind'] =>
  typeof kind === 'string' && Object.hasOwn(kinds, kind);

/** The profiles in a document: those of a study, by every engine, or a profile itself. A watched program is none. */
export function runsOf(document: RunDocument): readonly ProfileDocument[] {
  switch (document.kind) {
    case 'profile':
      return [document];
    case 'study':
      return studiesOf(document).flatMap(({ runs }) => runs);
    case 'watch':
      return [];
  }
}

const howToMake =
  'Pass the output of `tidemark profile MODEL --json` or `tidemark study --json`, for example from `tidemark study --json > study.json`.';

/** `name` is what the text is called in an error. Throws a TidemarkError: 'bad-document'. */
export function parseRunDocument(json: string, name: string): RunDocument {
  const refuse = (what: string, hint = howToMake, cause?: unknown): TidemarkError =>
    new TidemarkError('bad-document', `${name} ${what}`, { hint, cause });
  if (json.trim() === '') {
    throw refuse('is empty.');
  }
  let value: unknown;
  try {
    // A byte-order mark is no JSON, but some shells write one.
    value = JSON.parse(json.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw refuse('is not JSON, or is truncated.', howToMake, cause);
  }
  const { kind, schemaVersion } = headOf(value);
  if (kind === 'error') {
    throw refuse('holds the error of a failed command, not a measurement.');
  }
  if (!isKind(kind)) {
    throw refuse(
      typeof kind === 'string'
        ? `is a document of kind “${kind}”; a profile, a study, or a watched program is needed.`
        : 'is JSON, but not a Tidemark document.',
    );
  }
  const { schema, version: known } = kinds[kind];
  if (schemaVersion !== known) {
    throw refuse(
      `was written in ${typeof schemaVersion === 'number' ? `version ${schemaVersion}` : 'no known version'} of its format, and this Tidemark reads version ${known}.`,
      'Use the version of Tidemark that wrote it, or measure again.',
    );
  }
  const result = v.safeParse(schema, value);
  if (!result.success) {
    const [issue] = result.issues;
    const path = v.getDotPath(issue);
    throw refuse(
      `is not a valid ${kind}${path === null ? '' : ` at ${path}`}: ${issue.message.replace(/\.$/, '')}.`,
      'It was changed or truncated after it was written; measure again, or use the original.',
    );
  }
  return result.output;
}

function headOf(value: unknown): { readonly kind?: unknown; readonly schemaVersion?: unknown } {
  return typeof value === 'object' && value !== null ? value : {};
}
