/** Writes what an import has read, unless it is there already. */

import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord, Trigger } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { AlertTable } from './alerts.ts';
import type { Database } from './database.ts';
import { storeDocument } from './documents.ts';
import { recordOfDocument } from './document-record.ts';
import type { StoredSample } from './rebuild.ts';
import { momentText, numberOf } from './rows.ts';
import { insertRun, rowOf } from './run-row.ts';
import { insertSample } from './samples.ts';
import { samplesIn } from './runs.ts';
import type { RunTable } from './runs.ts';
import type { AlertLine, RunLine, ScheduleLine } from './transfer-lines.ts';

type SampleRow = StoredSample & { readonly headPlace?: number | undefined };

/** Each method says whether anything was added. To be called within a transaction. */
export class ImportedRows {
  readonly #database: Database;
  readonly #runs: RunTable;
  readonly #now: Date;

  constructor(database: Database, runs: RunTable, now: Date) {
    this.#database = database;
    this.#runs = runs;
    this.#now = now;
  }

  /** It comes in paused: whoever wants a colleague's runs does not want his checks. */
  addSchedule({ uid, createdAt, settings }: ScheduleLine): boolean {
    if (this.#idOf('schedules', uid) !== undefined) {
      return false;
    }
    this.#database.run('INSERT INTO schedules (uid, settings, created_at) VALUES (?, ?, ?)', [
      uid,
      JSON.stringify({ ...settings, paused: true }),
      momentText(createdAt),
    ]);
    return true;
  }

  addRun({ record, scheduleUid, hostInstance, request, heads, samples, document }: RunLine): boolean {
    const wasOpen = isOpen(record.state);
    const id = this.#insert(
      {
        ...record,
        trigger: this.#triggerOf(record.trigger, scheduleUid),
        state: wasOpen ? 'running' : record.state,
      },
      samples.length === 0 && document !== undefined ? this.#samplesIn(document) : samples,
      hostInstance,
    );
    if (id === undefined) {
      return false;
    }
    if (request !== undefined) {
      this.#database.run('INSERT INTO run_requests (run_id, request) VALUES (?, ?)', [
        id,
        JSON.stringify(request),
      ]);
    }
    for (const [place, { notedAt, head }] of heads.entries()) {
      this.#database.run('INSERT INTO run_heads (run_id, place, noted_at, head) VALUES (?, ?, ?, ?)', [
        id,
        place,
        momentText(notedAt),
        JSON.stringify(head),
      ]);
    }
    if (document !== undefined) {
      storeDocument(this.#database, id, document);
    }
    if (wasOpen) {
      this.#runs.interrupt(id, 'It was not over when it was exported.');
    }
    return true;
  }

  addDocument(document: RunDocument): boolean {
    const samples = this.#samplesIn(document);
    const id = this.#insert(recordOfDocument(document, samples.length), samples);
    if (id === undefined) {
      return false;
    }
    storeDocument(this.#database, id, document);
    return true;
  }

  /** Where its schedule is not here, nothing will ever resolve it: it comes in as resolved, under a number of its own. */
  addAlert({ uid, scheduleUid, runUids, alert }: AlertLine): boolean {
    if (this.#idOf('alerts', uid) !== undefined) {
      return false;
    }
    const scheduleId = scheduleUid === undefined ? undefined : this.#idOf('schedules', scheduleUid);
    const orphaned =
      scheduleId === undefined && alert.state !== 'resolved'
        ? { state: 'resolved' as const, resolvedAt: this.#now.toISOString() }
        : {};
    new AlertTable(this.#database).add(
      {
        ...alert,
        ...orphaned,
        scheduleId: scheduleId ?? this.#unusedScheduleId(),
        runIds: runUids.flatMap((each) => this.#idOf('runs', each) ?? []),
      },
      uid,
    );
    return true;
  }

  #insert(
    record: Omit<RunRecord, 'id'>,
    samples: readonly SampleRow[],
    hostInstance?: string,
  ): number | undefined {
    if (this.#idOf('runs', record.uid) !== undefined) {
      return undefined;
    }
    const { id } = this.#database.run(
      insertRun,
      rowOf({ ...record, samplesTaken: samples.length }, { recordedAt: momentText(this.#now), hostInstance }),
    );
    for (const model of new Set(record.models)) {
      this.#database.run('INSERT INTO run_models (model, run_id) VALUES (?, ?)', [model, id]);
    }
    for (const [place, sample] of samples.entries()) {
      const { headPlace, takenAt } = sample;
      insertSample(
        this.#database,
        { runId: id, place, headPlace },
        { ...sample, takenAt: momentText(takenAt) },
      );
    }
    return id;
  }

  #samplesIn(document: RunDocument): SampleRow[] {
    // When each was taken, its document does not say.
    const takenAt = document.startedAt;
    return samplesIn(document).map((sample) => ({ ...sample, takenAt }));
  }

  /** A check stays one of its schedule where that is here; whatever else is no request of anyone here. */
  #triggerOf(trigger: Trigger, scheduleUid: string | undefined): Trigger {
    const scheduleId = scheduleUid === undefined ? undefined : this.#idOf('schedules', scheduleUid);
    return trigger.kind === 'schedule' && scheduleId !== undefined
      ? { ...trigger, scheduleId }
      : { kind: 'import' };
  }

  #idOf(table: 'runs' | 'schedules' | 'alerts', uid: string): number | undefined {
    const row = this.#database.get(`SELECT id FROM ${table} WHERE uid = ?`, [uid]);
    return row === undefined ? undefined : numberOf(row, 'id');
  }

  /** One that no schedule here has, had or will have. */
  #unusedScheduleId(): number {
    const { id } = this.#database.run(
      `INSERT INTO schedules (uid, settings, created_at) VALUES ('', '{}', ?)`,
      [momentText(this.#now)],
    );
    this.#database.run('DELETE FROM schedules WHERE id = ?', [id]);
    return id;
  }
}
