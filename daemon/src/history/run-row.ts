/** A run's record as a row of its table, and back. */

import type { SQLInputValue } from 'node:sqlite';
import type { RunRecord, Trigger } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { defined, momentText, numberOf, optionalNumber, optionalText, textOf } from './rows.ts';
import type { Row } from './rows.ts';

export type RunFigures = NonNullable<RunRecord['figures']>;

/** Values that the daemon itself wrote and checked before; a closed union comes back as it went in. */
export function recordOf(row: Row): RunRecord {
  const error = optionalText(row, 'error');
  return defined({
    id: numberOf(row, 'id'),
    uid: textOf(row, 'uid'),
    kind: textOf(row, 'kind') as RunRecord['kind'],
    state: textOf(row, 'state') as RunRecord['state'],
    trigger: triggerOf(row),
    models: JSON.parse(textOf(row, 'models')) as string[],
    voice: textOf(row, 'voice'),
    text: optionalText(row, 'text'),
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

const writtenColumns = `uid, kind, state, trigger_kind, client, schedule_id, schedule_name, models, voice, text,
  iterations, warmup_iterations, samples_taken, queued_at, started_at, ended_at, seconds, active_bytes, peak_bytes,
  maximum_peak_bytes, cache_bytes, footprint_bytes, seconds_per_iteration, leak, finding, reason, signal, error`;

/** The columns that {@link recordOf} reads. */
export const recordColumns = `id, ${writtenColumns}`;

/** Takes what {@link rowOf} gives. */
export const insertRun = `
  INSERT INTO runs (${writtenColumns}, recorded_at, host_instance)
  VALUES (:uid, :kind, :state, :triggerKind, :client, :scheduleId, :scheduleName, :models, :voice, :text,
    :iterations, :warmupIterations, :samplesTaken, :queuedAt, :startedAt, :endedAt, :seconds, :activeBytes, :peakBytes,
    :maximumPeakBytes, :cacheBytes, :footprintBytes, :secondsPerIteration, :leak, :finding, :reason, :signal, :error,
    :recordedAt, :hostInstance)`;

export interface RowOptions {
  /** When the run came into this history. */
  readonly recordedAt: string;
  readonly hostInstance?: string | undefined;
}

export function rowOf(
  record: Omit<RunRecord, 'id'>,
  { recordedAt, hostInstance }: RowOptions,
): Record<string, SQLInputValue> {
  const { trigger, figures } = record;
  const scheduled = trigger.kind === 'schedule' ? trigger : undefined;
  return {
    uid: record.uid,
    kind: record.kind,
    state: record.state,
    triggerKind: trigger.kind,
    client: trigger.kind === 'request' ? trigger.client : null,
    scheduleId: scheduled?.scheduleId ?? null,
    scheduleName: scheduled?.scheduleName ?? null,
    models: JSON.stringify(record.models),
    voice: record.voice,
    text: record.text ?? null,
    iterations: record.iterations,
    warmupIterations: record.warmupIterations,
    samplesTaken: record.samplesTaken,
    queuedAt: momentText(record.queuedAt),
    startedAt: record.startedAt === undefined ? null : momentText(record.startedAt),
    endedAt: record.endedAt === undefined ? null : momentText(record.endedAt),
    seconds: record.seconds ?? null,
    ...figureColumns(figures),
    leak: record.leak ?? null,
    finding: record.finding ?? null,
    reason: record.reason ?? null,
    signal: record.signal ?? null,
    error: record.error === undefined ? null : JSON.stringify(record.error),
    recordedAt,
    hostInstance: hostInstance ?? null,
  };
}

export const figureColumns = (figures: RunFigures | undefined): Record<string, SQLInputValue> => ({
  activeBytes: figures?.activeBytes ?? null,
  peakBytes: figures?.peakBytes ?? null,
  maximumPeakBytes: figures?.maximumPeakBytes ?? null,
  cacheBytes: figures?.cacheBytes ?? null,
  footprintBytes: figures?.footprintBytes ?? null,
  secondsPerIteration: figures?.secondsPerIteration ?? null,
});
