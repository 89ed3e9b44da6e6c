/** A history that is only read: its log is seen, and nothing is made or left, beside it or elsewhere. */

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { exampleRun, finishedRun } from '../../test/example-histories.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openHistory } from './history.ts';
import { applicationId, migrations, schemaVersion, versionOf } from './migrations.ts';

/** Copies of a history's files, made while it was open: all that was written is in its log. */
function copyOpenHistory(...suffixes: string[]): string {
  const source = temporaryFolder();
  const folder = temporaryFolder();
  using history = openHistory(source).history;
  finishedRun(history);
  for (const suffix of suffixes) {
    copyFileSync(join(source, `history.sqlite${suffix}`), join(folder, `history.sqlite${suffix}`));
  }
  return folder;
}

function copyClosedHistory(): string {
  const folder = temporaryFolder();
  using history = openHistory(folder).history;
  finishedRun(history);
  return folder;
}

const ways: readonly (readonly [how: string, folder: () => string])[] = [
  ['that was closed', copyClosedHistory],
  ['with a log', () => copyOpenHistory('', '-wal')],
  ['with a log and its index', () => copyOpenHistory('', '-wal', '-shm')],
  [
    'with an empty log',
    () => {
      const folder = copyClosedHistory();
      writeFileSync(join(folder, 'history.sqlite-wal'), '');
      return folder;
    },
  ],
];

for (const [how, make] of ways) {
  test(`a history ${how} is read, not written to, and nothing is left of the reading`, (context) => {
    const folder = make();
    const before = readdirSync(folder);
    const temporary = temporaryFolder();
    const { TMPDIR: usual } = process.env;
    process.env['TMPDIR'] = temporary;
    context.after(() => {
      process.env['TMPDIR'] = usual ?? '/tmp';
    });
    using history = openHistory(folder, { access: 'read' }).history;
    assert.equal(history.runs.list().total, 1);
    assert.equal(history.runs.detail(1, { document: true }).document?.kind, 'profile');
    assert.equal([...history.exportLines()].length, 2);
    assert.throws(() => history.runs.add(exampleRun()), { name: 'TidemarkError', code: 'not-writable' });
    assert.throws(() => history.runs.remove(1), { name: 'TidemarkError', code: 'not-writable' });
    assert.deepEqual(readdirSync(folder), before);
    assert.deepEqual(readdirSync(temporary), []);
  });
}

test('a history of an older version is read as it would be after the update, and stays as it is', () => {
  for (let version = 1; version < schemaVersion; version += 1) {
    const folder = temporaryFolder();
    const connection = new DatabaseSync(join(folder, 'history.sqlite'));
    migrations.slice(0, version).forEach((step) => connection.exec(step));
    connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version};
      INSERT INTO runs (uid, kind, state, trigger_kind, client, models, voice, iterations, warmup_iterations, recorded_at, queued_at)
      VALUES ('0d5f8f7e-3c51-4b6e-9d43-2f6f7d9d8a01', 'profile', 'complete', 'request', 'cli', '["bf16"]', 'af_heart', 15, 1,
        '2026-03-01T10:00:00.000Z', '2026-03-01T10:00:00.000Z')`);
    using history = openHistory(folder, { access: 'read' }).history;
    assert.equal(history.runs.list().runs[0]?.voice, 'af_heart', `of version ${version}`);
    assert.equal(versionOf(connection), version);
    connection.close();
  }
});

test('a history of a newer version or of another program is refused under its own name', () => {
  for (const pragma of [`user_version = ${schemaVersion + 1}`, 'application_id = 7']) {
    const folder = copyOpenHistory('', '-wal', '-shm');
    const path = join(folder, 'history.sqlite');
    const connection = new DatabaseSync(path);
    connection.exec(`PRAGMA ${pragma}`);
    const backup = join(folder, 'backup');
    mkdirSync(backup);
    copyFileSync(path, join(backup, 'history.sqlite'));
    copyFileSync(`${path}-wal`, join(backup, 'history.sqlite-wal'));
    connection.close();
    for (const place of [folder, backup]) {
      assert.throws(() => openHistory(place, { access: 'read' }), {
        code: 'history',
        message: new RegExp(join(place, 'history.sqlite')),
      });
    }
  }
});
