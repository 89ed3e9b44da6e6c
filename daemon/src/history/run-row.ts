/** A run's record as a row of its table, and back. */

import type { RunRecord, Trigger } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Columns, Database } from './database.ts';
import {
  defined,
  momentText,
  numberOf,
  optionalJson,
  optionalMoment,
  optionalNumber,
  optionalText,
  textOf,
} from './rows.ts';
import type { Row } from './rows.ts';

export type RunFigures = NonNullable<RunRecord['figures']>;

/** Values that the daemon itself wrote and checked before; a closed union comes back as it went in. */
export function recordOf(row: Row): RunRecord {
  const error = optionalText(row, 'error');
  const workload = optionalText(row, 'workload');
  return defined({
    id: numberOf(row, 'id'),
    uid: textOf(row, 'uid'),
    kind: textOf(row, 'kind') as RunRecord['kind'],
    state: textOf(row, 'state') as RunRecord['state'],
    trigger: triggerOf(row),
    models: JSON.parse(textOf(row, 'models')) as string[],
    voice: textOf(row, 'voice'),
    text: optionalText(row, 'text'),
    workload: workload === undefined ? undefined : (JSON.parse(workload) as RunRecord['workload']),
    iterations: numberOf(row, 'iterations'),
    warmupIterations: numberOf(row, 'warmup_iterations'),
    samplesTaken: numberOf(row, 'samples_taken'),
    queuedAt: textOf(row, 'queued_at'),
    startedAt: optionalText(row, 'started_at'),
    endedAt: optionalText(row, 'ended_at'),
    seconds: optionalNumber(row, 'seconds'),
    figures: figuresIn(row),
    leak: optionalText(row, 'leak') as RunRecord['leak'],
    finding: optionalText(row, 'finding'),
    reason: optionalText(row, 'reason'),
    signal: optionalText(row, 'signal'),
    error: error === undefined ? undefined : (JSON.parse(error) as RunRecord['error']),
  });
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
    default:
      return { kind: 'import' };
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
    voice: record.voice,
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
