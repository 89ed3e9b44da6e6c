/** Old files are brought up to date, and files of others are left alone. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { withTemporaryFolder } from '../../test/temporary-folder.ts';
import { exampleRun, finishedRun } from '../../test/example-histories.ts';
import { openHistory } from './history.ts';
import { applicationId, migrate, migrations, schemaVersion, versionOf } from './migrations.ts';

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
  assert.ok(schemaVersion >= 2);
  for (let version = 0; version <= schemaVersion; version += 1) {
    withTemporaryFolder((folder) => {
      writeOldFile(join(folder, 'history.sqlite'), version);
      using history = openHistory(folder).history;
      if (version > 0) {
        assert.equal(history.runs.get(1)?.voice, 'af_heart', `of version ${version}`);
        assert.equal(history.settings.get().retentionDays, 7);
      }
      assert.equal(finishedRun(history).state, 'complete', `of version ${version}`);
    });
  }
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
  withTemporaryFolder((folder) => {
    const path = join(folder, 'history.sqlite');
    writeOldFile(path, schemaVersion);
    const connection = new DatabaseSync(path);
    connection.exec(`PRAGMA user_version = ${schemaVersion + 1}`);
    connection.close();
    const before = readFileSync(path);
    assert.throws(
      () => openHistory(folder),
      (error) =>
        error instanceof TidemarkError && error.code === 'history' && /newer Tidemark/.test(error.message),
    );
    assert.deepEqual(readFileSync(path), before);
  });
});

test("another program's database is refused and left as it is", () => {
  withTemporaryFolder((folder) => {
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
});

test('an empty file becomes a history', () => {
  withTemporaryFolder((folder) => {
    writeFileSync(join(folder, 'history.sqlite'), '');
    using history = openHistory(folder).history;
    assert.equal(history.runs.add(exampleRun()).id, 1);
  });
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
