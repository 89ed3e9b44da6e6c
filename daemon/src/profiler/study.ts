/** A study: several models, the same text, voice and seed, each in a fresh process, one after the other. */

import { concludeStudy } from '@tidemark/shared/analysis/conclusions.ts';
import { compareRuns } from '@tidemark/shared/analysis/run-summary.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ErrorCode } from '@tidemark/shared/errors.ts';
import type { ProfileDocument, ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { studySchemaVersion } from '@tidemark/shared/protocol/study-document.ts';
import type { StudyAnswer, StudyDocument } from '@tidemark/shared/protocol/study-document.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { explainStudy } from './explain-study.ts';
import type { StudiedModel } from './explain-study.ts';
import { profileModel, RunClock } from './profile.ts';
import type { ProfileOptions, Subject } from './profile.ts';

/** bfloat16 first, which the others are held against. */
export const studyModels = ['bf16', '8bit-fp32', '6bit-fp32', '4bit-fp32', '4bit-bf16'] as const;

export interface StudyOptions extends ProfileOptions {
  /** Finds a model and its voice, building or downloading where needed. */
  readonly find: (model: string) => Subject | Promise<Subject>;
  /** Reads a checkpoint's headers. Where it is given, the study goes on to its interventions, and answers. */
  readonly examine?: ((subject: Subject) => XrayDocument | Promise<XrayDocument>) | undefined;
}

/** Mistakes in what was asked for: better said before the first measurement than after the last. */
const mistakes: readonly ErrorCode[] = ['unknown-model', 'unknown-voice', 'bad-input', 'usage'];

/**
 * Finds every model first and then measures one after the other. A model that fails does not lose the others: it is
 * recorded. Throws for a model or voice that does not exist, and when it is aborted before anything is measured.
 */
export async function runStudy(
  models: readonly string[],
  settings: ProfileSettings,
  { find, examine, signal, onStep, ...options }: StudyOptions,
): Promise<StudyDocument> {
  const clock = new RunClock();
  const runs: ProfileDocument[] = [];
  const failures: StudyDocument['failures'] = [];
  const fail = (model: string, error: unknown): void => {
    const record = toErrorRecord(error);
    failures.push({ model, error: record });
    onStep?.({ kind: 'trouble', what: `${model} could not be measured.`, error: record }, error);
  };

  const found: { readonly model: string; readonly subject: Subject }[] = [];
  for (const model of models) {
    try {
      found.push({ model, subject: await find(model) });
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof TidemarkError && mistakes.includes(error.code)) {
        throw error;
      }
      fail(model, error);
    }
  }

  const skipped: string[] = [];
  const subjects = new Map<ProfileDocument, Subject>();
  const isAborted = (): boolean => signal?.aborted === true;
  for (const [index, { model, subject }] of found.entries()) {
    if (isAborted()) {
      skipped.push(model);
      continue;
    }
    onStep?.({ kind: 'model', model, place: index + 1, of: found.length });
    try {
      const run = await profileModel(subject, settings, { ...options, signal, onStep });
      runs.push(run);
      subjects.set(run, subject);
    } catch (error) {
      if (isAborted()) {
        skipped.push(model);
      } else {
        fail(model, error);
      }
    }
  }
  if (runs.length === 0) {
    signal?.throwIfAborted();
  }

  const comparison = compareRuns(runs);
  const answer =
    examine === undefined || comparison === undefined
      ? undefined
      : await answerStudy(runs, comparison.baseline, {
          subjects,
          examine,
          settings,
          signal,
          onStep,
          ...options,
        });
  const findings = { runs, failures, skipped, comparison };
  return {
    kind: 'study',
    schemaVersion: studySchemaVersion,
    startedAt: clock.startedAt,
    seconds: clock.seconds,
    models: [...models],
    settings,
    ...findings,
    answer,
    conclusion: concludeStudy(findings),
    outcome: outcomeOf(findings, signal),
  };
}

interface AnswerOptions extends Omit<StudyOptions, 'find' | 'examine'> {
  readonly subjects: ReadonlyMap<ProfileDocument, Subject>;
  readonly examine: NonNullable<StudyOptions['examine']>;
  readonly settings: ProfileSettings;
}

/** The interventions, where any quantized model was measured to its end. An aborted study keeps its runs, without an answer. */
async function answerStudy(
  runs: readonly ProfileDocument[],
  baseline: string,
  { subjects, examine, settings, signal, ...options }: AnswerOptions,
): Promise<StudyAnswer | undefined> {
  try {
    const models: StudiedModel[] = [];
    for (const run of runs) {
      signal?.throwIfAborted();
      const subject = subjects.get(run);
      if (subject !== undefined && run.outcome.status === 'complete') {
        models.push({ subject, run, xray: await examine(subject) });
      }
    }
    const isQuantized = ({ xray }: StudiedModel): boolean => xray.quantization.found.length > 0;
    return models.some(isQuantized)
      ? await explainStudy(models, baseline, settings, { signal, ...options })
      : undefined;
  } catch (error) {
    if (signal?.aborted === true) {
      return undefined;
    }
    throw error;
  }
}

/** Interrupted where a person stopped it; failed where any model has no whole run. */
function outcomeOf(
  { runs, failures }: Pick<StudyDocument, 'runs' | 'failures'>,
  signal: AbortSignal | undefined,
): StudyDocument['outcome'] {
  if (signal?.aborted === true) {
    return 'interrupted';
  }
  return failures.length === 0 && runs.every(({ outcome }) => outcome.status === 'complete')
    ? 'complete'
    : 'failed';
}
