/** The runs of the history: begun, sampled, ended, listed. */

import { randomUUID } from 'node:crypto';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord, RunState } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Outcome } from '@tidemark/shared/protocol/profile-document.ts';
import type { ErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { Database } from './database.ts';
import { documentOf, storeDocument } from './documents.ts';
import { rebuildDocument } from './rebuild.ts';
import type { RunHead, RunPart, StoredSample } from './rebuild.ts';
import { momentText, numberOf, textOf } from './rows.ts';
import { figuresOf, findingOf } from './run-end.ts';
import { figureColumns, insertRun, recordColumns, recordOf, rowOf } from './run-row.ts';
import { insertSample, samplesOf } from './samples.ts';

export interface NewRun extends Pick<
  RunRecord,
  'kind' | 'trigger' | 'models' | 'voice' | 'text' | 'iterations' | 'warmupIterations'
> {
  /** What was asked, as the daemon needs it to begin the run. */
  readonly request: object;
}

export interface RunEnd {
  readonly state: Exclude<RunState, 'queued' | 'running'>;
  /** Where there is none, one is made of what was recorded, if anything was. */
  readonly document?: RunDocument | undefined;
  readonly reason?: string | undefined;
  readonly signal?: string | undefined;
  readonly error?: ErrorRecord | undefined;
}

export class RunTable {
  readonly #database: Database;
  readonly #now: () => Date;

  constructor(database: Database, now: () => Date) {
    this.#database = database;
    this.#now = now;
  }

  add({ request, ...run }: NewRun): RunRecord {
    const queuedAt = momentText(this.#now());
    return this.#database.write(() => {
      const { id } = this.#database.run(
        insertRun,
        rowOf(
          { ...run, uid: randomUUID(), state: 'queued', samplesTaken: 0, queuedAt },
          { recordedAt: queuedAt },
        ),
      );
      for (const model of new Set(run.models)) {
        this.#database.run('INSERT INTO run_models (model, run_id) VALUES (?, ?)', [model, id]);
      }
      this.#database.run('INSERT INTO run_requests (run_id, request) VALUES (?, ?)', [
        id,
        JSON.stringify(request),
      ]);
      return this.need(id);
    });
  }

  begin(id: number, at: Date): RunRecord {
    return this.#database.write(() => {
      this.#needOpen(id);
      this.#database.run(`UPDATE runs SET state = 'running', started_at = ? WHERE id = ?`, [
        momentText(at),
        id,
      ]);
      return this.need(id);
    });
  }

  noteHead(id: number, head: RunHead): void {
    this.#database.write(() => {
      this.#needOpen(id);
      this.#database.run(
        `INSERT INTO run_heads (run_id, place, noted_at, head)
         VALUES (:id, (SELECT count(*) FROM run_heads WHERE run_id = :id), :at, :head)`,
        { id, at: momentText(this.#now()), head: JSON.stringify(head) },
      );
      this.#database.run('UPDATE runs SET host_instance = ? WHERE id = ?', [head.hostInstance, id]);
    });
  }

  addSample(id: number, sample: Omit<StoredSample, 'takenAt'>): void {
    this.#database.write(() => {
      const { samplesTaken } = this.#needOpen(id);
      const row = this.#database.get('SELECT max(place) AS place FROM run_heads WHERE run_id = ?', [id]);
      const place = row?.['place'];
      insertSample(
        this.#database,
        { runId: id, place: samplesTaken, headPlace: typeof place === 'number' ? place : undefined },
        { ...sample, takenAt: momentText(this.#now()) },
      );
      this.#database.run('UPDATE runs SET samples_taken = samples_taken + 1 WHERE id = ?', [id]);
    });
  }

  finish(id: number, end: RunEnd, at: Date): RunRecord {
    return this.#database.write(() => {
      const record = this.#needOpen(id);
      if (end.document !== undefined) {
        this.#completeSamples(record, end.document);
      }
      const samples = end.document === undefined ? samplesOf(this.#database, id) : [];
      const document = end.document ?? this.#rebuilt(record, samples, end);
      const { figures, leak, finding } =
        document === undefined
          ? { figures: record.kind === 'profile' ? figuresOf(firstLook(samples)) : undefined }
          : findingOf(document);
      const { startedAt } = record;
      const seconds =
        startedAt === undefined ? null : Math.max(0, (at.getTime() - Date.parse(startedAt)) / 1000);
      this.#database.run(
        `UPDATE runs SET state = :state, ended_at = :endedAt, seconds = :seconds, active_bytes = :activeBytes,
           peak_bytes = :peakBytes, maximum_peak_bytes = :maximumPeakBytes, cache_bytes = :cacheBytes,
           footprint_bytes = :footprintBytes, seconds_per_iteration = :secondsPerIteration, leak = :leak,
           finding = :finding, reason = :reason, signal = :signal, error = :error
         WHERE id = :id`,
        {
          id,
          state: end.state,
          endedAt: momentText(at),
          seconds,
          ...figureColumns(figures),
          leak: leak ?? null,
          finding: finding ?? null,
          reason: end.reason ?? null,
          signal: end.signal ?? null,
          error: end.error === undefined ? null : JSON.stringify(end.error),
        },
      );
      if (document !== undefined) {
        storeDocument(this.#database, id, document);
        // The document has all of it.
        this.#database.run('DELETE FROM run_heads WHERE run_id = ?', [id]);
      }
      return this.need(id);
    });
  }

  /** Ends every run that is at work, at the last sign of life that it gave. Those that wait, wait on. */
  interruptRunning(reason: string, signal: string | undefined): RunRecord[] {
    return this.#database.write(() =>
      this.#database
        .all(`SELECT id FROM runs WHERE state = 'running' ORDER BY id`)
        .map((row) => numberOf(row, 'id'))
        .map((id) => this.interrupt(id, reason, signal)),
    );
  }

  interrupt(id: number, reason: string, signal?: string): RunRecord {
    return this.#database.write(() =>
      this.finish(id, { state: 'interrupted', reason, signal }, this.#lastSignOf(id)),
    );
  }

  get(id: number): RunRecord | undefined {
    return this.#database.read(() => {
      const row = this.#database.get(`SELECT ${recordColumns} FROM runs WHERE id = ?`, [id]);
      return row === undefined ? undefined : recordOf(row);
    });
  }

  /** Throws a TidemarkError: 'not-found'. */
  need(id: number): RunRecord {
    const record = this.get(id);
    if (record === undefined) {
      throw new TidemarkError('not-found', `There is no run ${id}.`, {
        hint: '`tidemark runs` shows those that there are.',
      });
    }
    return record;
  }

  request(id: number): unknown {
    return this.#database.read(() => {
      const row = this.#database.get('SELECT request FROM run_requests WHERE run_id = ?', [id]);
      return row === undefined ? undefined : (JSON.parse(textOf(row, 'request')) as unknown);
    });
  }

  document(id: number): RunDocument | undefined {
    return this.#database.read(() => documentOf(this.#database, id));
  }

  /** Throws a TidemarkError: 'not-found', or 'busy' for a run that is not over. */
  remove(id: number): void {
    this.#database.write(() => {
      const { state } = this.need(id);
      if (isOpen(state)) {
        throw new TidemarkError('busy', `Run ${id} is not over.`, {
          hint: 'Cancel it first, or wait until it has ended.',
        });
      }
      this.#database.run('DELETE FROM runs WHERE id = ?', [id]);
    });
  }

  #needOpen(id: number): RunRecord {
    const record = this.need(id);
    if (!isOpen(record.state)) {
      throw new TidemarkError('history', `Run ${id} has ended and changes no more.`);
    }
    return record;
  }

  /** A disk that was full for a while kept samples out that the document has. */
  #completeSamples({ id, samplesTaken }: RunRecord, document: RunDocument): void {
    const samples = samplesIn(document);
    if (samplesTaken >= samples.length) {
      return;
    }
    this.#database.run('DELETE FROM samples WHERE run_id = ?', [id]);
    const takenAt = momentText(this.#now());
    for (const [place, sample] of samples.entries()) {
      insertSample(this.#database, { runId: id, place, headPlace: undefined }, { ...sample, takenAt });
    }
    this.#database.run('UPDATE runs SET samples_taken = ? WHERE id = ?', [samples.length, id]);
  }

  #rebuilt(
    record: RunRecord,
    samples: readonly (StoredSample & { readonly headPlace?: number })[],
    { state, reason, signal, error }: RunEnd,
  ): RunDocument | undefined {
    if (state === 'complete') {
      return undefined;
    }
    const parts = this.#database
      .all('SELECT place, noted_at, head FROM run_heads WHERE run_id = ? ORDER BY place', [record.id])
      .map((row): RunPart => ({
        head: JSON.parse(textOf(row, 'head')) as RunHead,
        notedAt: textOf(row, 'noted_at'),
        samples: samples.filter(({ headPlace }) => headPlace === numberOf(row, 'place')),
      }));
    return rebuildDocument(record, parts, outcomeOf({ state, reason, signal, error }));
  }

  #lastSignOf(id: number): Date {
    const row = this.#database.get(
      `SELECT coalesce(
         (SELECT taken_at FROM samples WHERE run_id = runs.id ORDER BY place DESC LIMIT 1),
         (SELECT noted_at FROM run_heads WHERE run_id = runs.id ORDER BY place DESC LIMIT 1),
         started_at, queued_at) AS at
       FROM runs WHERE id = ?`,
      [id],
    );
    return row === undefined ? this.#now() : new Date(textOf(row, 'at'));
  }
}

/** Of all models of a study, one after the other. */
export const samplesIn = (document: RunDocument): Omit<StoredSample, 'takenAt'>[] =>
  (document.kind === 'profile' ? [document] : document.runs).flatMap(
    ({ model: { name: model }, iterations, confirmation = [] }) => [
      ...iterations.map((sample) => ({
        sample,
        model,
        phase: sample.warmup ? ('warm-up' as const) : ('measured' as const),
      })),
      ...confirmation.map((sample) => ({ sample, model, phase: 'confirmation' as const })),
    ],
  );

const firstLook = (samples: readonly StoredSample[]) =>
  samples.filter(({ phase }) => phase !== 'confirmation').map(({ sample }) => sample);

function outcomeOf({ state, reason, signal, error }: RunEnd): Exclude<Outcome, { status: 'complete' }> {
  if (state === 'failed') {
    const record: ErrorRecord = error ?? { code: 'internal', message: reason ?? 'The run failed.' };
    return { status: 'failed', reason: reason ?? record.message, error: record };
  }
  return {
    status: 'interrupted',
    reason: reason ?? (state === 'cancelled' ? 'It was cancelled.' : 'It was interrupted.'),
    ...(signal === undefined ? {} : { signal }),
  };
}
