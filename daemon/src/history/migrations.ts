/** The steps from each version of the history's schema to the next. A step that was released is never changed. */

import type { DatabaseSync } from 'node:sqlite';
import { TidemarkError } from '@tidemark/shared/errors.ts';

/** Marks the file as Tidemark's (`PRAGMA application_id`): "Tide" in ASCII. */
export const applicationId = 0x54696465;

/** The first makes version 1 of nothing. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    trigger_kind TEXT NOT NULL,
    client TEXT,
    schedule_id INTEGER,
    schedule_name TEXT,
    models TEXT NOT NULL,
    voice TEXT NOT NULL,
    text TEXT,
    iterations INTEGER NOT NULL,
    warmup_iterations INTEGER NOT NULL,
    samples_taken INTEGER NOT NULL DEFAULT 0,
    recorded_at TEXT NOT NULL,
    queued_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    seconds REAL,
    active_bytes INTEGER,
    peak_bytes INTEGER,
    maximum_peak_bytes INTEGER,
    cache_bytes INTEGER,
    footprint_bytes INTEGER,
    seconds_per_iteration REAL,
    leak TEXT,
    finding TEXT,
    reason TEXT,
    signal TEXT,
    error TEXT,
    host_instance TEXT
  ) STRICT;
  -- An index's entries of one value are in the order of ids, so that the newest of them need no sorting.
  CREATE INDEX runs_by_state ON runs (state);
  CREATE INDEX runs_by_kind ON runs (kind);
  CREATE INDEX runs_with_figures ON runs (kind) WHERE peak_bytes IS NOT NULL;
  CREATE INDEX runs_by_leak ON runs (leak) WHERE leak IS NOT NULL;
  CREATE INDEX runs_by_schedule ON runs (schedule_id) WHERE schedule_id IS NOT NULL;
  CREATE INDEX runs_by_age ON runs (recorded_at);

  CREATE TABLE run_models (
    model TEXT NOT NULL,
    run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    PRIMARY KEY (model, run_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX run_models_by_run ON run_models (run_id);

  CREATE TABLE run_requests (
    run_id INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    request TEXT NOT NULL
  ) STRICT;

  CREATE TABLE run_heads (
    run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    place INTEGER NOT NULL,
    noted_at TEXT NOT NULL,
    head TEXT NOT NULL,
    PRIMARY KEY (run_id, place)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE run_documents (
    run_id INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    encoding TEXT NOT NULL,
    json_bytes INTEGER NOT NULL,
    content BLOB NOT NULL
  ) STRICT;

  CREATE TABLE samples (
    run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    place INTEGER NOT NULL,
    head_place INTEGER,
    model TEXT NOT NULL,
    phase TEXT NOT NULL,
    taken_at TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    warmup INTEGER NOT NULL,
    active_before_bytes INTEGER NOT NULL,
    active_bytes INTEGER NOT NULL,
    peak_bytes INTEGER NOT NULL,
    cache_bytes INTEGER NOT NULL,
    seconds REAL NOT NULL,
    audio_seconds REAL NOT NULL,
    audio_samples INTEGER NOT NULL,
    live_tensors INTEGER NOT NULL,
    undisposed_tensors INTEGER NOT NULL,
    footprint_bytes INTEGER NOT NULL,
    heap_bytes INTEGER NOT NULL,
    open_file_descriptors INTEGER NOT NULL,
    PRIMARY KEY (run_id, place)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE schedules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL,
    created_at TEXT NOT NULL,
    next_at TEXT,
    last_run_id INTEGER,
    last_run_at TEXT,
    last_skip TEXT
  ) STRICT;

  CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    schedule_id INTEGER NOT NULL,
    schedule_name TEXT NOT NULL,
    model TEXT NOT NULL,
    state TEXT NOT NULL,
    raised_at TEXT NOT NULL,
    acknowledged_at TEXT,
    resolved_at TEXT,
    reason TEXT NOT NULL,
    hint TEXT NOT NULL,
    baseline REAL,
    observed REAL
  ) STRICT;
  CREATE INDEX alerts_by_state ON alerts (state);

  -- Not bound to runs: an alert tells what it rested on after a person deleted that too.
  CREATE TABLE alert_runs (
    alert_id INTEGER NOT NULL REFERENCES alerts ON DELETE CASCADE,
    place INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    PRIMARY KEY (alert_id, place)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX alert_runs_by_run ON alert_runs (run_id);

  CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // What a document says of parts and causes, to be asked for across runs.
  `
  CREATE TABLE stages (
    run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    -- Among the runs of a study, from 0.
    run_place INTEGER NOT NULL,
    model TEXT NOT NULL,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    stage TEXT,
    active_before_bytes INTEGER NOT NULL,
    peak_bytes INTEGER NOT NULL,
    transient_bytes INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (run_id, run_place, place)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE verdicts (
    run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    run_place INTEGER NOT NULL,
    model TEXT NOT NULL,
    -- 'leak': the subject is a channel of the leak rule. 'cause': a hypothesis of a study.
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    status TEXT NOT NULL,
    -- Per iteration, in the channel's unit; or the effect in bytes.
    amount REAL,
    smallest_detectable REAL,
    share REAL,
    sentence TEXT,
    PRIMARY KEY (run_id, kind, run_place, subject)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX verdicts_by_status ON verdicts (subject, status);
  `,
  // They were written and never read: every reader takes the document, which says the same.
  `
  DROP TABLE stages;
  DROP TABLE verdicts;
  `,
  // Texts that differ from iteration to iteration, and MLX's cache that is kept between them. NULL in older rows.
  `
  ALTER TABLE runs ADD COLUMN workload TEXT;
  ALTER TABLE samples ADD COLUMN text_index INTEGER;
  ALTER TABLE samples ADD COLUMN tokens INTEGER;
  ALTER TABLE samples ADD COLUMN new_shapes INTEGER;
  ALTER TABLE samples ADD COLUMN cache_before_bytes INTEGER;
  `,
  // What a search looks in; see run-search.ts. NULL in older rows until the file is opened.
  `
  ALTER TABLE runs ADD COLUMN words TEXT;
  `,
  // NULL on a CPU, and in older rows.
  `
  ALTER TABLE samples ADD COLUMN device_bytes INTEGER;
  `,
  // NULL for a host that is not in Python, and in older rows.
  `
  ALTER TABLE samples ADD COLUMN tracked_objects INTEGER;
  `,
  // NULL where Python's heap is not traced, and in older rows.
  `
  ALTER TABLE samples ADD COLUMN python_heap_bytes INTEGER;
  `,
];

export const schemaVersion = migrations.length;

/**
 * Brings a database that {@link refuseUnknown} let through up to date, each step in a transaction of its own. Errors of
 * SQLite come out as they are.
 */
export function migrate(connection: DatabaseSync): void {
  while (versionOf(connection) < schemaVersion) {
    connection.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have taken the step while this one waited for the lock.
      const version = versionOf(connection);
      const step = migrations[version];
      if (step !== undefined) {
        connection.exec(step);
        connection.exec(`PRAGMA application_id = ${applicationId}`);
        connection.exec(`PRAGMA user_version = ${version + 1}`);
      }
      connection.exec('COMMIT');
    } catch (error) {
      if (connection.isTransaction) {
        connection.exec('ROLLBACK');
      }
      throw error;
    }
  }
}

export function versionOf(connection: DatabaseSync): number {
  return Number(connection.prepare('PRAGMA user_version').get()?.['user_version']);
}

/** Throws a TidemarkError, 'history', for a file of a newer Tidemark or of another program, and changes nothing. */
export function refuseUnknown(connection: DatabaseSync, path: string): void {
  const version = versionOf(connection);
  const application = Number(connection.prepare('PRAGMA application_id').get()?.['application_id']);
  const tables = Number(connection.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count']);
  const isOurs = application === applicationId || (tables === 0 && version === 0);
  if (!isOurs) {
    throw new TidemarkError('history', `The database ${path} belongs to another program.`, {
      hint: 'Move the file to another folder, or set TIDEMARK_HOME to another folder.',
    });
  }
  if (version < 0) {
    throw new TidemarkError(
      'history',
      `The history ${path} has schema version ${version}, which no Tidemark writes.`,
      { hint: 'Move the file to another folder, or set TIDEMARK_HOME to another folder.' },
    );
  }
  if (version > schemaVersion) {
    throw new TidemarkError(
      'history',
      `The history ${path} was written by a newer Tidemark: it has schema version ${version}, but this version of Tidemark supports schema version ${schemaVersion}.`,
      { hint: 'Update Tidemark, or set TIDEMARK_HOME to another folder.' },
    );
  }
}
