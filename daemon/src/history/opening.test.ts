/** Opening a history: as SQLite is told to treat its file, from every older version, and never another program's. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import * as v from 'valibot';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { exampleRun, finishedRun } from '../../test/example-histories.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { connect } from './connect.ts';
import { History, openHistory } from './history.ts';
import { applicationId, migrate, migrations, schemaVersion, versionOf } from './migrations.ts';
import { openDatabase } from './opening.ts';

const versionTwoFile = new URL('../../test/fixtures/history-of-schema-2.sqlite.zst', import.meta.url);

/** A file as the Tidemark of a version left it, with a run and a schedule in it. */
function writeOldFile(path: string, version: number): void {
  const connection = new DatabaseSync(path);
  for (const step of migrations.slice(0, version)) {
    connection.exec(step);
  }
  connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`);
  if (version > 0) {
    connection.exec(`
      INSERT INTO runs (uid, kind, state, trigger_kind, client, models, voice, iterations, warmup_iterations, recorded_at, queued_at)
      VALUES ('0d5f8f7e-3c51-4b6e-9d43-2f6f7d9d8a01', 'profile', 'complete', 'request', 'cli', '["bf16"]', 'af_heart', 15, 1,
        '2026-03-01T10:00:00.000Z', '2026-03-01T10:00:00.000Z');
      INSERT INTO settings VALUES ('retentionDays', '7');`);
  }
  connection.close();
}

const schemaOf = (connection: DatabaseSync): unknown =>
  connection.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();

test('a history of every older version opens with what is in it', () => {
  assert.ok(schemaVersion >= 3);
  for (let version = 0; version <= schemaVersion; version += 1) {
    const folder = temporaryFolder();
    writeOldFile(join(folder, 'history.sqlite'), version);
    using history = openHistory(folder).history;
    if (version > 0) {
      assert.equal(history.runs.get(1)?.voice, 'af_heart', `of version ${version}`);
      assert.equal(history.settings.get().retentionDays, 7);
    }
    assert.equal(finishedRun(history).state, 'complete', `of version ${version}`);
  }
});

test('a file that version 2 wrote is shown whole, and has lost only the tables that nobody read', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'history.sqlite');
  writeFileSync(path, zstdDecompressSync(readFileSync(versionTwoFile)));
  {
    using history = openHistory(folder).history;
    assert.deepEqual(
      history.runs.list().runs.map(({ kind, state, samplesTaken }) => [kind, state, samplesTaken]),
      [
        ['profile', 'running', 4],
        ['study', 'complete', 12],
        ['profile', 'complete', 6],
      ],
    );
    const { document, samples, record } = history.runs.detail(1);
    assert.ok(document?.kind === 'profile');
    assert.deepEqual(v.parse(profileDocument, document), document);
    assert.deepEqual(
      document.attribution?.parts.map(({ name }) => name),
      ['bert', 'generator'],
    );
    assert.equal(document.leaks?.length, 6);
    assert.deepEqual(samples, document.iterations);
    assert.equal(record.figures?.peakBytes, 600_000_000);
    assert.equal(history.runs.detail(2).document?.kind, 'study');
    assert.equal(history.runs.checksOf(1, { limit: 5 })[0]?.hostInstance, 'host-1');
    assert.deepEqual(
      history.schedules.list().map(({ name, lastRunId }) => [name, lastRunId]),
      [['Nightly', 1]],
    );
    assert.deepEqual(history.alerts.list()[0]?.runIds, [1]);
    assert.equal(history.settings.get().retentionDays, 77);
    history.runs.interruptRunning('The daemon ended.');
    assert.equal(history.runs.detail(3).document?.kind, 'profile');
    assert.equal(finishedRun(history).id, 4);
  }
  using connection = new DatabaseSync(path);
  assert.equal(versionOf(connection), schemaVersion);
  assert.ok(!/stages|verdicts/.test(JSON.stringify(schemaOf(connection))));
});

test('every way to the newest version ends in the same schema', () => {
  const schemas = Array.from({ length: schemaVersion + 1 }, (_, version) => {
    using connection = new DatabaseSync(':memory:');
    for (const step of migrations.slice(0, version)) {
      connection.exec(step);
    }
    connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`);
    migrate(connection);
    assert.equal(versionOf(connection), schemaVersion);
    return schemaOf(connection);
  });
  for (const schema of schemas) {
    assert.deepEqual(schema, schemas[0]);
  }
});

test('a history of a newer Tidemark is refused and left as it is', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'history.sqlite');
  writeOldFile(path, schemaVersion);
  const connection = new DatabaseSync(path);
  connection.exec(`PRAGMA user_version = ${schemaVersion + 1}`);
  connection.close();
  const before = readFileSync(path);
  assert.throws(() => openHistory(folder), {
    name: 'TidemarkError',
    code: 'history',
    message: /newer Tidemark/,
  });
  assert.deepEqual(readFileSync(path), before);
});

test("another program's database is refused and left as it is", () => {
  const folder = temporaryFolder();
  const path = join(folder, 'history.sqlite');
  const connection = new DatabaseSync(path);
  connection.exec('CREATE TABLE bookmarks (url TEXT)');
  connection.close();
  assert.throws(() => openHistory(folder), /another program/);
  const after = new DatabaseSync(path);
  assert.deepEqual(
    after
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map((row) => row['name']),
    ['bookmarks'],
  );
  after.close();
});

test('an empty file becomes a history', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'history.sqlite'), '');
  using history = openHistory(folder).history;
  assert.equal(history.runs.add(exampleRun()).id, 1);
});

test('a step that fails leaves the version before it, whole', () => {
  using connection = new DatabaseSync(':memory:');
  connection.exec(migrations[0] ?? '');
  connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = 1`);
  // Something stands where the second step wants to make its last index.
  connection.exec('CREATE TABLE verdicts_by_status (a)');
  const before = schemaOf(connection);
  assert.throws(() => migrate(connection));
  assert.equal(versionOf(connection), 1);
  assert.deepEqual(schemaOf(connection), before);
});

test('a commit waits for the disk, and readers do not wait for a writer', () => {
  const folder = temporaryFolder();
  using connection = connect(join(folder, 'history.sqlite'), 'own');
  const pragma = (name: string): unknown =>
    Object.values(connection.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  assert.equal(pragma('journal_mode'), 'wal');
  // FULL: https://sqlite.org/pragma.html#pragma_synchronous
  assert.equal(pragma('synchronous'), 2);
  assert.equal(pragma('fullfsync'), 1);
  assert.equal(pragma('checkpoint_fullfsync'), 1);
  assert.equal(pragma('foreign_keys'), 1);
  assert.equal(pragma('busy_timeout'), 5000);
});

test('the folder is made for its owner alone, with those above it', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'a', 'b');
  openHistory(path).history.close();
  assert.equal(statSync(path).mode & 0o777, 0o700);
});

test('a file that others could read is closed to them', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'history.sqlite');
  writeFileSync(path, '');
  chmodSync(path, 0o644);
  openHistory(folder).history.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('without a history there is nothing to read', () => {
  const folder = temporaryFolder();
  assert.throws(() => openHistory(folder, { access: 'read' }), {
    name: 'TidemarkError',
    code: 'not-found',
  });
});

test('who only reads cannot write', () => {
  const folder = temporaryFolder();
  openHistory(folder).history.close();
  using history = openHistory(folder, { access: 'read' }).history;
  assert.throws(() => history.runs.add(exampleRun()), { name: 'TidemarkError', code: 'not-writable' });
});

test('a folder or a pipe in the place of the file is said in a sentence, and nobody waits at it', () => {
  for (const make of [(path: string) => mkdirSync(path), (path: string) => execFileSync('mkfifo', [path])]) {
    const folder = temporaryFolder();
    make(join(folder, 'history.sqlite'));
    for (const access of ['own', 'shared', 'read'] as const) {
      assert.throws(() => openHistory(folder, { access }), {
        name: 'TidemarkError',
        code: 'not-writable',
        message: /is not a file, so it cannot be the history/,
      });
    }
  }
});

test('a schema version below zero is refused', () => {
  const folder = temporaryFolder();
  openHistory(folder).history.close();
  const connection = new DatabaseSync(join(folder, 'history.sqlite'));
  connection.exec('PRAGMA user_version = -3');
  connection.close();
  for (const access of ['own', 'shared', 'read'] as const) {
    assert.throws(() => openHistory(folder, { access }), { code: 'history', message: /schema version -3/ });
  }
});

test('a database that may not grow refuses, keeps what it has, and takes on when it may', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'history.sqlite');
  using database = openDatabase(path, {
    access: 'own',
    now: () => new Date(),
    onSetAside: () => assert.fail('it is not damaged'),
  });
  const history = new History(database, () => new Date());
  const { id } = history.runs.add(exampleRun());
  const limit = Number(database.get('PRAGMA page_count')?.['page_count']);
  database.get(`PRAGMA max_page_count = ${limit}`);
  const large = exampleRun({ text: 'a'.repeat(50_000) });
  assert.throws(() => history.runs.add(large), {
    name: 'TidemarkError',
    code: 'not-writable',
    message: /full/,
  });
  assert.equal(history.runs.list().total, 1);
  assert.equal(history.runs.begin(id).state, 'running');
  database.get('PRAGMA max_page_count = 1000000');
  assert.equal(history.runs.add(large).text?.length, 50_000);
});
