/** Acceptances for tests: with a tiny model, and a daemon that is broken in some way. */

import { join } from 'node:path';
import * as v from 'valibot';
import assert from 'node:assert/strict';
import { acceptanceDocument } from '@tidemark/shared/protocol/acceptance-document.ts';
import type {
  AcceptanceCheck,
  AcceptanceCheckId,
  AcceptanceDocument,
} from '@tidemark/shared/protocol/acceptance-document.ts';
import { runAcceptance } from '../src/acceptance/run-acceptance.ts';
import type { AcceptanceOptions } from '../src/acceptance/run-acceptance.ts';
import { repositoryRoot } from '../src/paths.ts';
import { thisSystem } from '../src/service/system.ts';
import type { Limits } from '../src/acceptance/workplace.ts';
import type { Way } from './broken-tidemark.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { writeSpeakingTinyKokoro } from './tiny-kokoro.ts';

let tiny: string | undefined;

/** A daemon's command line. */
export const brokenProgram = (way: Way): readonly string[] => [
  process.execPath,
  join(repositoryRoot, 'daemon', 'test', 'broken-tidemark.ts'),
  way,
  'daemon',
];

/** What an acceptance is asked for, all of it that a test does not name. */
export function acceptanceOptions(
  only: readonly AcceptanceCheckId[],
  way: Way,
  changes: Partial<AcceptanceOptions> = {},
): AcceptanceOptions {
  if (tiny === undefined) {
    tiny = join(temporaryFolder(), 'tiny');
    writeSpeakingTinyKokoro(tiny);
  }
  return {
    system: { ...thisSystem(), program: brokenProgram(way) },
    only,
    models: [tiny],
    voice: 'af_tiny',
    text: 'A cab.',
    consent: true,
    ask: () => Promise.resolve(undefined),
    signal: new AbortController().signal,
    ...changes,
    // A test's machine may be slow.
    limits: { start: 120, answer: 60, end: 60, ...changes.limits },
  };
}

/** Runs it; what comes of it is true to its schema. */
export async function accept(options: AcceptanceOptions): Promise<AcceptanceDocument> {
  const document = await runAcceptance(options);
  assert.deepEqual(v.parse(acceptanceDocument, document), document);
  return document;
}

export function checkOf({ checks }: AcceptanceDocument, id: AcceptanceCheckId): AcceptanceCheck {
  const check = checks.find((each) => each.id === id);
  assert.ok(check !== undefined, id);
  return check;
}

/** Fails unless a check passed; says why it did not. */
export function hasPassed(document: AcceptanceDocument, id: AcceptanceCheckId): void {
  const check = checkOf(document, id);
  assert.equal(check.status, 'passed', JSON.stringify(check, undefined, 1));
}

export interface Broken {
  readonly way: Way;
  /** What is expected and not found. */
  readonly where: RegExp;
  readonly found: RegExp;
  readonly limits?: Partial<Limits>;
}

/** A daemon that is broken fails, at the place that is expected, with what it printed. */
export async function failsWhere({ way, where, found, limits = {} }: Broken): Promise<void> {
  const document = await accept(acceptanceOptions(['daemon'], way, { limits }));
  const check = checkOf(document, 'daemon');
  assert.equal(document.outcome, 'failed');
  assert.equal(check.status, 'failed');
  const unmet = check.expectations.filter(({ holds }) => !holds);
  const [first] = unmet;
  assert.match(first?.expected ?? '', where, JSON.stringify(unmet));
  assert.match(first?.found ?? '', found);
  assert.ok(check.commands.some(({ command }) => command === 'tidemark daemon'));
}
