/** Writes what an import has read, unless it is there already. */

import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord, Trigger } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Outcome, ProfileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { engineOf, studiesOf } from '@tidemark/shared/protocol/study-document.ts';
import type { StudyDocument } from '@tidemark/shared/protocol/study-document.ts';
import type { WatchDocument } from '@tidemark/shared/protocol/watch-document.ts';
import { workloadIn } from '../profiler/workload.ts';
import { AlertTable } from './alerts.ts';
import type { Database } from './database.ts';
import { importedRecord, longestName } from './export.ts';
import type { AlertLine, RunLine, ScheduleLine } from './export.ts';
import type { StoredSample } from './rebuild.ts';
import { defined, momentText, numberOf } from './rows.ts';
import { insertDocument, insertSample, iterationsIn, samplesIn } from './run-contents.ts';
import { insertRun, longestText, recordOf, runColumns } from './run-row.ts';
import { noteWords } from './run-search.ts';
import { findingOf } from './runs.ts';
import { refuseTooManySchedules } from './schedules.ts';
import { checked } from './unreadable.ts';
import type { RunTable } from './runs.ts';

/** Each method says whether anything was added. To be called within a transaction. */
export class ImportedRows {
  readonly #database: Database;
  readonly #runs: RunTable;
  readonly #now: Date;
  readonly #trigger: Trigger;

  /** `client` has itself measured what documents there are; otherwise they are brought in. */
  constructor(database: Database, runs: RunTable, now: Date, client?: string) {
    this.#database = database;
    this.#runs = runs;
    this.#now = now;
    this.#trigger = client === undefined ? { kind: 'import' } : { kind: 'request', client };
  }

  /** It comes in paused: to import a colleague's runs is not to ask for the colleague's checks. */
  addSchedule({ uid, createdAt, settings }: ScheduleLine): boolean {
    if (this.#idOf('schedules', uid) !== undefined) {
      return false;
    }
    refuseTooManySchedules(this.#database);
    this.#database.insert('schedules', {
      uid,
      settings: JSON.stringify({ ...settings, paused: true }),
      created_at: momentText(createdAt),
    });
    return true;
  }

  addRun({ record, scheduleUid, hostInstance, request, heads, samples, document }: RunLine): boolean {
    const wasOpen = isOpen(record.state);
    const id = this.#insert(
      {
        ...record,
        trigger: this.#triggerOf(record.trigger, scheduleUid),
        state: wasOpen ? 'running' : record.state,
        samplesTaken:
          samples.length === 0 && document !== undefined ? iterationsIn(document) : samples.length,
      },
      samples.length === 0 && document !== undefined ? samplesIn(document, document.startedAt) : samples,
      hostInstance,
    );
    if (id === undefined) {
      return false;
    }
    if (request !== undefined) {
      this.#database.insert('run_requests', { run_id: id, request: JSON.stringify(request) });
    }
    for (const [place, { notedAt, head }] of heads.entries()) {
      this.#database.insert('run_heads', {
        run_id: id,
        place,
        noted_at: momentText(notedAt),
        head: JSON.stringify(head),
      });
    }
    if (document !== undefined) {
      insertDocument(this.#database, id, document);
    }
    if (wasOpen) {
      this.#runs.interrupt(id, 'It had not finished when it was exported.');
    }
    return true;
  }

  addDocument(document: RunDocument): boolean {
    const samples = samplesIn(document, document.startedAt);
    const id = this.#insert(recordOfDocument(document, this.#trigger), samples);
    if (id === undefined) {
      return false;
    }
    insertDocument(this.#database, id, document);
    return true;
  }

  /** Without its schedule, no check would ever resolve it: it comes in as resolved, under an id of its own. */
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
    samples: readonly StoredSample[],
    hostInstance?: string,
  ): number | undefined {
    if (this.#idOf('runs', record.uid) !== undefined) {
      return undefined;
    }
    const id = insertRun(this.#database, checked(v.omit(importedRecord, ['id']), record), {
      recordedAt: momentText(this.#now),
      hostInstance,
    });
    for (const [place, sample] of samples.entries()) {
      insertSample(this.#database, id, place, sample);
    }
    noteWords(this.#database, id);
    // Whatever it is, it can be read again: nothing else is written.
    recordOf(this.#database.get(`SELECT ${runColumns} FROM runs WHERE id = ?`, [id]) ?? {});
    return id;
  }

  /** A check stays one of its schedule where that is here; any other run counts as imported. */
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

  /** An id that no schedule here has, had or will have. */
  #unusedScheduleId(): number {
    const createdAt = momentText(this.#now);
    const id = this.#database.insert('schedules', { uid: '', settings: '{}', created_at: createdAt });
    this.#database.run('DELETE FROM schedules WHERE id = ?', [id]);
    return id;
  }
}

/** Of a run of which there is only its document, as `tidemark profile --json` prints it. */
function recordOfDocument(document: RunDocument, trigger: Trigger): Omit<RunRecord, 'id'> {
  const { startedAt, seconds, kind } = document;
  return defined({
    uid: uidOf(document),
    kind,
    trigger,
    ...(kind === 'watch' ? watchedWork(document) : spokenWork(document)),
    samplesTaken: iterationsIn(document),
    queuedAt: startedAt,
    startedAt,
    endedAt: new Date(Date.parse(startedAt) + seconds * 1000).toISOString(),
    seconds,
    ...findingOf(document),
    ...(kind === 'study' ? { state: document.outcome } : endOf(document.outcome)),
  });
}

type Work = Pick<RunRecord, 'models' | 'voice' | 'text' | 'workload' | 'iterations' | 'warmupIterations'>;

const spokenWork = (document: ProfileDocument | StudyDocument): Work => ({
  models: document.kind === 'profile' ? [document.model.name] : document.models,
  voice: document.settings.voice,
  text: document.settings.text,
  workload: workloadIn(document.settings, document.kind === 'study' ? studiesOf(document).map(engineOf) : []),
  iterations: document.settings.iterations,
  warmupIterations: document.settings.warmupIterations,
});

const watchedWork = ({ program, iterations }: WatchDocument): Work => ({
  models: [program.name.slice(0, longestName)],
  text: program.command.join(' ').slice(0, longestText),
  iterations: iterations.filter(({ warmup }) => !warmup).length,
  warmupIterations: iterations.filter(({ warmup }) => warmup).length,
});

function endOf(outcome: Outcome): Pick<RunRecord, 'state' | 'reason' | 'signal' | 'error'> {
  switch (outcome.status) {
    case 'complete':
      return { state: 'complete' };
    case 'interrupted':
      return { state: 'interrupted', reason: outcome.reason, signal: outcome.signal };
    case 'failed':
      return { state: 'failed', reason: outcome.reason, error: outcome.error };
  }
}

/** The same for the same document, so that it is brought in once: a UUID of version 8, made of a hash. */
function uidOf(document: RunDocument): string {
  const hash = createHash('sha256').update(JSON.stringify(document)).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
