/** The whole history as JSON lines, a piece at a time, and what each line is made of. */

import * as v from 'valibot';
import { alert, scheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { runRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { device, modelRecord, versions } from '@tidemark/shared/protocol/provenance.ts';
import { iterationSample, loadRecord, profileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { runRequest } from '@tidemark/shared/protocol/daemon/methods.ts';
import { count, errorRecord, moment, text } from '@tidemark/shared/protocol/quantities.ts';
import { workloadSummary } from '@tidemark/shared/protocol/workload.ts';
import { runDocument } from '@tidemark/shared/protocol/run-document.ts';
import { tidemarkVersion } from '../version.ts';
import { alertOf } from './alerts.ts';
import type { Database } from './database.ts';
import { samplePhases } from './rebuild.ts';
import { jsonOf, numberOf, optionalNumber, optionalText, textOf } from './rows.ts';
import type { Row } from './rows.ts';
import { documentJson, samplesOf } from './run-contents.ts';
import { longestText, recordOf } from './run-row.ts';
import { checkStoredSchedule } from './schedule-check.ts';
import { scheduleOf } from './schedules.ts';
import type { JudgedTable } from './unreadable.ts';

/** Raised when a line changes its meaning; a new kind of line or a new field does not raise it. */
export const exportFormatVersion = 1;

/** In lower case, since an import compares it with those in the history. */
const uid = v.pipe(v.string(), v.uuid(), v.toLowerCase());

export const headerLine = v.object({
  kind: v.literal('tidemark-history'),
  formatVersion: v.pipe(count, v.minValue(1)),
  exportedAt: moment,
  tidemark: text,
});

export const scheduleLine = v.object({
  kind: v.literal('schedule'),
  uid,
  createdAt: moment,
  settings: scheduleSettings,
});

const runHead = v.object({
  model: modelRecord,
  device,
  versions,
  settings: profileSettings,
  load: loadRecord,
  hostInstance: text,
});

/** What the socket takes of a name, a client, a schedule's name; and more than anything writes in a sentence. */
const longest = { name: 1024, client: 64, scheduleName: 80, sentence: 20_000 } as const;

export const longestName = longest.name;

const name = v.pipe(text, v.maxLength(longest.name));
const sentence = v.pipe(text, v.maxLength(longest.sentence));
const scheduleName = v.pipe(text, v.maxLength(longest.scheduleName));

/** A record with the limits of what the socket takes: lists have to hold whatever is imported. */
export const importedRecord = v.object({
  ...runRecord.entries,
  uid,
  trigger: v.variant('kind', [
    v.object({ kind: v.literal('request'), client: v.pipe(text, v.maxLength(longest.client)) }),
    v.object({ kind: v.literal('schedule'), scheduleId: count, scheduleName }),
    v.object({ kind: v.literal('import') }),
  ]),
  models: v.pipe(v.array(name), v.minLength(1), v.maxLength(32)),
  voice: v.optional(name),
  text: v.optional(v.pipe(text, v.maxLength(longestText))),
  workload: v.optional(
    v.object({ ...workloadSummary.entries, firstText: v.optional(v.pipe(text, v.maxLength(200))) }),
  ),
  finding: v.optional(sentence),
  reason: v.optional(sentence),
  signal: v.optional(v.pipe(text, v.maxLength(64))),
  error: v.optional(v.object({ ...errorRecord.entries, message: sentence, hint: v.optional(sentence) })),
});

export const runLine = v.object({
  kind: v.literal('run'),
  record: importedRecord,
  /** Of the schedule whose check it is, where that is in the history. */
  scheduleUid: v.optional(uid),
  hostInstance: v.optional(name),
  request: v.optional(runRequest),
  /** Where there is no document. */
  heads: v.pipe(v.array(v.object({ notedAt: moment, head: runHead })), v.maxLength(100)),
  samples: v.array(
    v.object({
      phase: v.picklist(samplePhases),
      model: name,
      takenAt: moment,
      headPlace: v.optional(count),
      sample: iterationSample,
    }),
  ),
  document: v.optional(runDocument),
});

export type RunLine = v.InferOutput<typeof runLine>;

export const alertLine = v.object({
  kind: v.literal('alert'),
  uid,
  scheduleUid: v.optional(uid),
  /** The runs that it rests on, as far as they are in the history. */
  runUids: v.pipe(v.array(uid), v.maxLength(1000)),
  alert: v.object({
    ...v.omit(alert, ['id', 'scheduleId', 'runIds']).entries,
    scheduleName,
    // Of a study it would be those of all its models.
    model: v.pipe(text, v.maxLength(34 * longest.name)),
    reason: sentence,
    hint: v.pipe(text, v.maxLength(4000)),
  }),
});

export type AlertLine = v.InferOutput<typeof alertLine>;

export type ScheduleLine = v.InferOutput<typeof scheduleLine>;

/** The first line. */
export const headerOf = (exportedAt: Date): string =>
  JSON.stringify({
    kind: 'tidemark-history',
    formatVersion: exportFormatVersion,
    exportedAt: exportedAt.toISOString(),
    tidemark: tidemarkVersion,
  });

/**
 * Without line ends: a header, the schedules, the runs from the oldest on, the alerts. Each line is consistent in itself;
 * no lock is held between lines, so that a daemon can go on writing.
 */
export function* exportLines(database: Database, now: () => Date): Generator<string, undefined> {
  yield headerOf(now());
  yield* linesOfTable(database, 'schedules', (row) => JSON.stringify(scheduleLineOf(row)));
  yield* linesOfTable(database, 'runs', (row) => runLineOf(database, row));
  yield* linesOfTable(database, 'alerts', (row) => JSON.stringify(alertLineOf(database, row)));
}

/** Of the rows that can be read, each by itself; the database remembers the others. */
function* linesOfTable(
  database: Database,
  table: JudgedTable,
  lineOf: (row: Row) => string,
): Generator<string, undefined> {
  // Rows that are added meanwhile are left to the next export: a busy writer would never let this one end.
  const newest = database.read(() => database.get(`SELECT coalesce(max(id), 0) AS id FROM ${table}`));
  const end = newest === undefined ? 0 : numberOf(newest, 'id');
  for (let last = 0; ;) {
    const next = database.read(() => {
      const found = database.get(`SELECT id FROM ${table} WHERE id > ? AND id <= ? ORDER BY id LIMIT 1`, [
        last,
        end,
      ]);
      const id = found === undefined ? undefined : numberOf(found, 'id');
      const read = (): string => lineOf(database.get(`SELECT * FROM ${table} WHERE id = ?`, [id ?? 0]) ?? {});
      return id === undefined ? undefined : { id, line: database.unreadable.judge(table, id, read) };
    });
    if (next === undefined) {
      return;
    }
    if (next.line !== undefined) {
      yield next.line;
    }
    last = next.id;
  }
}

function scheduleLineOf(row: Row): object {
  checkStoredSchedule(scheduleOf(row));
  return {
    kind: 'schedule',
    uid: textOf(row, 'uid'),
    createdAt: textOf(row, 'created_at'),
    settings: jsonOf(row, 'settings'),
  };
}

export function runLineOf(database: Database, row: Row): string {
  const record = recordOf(row);
  const heads = database
    .all('SELECT noted_at, head FROM run_heads WHERE run_id = ? ORDER BY place', [record.id])
    .map((head) => ({
      notedAt: textOf(head, 'noted_at'),
      head: jsonOf(head, 'head'),
    }));
  const request = database.get('SELECT request FROM run_requests WHERE run_id = ?', [record.id]);
  const line = JSON.stringify({
    kind: 'run',
    record,
    scheduleUid: scheduleUid(database, optionalNumber(row, 'schedule_id')),
    hostInstance: optionalText(row, 'host_instance'),
    request: request === undefined ? undefined : jsonOf(request, 'request'),
    heads,
    samples: samplesOf(database, record.id),
  });
  const document = documentJson(database, record.id);
  // Megabytes of JSON need not be read only to be written again.
  return document === undefined ? line : `${line.slice(0, -1)},"document":${document}}`;
}

function alertLineOf(database: Database, row: Row): object {
  const alert = alertOf(database, row);
  const uids = database.all(
    'SELECT uid FROM alert_runs JOIN runs ON runs.id = run_id WHERE alert_id = ? ORDER BY place',
    [alert.id],
  );
  return {
    kind: 'alert',
    uid: textOf(row, 'uid'),
    scheduleUid: scheduleUid(database, alert.scheduleId),
    runUids: uids.map((each) => textOf(each, 'uid')),
    // Numbers of this history mean nothing in another.
    alert: { ...alert, id: undefined, scheduleId: undefined, runIds: undefined },
  };
}

function scheduleUid(database: Database, id: number | undefined): string | undefined {
  const row = id === undefined ? undefined : database.get('SELECT uid FROM schedules WHERE id = ?', [id]);
  return row === undefined ? undefined : textOf(row, 'uid');
}
