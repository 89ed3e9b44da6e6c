/** A study asked of several engines, one after the other: the same checkpoints, voice, phonemes, iterations, and arms. */

import { concludeEngines } from '@tidemark/shared/analysis/conclusions.ts';
import { agreementsOf } from '@tidemark/shared/analysis/verdicts/agreement.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { engineOf, studySchemaVersion } from '@tidemark/shared/protocol/study-document.ts';
import type { StudyDocument } from '@tidemark/shared/protocol/study-document.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import type { EngineRequest } from '../host/python-environment.ts';
import type { Engine } from '../host/transport.ts';
import { RunClock } from './profile.ts';
import type { Subject } from './profile.ts';
import { runStudy } from './study.ts';
import type { StudyOptions } from './study.ts';

/** What one engine is asked, and what runs it; undefined for Tidemark's own host. */
export interface AskedEngine {
  readonly settings: ProfileSettings;
  readonly engine: Engine | undefined;
}

/** The settings of a run as one engine gets them: what is said was settled once, and is the same for all. */
export const settingsFor = (settled: ProfileSettings, { engine, python }: EngineRequest): ProfileSettings =>
  engine === undefined || engine === 'tidemark'
    ? settled
    : {
        ...settled,
        engine,
        ...(python === undefined ? {} : { python }),
        phonemesFrom: settled.phonemesFrom ?? (settled.text === undefined ? 'given' : 'tidemark'),
      };

/**
 * As {@link runStudy}, by each engine in turn; the first engine's study is the document, and holds those of the others. Each model is
 * found once. An engine that fails after the first loses nothing of those before it. Throws as the first engine's study does.
 */
export async function runStudies(
  models: readonly string[],
  asked: readonly AskedEngine[],
  { find, onStep, signal, ...options }: StudyOptions,
): Promise<StudyDocument> {
  const clock = new RunClock();
  const found = new Map<string, Promise<Subject>>();
  const findOnce = (model: string): Promise<Subject> => {
    const known = found.get(model) ?? Promise.resolve().then(() => find(model));
    found.set(model, known);
    return known;
  };
  const studies: StudyDocument[] = [];
  for (const { settings, engine } of asked) {
    const each: StudyOptions = {
      ...options,
      signal,
      find: async (model) => ({ ...(await findOnce(model)), engine }),
      onStep: asked.length === 1 ? onStep : stepsOf(engineOf({ settings }), onStep),
    };
    try {
      studies.push(await runStudy(models, settings, each));
    } catch (error) {
      if (studies.length === 0) {
        throw error;
      }
      studies.push(unmeasured(models, settings, signal?.aborted === true ? undefined : error));
    }
  }
  const [first, ...otherEngines] = studies;
  if (first === undefined) {
    throw new Error('runStudies: no engine was asked');
  }
  if (otherEngines.length === 0) {
    return first;
  }
  const agreements = agreementsOf(studies);
  return {
    ...first,
    seconds: clock.seconds,
    conclusion: concludeEngines(studies, agreements),
    outcome:
      (['interrupted', 'failed'] as const).find((end) => studies.some(({ outcome }) => outcome === end)) ??
      'complete',
    otherEngines,
    agreements,
  };
}

/** Says which engine is at work. */
const stepsOf =
  (engine: EngineName, onStep: OnStep | undefined): OnStep =>
  (step, error) => {
    switch (step.kind) {
      case 'model':
      case 'intervention':
        onStep?.({ ...step, engine }, error);
        break;
      case 'trouble':
        onStep?.({ ...step, what: `In ${engine}: ${step.what}` }, error);
        break;
      case 'queued':
      case 'preparing':
      case 'loading':
      case 'loaded':
      case 'iteration':
      case 'confirming':
      case 'attributing':
      case 'ended':
        onStep?.(step, error);
        break;
    }
  };

/** The study of an engine that came to nothing: stopped before it began, or failed where no model could be the reason. */
function unmeasured(models: readonly string[], settings: ProfileSettings, error: unknown): StudyDocument {
  const record = error === undefined ? undefined : toErrorRecord(error);
  return {
    kind: 'study',
    schemaVersion: studySchemaVersion,
    startedAt: new Date().toISOString(),
    seconds: 0,
    models: [...models],
    settings,
    runs: [],
    failures: record === undefined ? [] : models.map((model) => ({ model, error: record })),
    skipped: record === undefined ? [...models] : [],
    conclusion: record === undefined ? 'It was stopped before this engine began.' : record.message,
    outcome: record === undefined ? 'interrupted' : 'failed',
  };
}
