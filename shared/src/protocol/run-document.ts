/** Reads the documents that hold runs, profiles and studies, from text, and says what is wrong where it is something else. */

import * as v from 'valibot';
import { TidemarkError } from '../errors.ts';
import { profileDocument, profileSchemaVersion } from './profile-document.ts';
import type { ProfileDocument } from './profile-document.ts';
import { studyDocument, studySchemaVersion } from './study-document.ts';
import type { StudyDocument } from './study-document.ts';

export type RunDocument = ProfileDocument | StudyDocument;

/** Those of a study, or a profile itself. */
export const runsOf = (document: RunDocument): readonly ProfileDocument[] =>
  document.kind === 'profile' ? [document] : document.runs;

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
  if (kind !== 'profile' && kind !== 'study') {
    throw refuse(
      typeof kind === 'string'
        ? `is a document of kind “${kind}”; a profile or a study is needed.`
        : 'is JSON, but not a Tidemark document.',
    );
  }
  const known = kind === 'profile' ? profileSchemaVersion : studySchemaVersion;
  if (schemaVersion !== known) {
    throw refuse(
      `was written in ${typeof schemaVersion === 'number' ? `version ${schemaVersion}` : 'no known version'} of its format, and this Tidemark reads version ${known}.`,
      'Use the version of Tidemark that wrote it, or measure again.',
    );
  }
  const result = v.safeParse(kind === 'profile' ? profileDocument : studyDocument, value);
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
