/** Writes a run to the history as it is added, started, sampled, ended and removed. */

import { randomUUID } from 'node:crypto';
import { cacheRemedySentences } from '@tidemark/shared/analysis/cache-sentence.ts';
import { leakSentence } from '@tidemark/shared/analysis/leak-sentence.ts';
import { summarizeLeaksOf } from '@tidemark/shared/analysis/leak-verdicts.ts';
import { watchedFinding } from '@tidemark/shared/analysis/watched.ts';
import type { ChannelVerdict } from '@tidemark/shared/protocol/leak-verdicts.ts';
import { spreadOf } from '@tidemark/shared/analysis/statistics.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord, RunState } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { IterationSample, Outcome } from '@tidemark/shared/protocol/profile-document.ts';
import type { ErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { WatchedSample } from '@tidemark/shared/protocol/watch-document.ts';
import type { Database } from './database.ts';
import { rebuildDocument } from './rebuild.ts';
import type { RunHead, RunPart, SamplePhase, StoredSample } from './rebuild.ts';
import { jsonOf, momentText, numberOf, optionalNumber, textOf } from './rows.ts';
import type { Row } from './rows.ts';
import { insertDocument, insertSample, samplesIn, samplesOf } from './run-contents.ts';
import { RunQueries } from './run-queries.ts';
import { endColumns, insertRun } from './run-row.ts';
import type { RunFigures } from './run-row.ts';
import { noteWords } from './run-search.ts';

export interface NewRun extends Pick<
  RunRecord,
  'kind' | 'trigger' | 'models' | 'voice' | 'text' | 'workload' | 'iterations' | 'warmupIterations'
> {
  /** What was requested, as the daemon needs it to start the run. */
  readonly request: object;
}

export interface RunEnd {
  readonly state: Exclude<RunState, 'queued' | 'running'>;
  /** Where there is none, one is made of what was recorded, if anything was. */
  readonly document?: RunDocument | undefined;
  readonly reason?: string | undefined;
  readonly signal?: string | undefined;
  readonly error?: ErrorRecord | undefined;
  /** How long it took, by a clock that nobody sets. Default: what lies between the times at which it started and ended. */
  readonly seconds?: number | undefined;
}

/** A run as its queue knows it. */
export interface KnownRun {
  readonly record: RunRecord;
  readonly request: object;
}

export class RunTable extends RunQueries {
  readonly #now: () => Date;
  readonly #recordedAt: () => Date;

  /** `recordedAt` is the time by which runs age. */
  constructor(database: Database, now: () => Date, recordedAt = now) {
    super(database);
    this.#now = now;
    this.#recordedAt = recordedAt;
  }

  add({ request, ...run }: NewRun): RunRecord {
    const queuedAt = momentText(this.#now());
    return this.database.write(() =>
      this.need(
        this.#insert({ ...run, uid: randomUUID(), state: 'queued', samplesTaken: 0, queuedAt }, request),
      ),
    );
  }

  #insert(record: Omit<RunRecord, 'id'>, request: object, id?: number): number {
    const recordedAt = momentText(this.#recordedAt());
    const added = insertRun(this.database, record, { recordedAt, id });
    this.database.insert('run_requests', { run_id: added, request: JSON.stringify(request) });
    noteWords(this.database, added);
    return added;
  }

  begin(id: number, at = this.#now()): RunRecord {
    return this.database.write(() => {
      this.#needOpen(id);
      this.database.update('runs', id, { state: 'running', started_at: momentText(at) });
      return this.need(id);
    });
  }

  /** Once for each model of a run, when it is loaded; samples belong to the head before them. */
  noteHead(id: number, head: RunHead, at = this.#now()): void {
    this.database.write(() => {
      this.#needOpen(id);
      this.database.insert('run_heads', {
        run_id: id,
        place: this.#headsOf(id).length,
        noted_at: momentText(at),
        head: JSON.stringify(head),
      });
      this.database.update('runs', id, { host_instance: head.hostInstance });
    });
  }

  addSample(id: number, sample: IterationSample, phase: SamplePhase, model: string, at = this.#now()): void {
    this.database.write(() => {
      const { samplesTaken } = this.#needOpen(id);
      const row = this.database.get('SELECT max(place) AS place FROM run_heads WHERE run_id = ?', [id]);
      const headPlace = row === undefined ? undefined : optionalNumber(row, 'place');
      const takenAt = momentText(at);
      insertSample(this.database, id, samplesTaken, { sample, phase, model, takenAt, headPlace });
      this.database.update('runs', id, { samples_taken: samplesTaken + 1 });
    });
  }

  finish(id: number, end: RunEnd, at = this.#now()): RunRecord {
    return this.database.write(() => {
      const record = this.#needOpen(id);
      if (end.document !== undefined) {
        this.#completeSamples(record, end.document);
      }
      // A run ends even where some of what was kept of it cannot be read.
      const { unreadable } = this.database;
      const samples =
        end.document === undefined ? (unreadable.attempt(() => samplesOf(this.database, id)) ?? []) : [];
      const document = end.document ?? unreadable.attempt(() => this.#rebuilt(record, samples, end));
      const finding =
        document === undefined
          ? { figures: record.kind === 'profile' ? figuresOf(firstLook(samples)) : undefined }
          : findingOf(document);
      const { state, reason, signal, error } = end;
      const { startedAt } = record;
      const between =
        startedAt === undefined ? undefined : Math.max(0, (at.getTime() - Date.parse(startedAt)) / 1000);
      const seconds = startedAt === undefined ? undefined : (end.seconds ?? between);
      const endedAt = momentText(at);
      this.database.update(
        'runs',
        id,
        endColumns({ state, endedAt, seconds, ...finding, reason, signal, error }),
      );
      noteWords(this.database, id);
      if (document !== undefined) {
        insertDocument(this.database, id, document);
        // The document has all of it.
        this.database.run('DELETE FROM run_heads WHERE run_id = ?', [id]);
      }
      return this.need(id);
    });
  }

  /**
   * As {@link finish}, also where the run's row went with a file that was removed or replaced, where its start could not be
   * written, and where its end is written already: a disk may report an error after it has written.
   */
  settle({ record, request }: KnownRun, end: RunEnd, at = this.#now()): RunRecord {
    return this.database.write(() => {
      const row = this.database.get('SELECT uid FROM runs WHERE id = ?', [record.id]);
      const known = this.get(record.id);
      const isOurs = known?.uid === record.uid;
      const isOurRow = row?.['uid'] === record.uid;
      if (isOurRow && !isOurs) {
        // It cannot be read any more, and is written again from what is known of it.
        this.database.run('DELETE FROM runs WHERE id = ?', [record.id]);
      }
      if (isOurs && !isOpen(known.state)) {
        return known;
      }
      const id = isOurs
        ? record.id
        : this.#insert(
            { ...record, state: 'queued', samplesTaken: 0 },
            request,
            row === undefined || isOurRow ? record.id : undefined,
          );
      if (record.startedAt !== undefined) {
        this.begin(id, new Date(record.startedAt));
      }
      return this.finish(id, end, at);
    });
  }

  /**
   * At the daemon's start: ends each run that is still marked as running, since its daemon is gone, at the run's last sign of
   * life. Queued runs stay queued, and those that cannot be read as they are.
   */
  interruptRunning(reason: string, signal?: string): RunRecord[] {
    const running = this.database.read(() =>
      this.database.all(`SELECT id FROM runs WHERE state = 'running' ORDER BY id`),
    );
    return running
      .map((row) => numberOf(row, 'id'))
      .flatMap(
        (id) =>
          this.database.unreadable.judge('runs', id, () =>
            this.get(id) === undefined ? undefined : this.interrupt(id, reason, signal),
          ) ?? [],
      );
  }

  interrupt(id: number, reason: string, signal?: string): RunRecord {
    return this.database.write(() =>
      this.finish(id, { state: 'interrupted', reason, signal }, this.#lastSignOf(id)),
    );
  }

  /** One that cannot be read too. Throws a TidemarkError: 'not-found', or 'busy' for a run that is not over. */
  remove(id: number): void {
    this.database.write(() => {
      const record = this.get(id);
      if (record !== undefined && isOpen(record.state)) {
        throw new TidemarkError('busy', `Run ${id} has not finished.`, {
          hint: 'Cancel it, or wait until it has finished.',
        });
      }
      if (record === undefined) {
        this.refuseMissing(id);
      }
      this.database.run('DELETE FROM runs WHERE id = ?', [id]);
    });
    this.database.unreadable.forget('runs', id);
  }

  #needOpen(id: number): RunRecord {
    const record = this.need(id);
    if (!isOpen(record.state)) {
      throw new TidemarkError('history', `Run ${id} has finished and can no longer change.`);
    }
    return record;
  }

  /** While a disk was full, samples may have been lost that the document still has. */
  #completeSamples({ id, samplesTaken }: RunRecord, document: RunDocument): void {
    const samples = samplesIn(document, momentText(this.#now()));
    if (samplesTaken >= samples.length) {
      return;
    }
    this.database.run('DELETE FROM samples WHERE run_id = ?', [id]);
    for (const [place, sample] of samples.entries()) {
      insertSample(this.database, id, place, sample);
    }
    this.database.update('runs', id, { samples_taken: samples.length });
  }

  #rebuilt(
    record: RunRecord,
    samples: readonly StoredSample[],
    { state, reason, signal, error }: RunEnd,
  ): RunDocument | undefined {
    if (state === 'complete') {
      return undefined;
    }
    const parts = this.#headsOf(record.id).map((row): RunPart => ({
      // The document is checked when it is made.
      head: jsonOf(row, 'head') as RunHead,
      notedAt: textOf(row, 'noted_at'),
      samples: samples.filter(({ headPlace }) => headPlace === numberOf(row, 'place')),
    }));
    return rebuildDocument(record, parts, outcomeOf({ state, reason, signal, error }));
  }

  #headsOf(id: number): Row[] {
    return this.database.all('SELECT * FROM run_heads WHERE run_id = ? ORDER BY place', [id]);
  }

  #lastSignOf(id: number): Date {
    const row = this.database.get(
      `SELECT coalesce(
         (SELECT taken_at FROM samples WHERE run_id = runs.id ORDER BY place DESC LIMIT 1),
         (SELECT noted_at FROM run_heads WHERE run_id = runs.id ORDER BY place DESC LIMIT 1),
         started_at, queued_at) AS at
       FROM runs WHERE id = ?`,
      [id],
    );
    const at = new Date(row === undefined ? Number.NaN : textOf(row, 'at'));
    return Number.isNaN(at.getTime()) ? this.#now() : at;
  }
}

const firstLook = (samples: readonly StoredSample[]) =>
  samples.filter(({ phase }) => phase !== 'confirmation').map(({ sample }) => sample);

function outcomeOf({ state, reason, signal, error }: RunEnd): Exclude<Outcome, { status: 'complete' }> {
  if (state === 'failed') {
    const record: ErrorRecord = error ?? { code: 'internal', message: reason ?? 'The run failed.' };
    return { status: 'failed', reason: reason ?? record.message, error: record };
  }
  return {
    status: 'interrupted',
    reason: reason ?? (state === 'cancelled' ? 'It was canceled.' : 'It was interrupted.'),
    signal,
  };
}

/** What a document comes down to in the record of its run. The figures of a study stand in its document, one set a model. */
export function findingOf(document: RunDocument): Pick<RunRecord, 'figures' | 'leak' | 'finding'> {
  const finding = findingIn(document);
  return {
    figures: document.kind === 'study' ? undefined : figuresOf(document.iterations),
    leak: summarizeLeaksOf(document),
    finding: finding === '' ? undefined : finding,
  };
}

function findingIn(document: RunDocument): string {
  switch (document.kind) {
    case 'profile':
      return profileFinding(document.leaks ?? []);
    case 'study':
      return document.conclusion;
    case 'watch':
      return watchedFinding(document);
  }
}

/** What leaks and what does not; of a cache that grows without end, what to do about it too. */
function profileFinding(leaks: readonly ChannelVerdict[]): string {
  const [remedy] = leaks.filter(({ status }) => status === 'grows').flatMap(cacheRemedySentences);
  return [leakSentence(leaks), ...(remedy === undefined ? [] : [remedy])].join(' ');
}

/** Over the measured iterations, as the document's summary has it; undefined without one. */
function figuresOf(iterations: readonly (IterationSample | WatchedSample)[]): RunFigures | undefined {
  const measured = iterations.filter(({ warmup }) => !warmup);
  const last = measured.at(-1);
  if (last === undefined) {
    return undefined;
  }
  const peak = spreadOf(measured.map(({ peakBytes }) => peakBytes));
  return {
    activeBytes: last.activeBytes,
    peakBytes: Math.round(peak.median),
    maximumPeakBytes: peak.maximum,
    cacheBytes: last.cacheBytes,
    // Where a Python cannot tell.
    footprintBytes: last.footprintBytes ?? 0,
    secondsPerIteration: spreadOf(measured.map(({ seconds }) => seconds)).median,
  };
}
