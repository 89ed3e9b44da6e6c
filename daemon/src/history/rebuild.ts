/** Makes the document of a run whose end nobody saw, of what was recorded while it ran. Pure. */

import * as v from 'valibot';
import { concludeStudy } from '@tidemark/shared/analysis/conclusions.ts';
import { judgeRun } from '@tidemark/shared/analysis/leak-verdicts.ts';
import { compareRuns, summarizeRun } from '@tidemark/shared/analysis/run-summary.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DeviceRecord, ModelRecord, VersionsRecord } from '@tidemark/shared/protocol/provenance.ts';
import { profileDocument, profileSchemaVersion } from '@tidemark/shared/protocol/profile-document.ts';
import type {
  IterationSample,
  LoadRecord,
  Outcome,
  ProfileDocument,
  ProfileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { studyDocument, studySchemaVersion } from '@tidemark/shared/protocol/study-document.ts';

/** What is known of a run once its model is loaded, for one model of it. */
export interface RunHead {
  readonly model: ModelRecord;
  readonly device: DeviceRecord;
  readonly versions: VersionsRecord;
  readonly settings: ProfileSettings;
  readonly load: LoadRecord;
  /** The process that measures: the same for all checks of one long-lived host. */
  readonly hostInstance: string;
}

export const samplePhases = ['warm-up', 'measured', 'confirmation'] as const;

export type SamplePhase = (typeof samplePhases)[number];

export interface StoredSample {
  readonly sample: IterationSample;
  readonly phase: SamplePhase;
  readonly model: string;
  readonly takenAt: string;
  /** Which of the run's heads it belongs to; absent where none was noted. */
  readonly headPlace?: number | undefined;
}

/** One model's part of a run. */
export interface RunPart {
  readonly head: RunHead;
  readonly notedAt: string;
  readonly samples: readonly StoredSample[];
}

type Ended = Exclude<Outcome, { status: 'complete' }>;

/**
 * The outcome is that of the part that was running; the parts before it had finished. Undefined where nothing was
 * loaded, or where what was recorded makes no valid document: the samples stay what they are.
 */
export function rebuildDocument(
  record: RunRecord,
  parts: readonly RunPart[],
  outcome: Ended,
): RunDocument | undefined {
  const [first] = parts;
  if (first === undefined) {
    return undefined;
  }
  const startedAt = record.startedAt ?? first.notedAt;
  if (record.kind === 'profile') {
    return checked(profileDocument, profileOf(parts[parts.length - 1] ?? first, startedAt, outcome));
  }
  const runs = parts.map((part, place) => {
    // A model is loaded right before its head is noted.
    const began = new Date(Date.parse(part.notedAt) - part.head.load.seconds * 1000).toISOString();
    return profileOf(part, began, place === parts.length - 1 ? outcome : undefined);
  });
  // A model without a run was not started, as far as the records show.
  const names = runs.map(({ model }) => model.name);
  const skipped =
    record.models.length > runs.length ? record.models.filter((model) => !names.includes(model)) : [];
  const comparison = compareRuns(runs);
  const findings = { runs, failures: [], skipped, comparison };
  return checked(studyDocument, {
    kind: 'study',
    schemaVersion: studySchemaVersion,
    startedAt,
    seconds: secondsUntil(
      startedAt,
      parts.flatMap(({ samples }) => samples),
    ),
    models: record.models,
    settings: first.head.settings,
    ...findings,
    conclusion: concludeStudy(findings),
    outcome: outcome.status,
  });
}

/** Without an outcome it is complete where every iteration is there. */
function profileOf({ head, samples }: RunPart, startedAt: string, ended: Ended | undefined): ProfileDocument {
  const { model, device, versions, settings, load } = head;
  const of = (isConfirmation: boolean): IterationSample[] =>
    samples
      .filter(({ phase }) => (phase === 'confirmation') === isConfirmation)
      .map(({ sample }) => sample)
      .sort((a, b) => a.index - b.index);
  const iterations = of(false);
  const confirmed = of(true);
  const confirmation = confirmed.length === 0 ? undefined : confirmed;
  const summary = summarizeRun(load, iterations);
  const whole = iterations.length === settings.warmupIterations + settings.iterations;
  return {
    kind: 'profile',
    schemaVersion: profileSchemaVersion,
    startedAt,
    seconds: secondsUntil(startedAt, samples),
    model,
    device,
    versions,
    settings,
    load,
    iterations,
    confirmation,
    leaks: judgeRun({
      iterations,
      iterationsAsked: settings.iterations,
      confirmation,
      keepCache: settings.keepCache,
      // MLX's own limit is known only at a run's end.
      cacheLimitBytes: settings.cacheLimitBytes,
      cacheLimitAsked: settings.cacheLimitBytes !== undefined,
    }),
    summary,
    outcome:
      ended ??
      (whole
        ? { status: 'complete' }
        : { status: 'interrupted', reason: 'It has fewer iterations than requested.' }),
  };
}

/** Until the last sign of life: how long nobody noticed is no part of the run. */
function secondsUntil(startedAt: string, samples: readonly StoredSample[]): number {
  const last = samples.at(-1)?.takenAt ?? startedAt;
  return Math.max(0, (Date.parse(last) - Date.parse(startedAt)) / 1000);
}

function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  document: v.InferInput<Schema>,
): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, document);
  return result.success ? result.output : undefined;
}
