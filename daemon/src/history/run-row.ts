/** A run's record as a row of its table, and back. */

import { runRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord, Trigger } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Columns, Database } from './database.ts';
import {
  boundedColumn,
  defined,
  jsonOf,
  momentText,
  numberOf,
  optionalJson,
  optionalMoment,
  optionalNumber,
  optionalText,
  textOf,
} from './rows.ts';
import type { Row } from './rows.ts';
import { checked, Refusal } from './unreadable.ts';

export type RunFigures = NonNullable<RunRecord['figures']>;

/** Characters of what is said, where a run is read in full, and in lists; an import and the socket take no more. */
export const longestText = 50_000;
const longestListedText = 200;

/** Characters of each of a run's sentences. */
const longestSentence = 4000;

/**
 * The columns of a record, each of a bounded length. What is JSON stays so: its strings are cut, and where it cannot be read, the
 * row is judged by that.
 */
const columnsWith = (mostText: number): string =>
  [
    ...['id', 'uid', 'kind', 'state', 'trigger_kind', 'schedule_id'].map((column) => `runs.${column}`),
    ...['iterations', 'warmup_iterations', 'samples_taken', 'queued_at', 'started_at', 'ended_at', 'seconds'],
    ...['active_bytes', 'peak_bytes', 'maximum_peak_bytes', 'cache_bytes', 'footprint_bytes'],
    ...['seconds_per_iteration', 'leak'],
    ...['client', 'schedule_name', 'signal', 'host_instance'].map((column) => boundedColumn(column, 200)),
    boundedColumn('voice', 1024),
    boundedColumn('text', mostText),
    ...['finding', 'reason'].map((column) => boundedColumn(column, longestSentence)),
    `CASE WHEN length(models) > 40000 AND json_valid(models)
       THEN (SELECT json_group_array(substr(value, 1, 1024)) FROM (SELECT value FROM json_each(models) LIMIT 32))
       ELSE substr(models, 1, 40001) END AS models`,
    `CASE WHEN length(workload) > 2000 AND json_valid(workload)
       THEN json_replace(workload, '$.firstText', substr(workload ->> '$.firstText', 1, 200))
       ELSE substr(workload, 1, 2001) END AS workload`,
    `CASE WHEN length(error) > 8000 AND json_valid(error)
       THEN json_replace(error, '$.message', substr(error ->> '$.message', 1, ${longestSentence}),
         '$.hint', substr(error ->> '$.hint', 1, ${longestSentence}))
       ELSE substr(error, 1, 8001) END AS error`,
  ].join(', ');

export const runColumns = columnsWith(longestText);
/** With the beginning of a long text: hundreds of whole ones would be too long for one answer. */
export const listedRunColumns = columnsWith(longestListedText);

/** Of {@link runColumns}. Throws a Refusal for what is no run: another version, or a hand, may have written it. */
export const recordOf = (row: Row): RunRecord =>
  checked(
    runRecord,
    defined({
      id: numberOf(row, 'id'),
      uid: optionalText(row, 'uid'),
      kind: optionalText(row, 'kind'),
      state: optionalText(row, 'state'),
      trigger: triggerOf(row),
      models: jsonOf(row, 'models'),
      voice: voiceOf(row),
      text: optionalText(row, 'text'),
      workload: jsonOf(row, 'workload'),
      iterations: optionalNumber(row, 'iterations'),
      warmupIterations: optionalNumber(row, 'warmup_iterations'),
      samplesTaken: optionalNumber(row, 'samples_taken'),
      queuedAt: optionalText(row, 'queued_at'),
      startedAt: optionalText(row, 'started_at'),
      endedAt: optionalText(row, 'ended_at'),
      seconds: optionalNumber(row, 'seconds'),
      figures: figuresIn(row),
      leak: optionalText(row, 'leak'),
      finding: optionalText(row, 'finding'),
      reason: optionalText(row, 'reason'),
      signal: optionalText(row, 'signal'),
      error: jsonOf(row, 'error'),
    }),
  );

/** A watched program has none: the column, which may not be NULL, is empty. */
function voiceOf(row: Row): string | undefined {
  const voice = optionalText(row, 'voice');
  return voice === '' && row['kind'] === 'watch' ? undefined : voice;
}

function triggerOf(row: Row): Trigger {
  switch (textOf(row, 'trigger_kind')) {
    case 'request':
      return { kind: 'request', client: textOf(row, 'client') };
    case 'schedule':
      return {
        kind: 'schedule',
        scheduleId: numberOf(row, 'schedule_id'),
        scheduleName: textOf(row, 'schedule_name'),
      };
    case 'import':
      return { kind: 'import' };
    default:
      throw new Refusal('Its trigger_kind is not one that there is.');
  }
}

function figuresIn(row: Row): RunFigures | undefined {
  const peakBytes = optionalNumber(row, 'peak_bytes');
  return peakBytes === undefined
    ? undefined
    : {
        activeBytes: numberOf(row, 'active_bytes'),
        peakBytes,
        maximumPeakBytes: numberOf(row, 'maximum_peak_bytes'),
        cacheBytes: numberOf(row, 'cache_bytes'),
        footprintBytes: numberOf(row, 'footprint_bytes'),
        secondsPerIteration: numberOf(row, 'seconds_per_iteration'),
      };
}

interface Arrival {
  /** When the run came into this history. */
  readonly recordedAt: string;
  readonly hostInstance?: string | undefined;
  /** Default: the next one. */
  readonly id?: number | undefined;
}

/** Adds a run and whose models it has; returns its id. */
export function insertRun(
  database: Database,
  record: Omit<RunRecord, 'id'>,
  { recordedAt, hostInstance, id: wanted }: Arrival,
): number {
  const { trigger } = record;
  const scheduled = trigger.kind === 'schedule' ? trigger : undefined;
  const id = database.insert('runs', {
    id: wanted,
    uid: record.uid,
    kind: record.kind,
    trigger_kind: trigger.kind,
    client: trigger.kind === 'request' ? trigger.client : undefined,
    schedule_id: scheduled?.scheduleId,
    schedule_name: scheduled?.scheduleName,
    models: JSON.stringify(record.models),
    voice: record.voice ?? '',
    text: record.text,
    workload: optionalJson(record.workload),
    iterations: record.iterations,
    warmup_iterations: record.warmupIterations,
    samples_taken: record.samplesTaken,
    queued_at: momentText(record.queuedAt),
    started_at: optionalMoment(record.startedAt),
    recorded_at: recordedAt,
    host_instance: hostInstance,
    ...endColumns(record),
  });
  for (const model of new Set(record.models)) {
    database.insert('run_models', { model, run_id: id });
  }
  return id;
}

/** What a run's end says of it. */
type RecordedEnd = Pick<
  RunRecord,
  'state' | 'endedAt' | 'seconds' | 'figures' | 'leak' | 'finding' | 'reason' | 'signal' | 'error'
>;

export const endColumns = ({ figures, ...end }: RecordedEnd): Columns => ({
  state: end.state,
  ended_at: optionalMoment(end.endedAt),
  seconds: end.seconds,
  active_bytes: figures?.activeBytes,
  peak_bytes: figures?.peakBytes,
  maximum_peak_bytes: figures?.maximumPeakBytes,
  cache_bytes: figures?.cacheBytes,
  footprint_bytes: figures?.footprintBytes,
  seconds_per_iteration: figures?.secondsPerIteration,
  leak: end.leak,
  finding: end.finding,
  reason: end.reason,
  signal: end.signal,
  error: optionalJson(end.error),
});
