/** The file of the history as SQLite is told to treat it. */

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withTemporaryFolder } from '../../test/temporary-folder.ts';
import { connect } from './connect.ts';
import { exampleRun } from '../../test/example-histories.ts';
import { History, openHistory } from './history.ts';
import { openDatabase } from './opening.ts';

test('a commit waits for the disk, and readers do not wait for a writer', () => {
  withTemporaryFolder((folder) => {
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
});

test('the folder is made for its owner alone, with those above it', () => {
  withTemporaryFolder((folder) => {
    const path = join(folder, 'a', 'b');
    openHistory(path).history.close();
    assert.equal(statSync(path).mode & 0o777, 0o700);
  });
});

test('a file that others could read is closed to them', () => {
  withTemporaryFolder((folder) => {
    const path = join(folder, 'history.sqlite');
    writeFileSync(path, '');
    chmodSync(path, 0o644);
    openHistory(folder).history.close();
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });
});

test('without a history there is nothing to read', () => {
  withTemporaryFolder((folder) => {
    assert.throws(
      () => openHistory(folder, { access: 'read' }),
      (error) => error instanceof Error && 'code' in error && error.code === 'not-found',
    );
  });
});

test('who only reads cannot write', () => {
  withTemporaryFolder((folder) => {
    openHistory(folder).history.close();
    using history = openHistory(folder, { access: 'read' }).history;
    assert.throws(
      () => history.runs.add(exampleRun()),
      (error) => error instanceof Error && 'code' in error && error.code === 'not-writable',
    );
  });
});

test('a folder in the place of the file is said in a sentence', () => {
  withTemporaryFolder((folder) => {
    mkdirSync(join(folder, 'history.sqlite'));
    assert.throws(
      () => openHistory(folder),
      (error) => error instanceof Error && 'code' in error && error.code === 'not-writable',
    );
  });
});

test('a database that may not grow refuses, keeps what it has, and takes on when it may', () => {
  withTemporaryFolder((folder) => {
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
    assert.throws(
      () => history.runs.add(large),
      (error) =>
        error instanceof Error &&
        'code' in error &&
        error.code === 'not-writable' &&
        /full/.test(error.message),
    );
    assert.equal(history.runs.list().total, 1);
    assert.equal(history.runs.begin(id).state, 'running');
    database.get('PRAGMA max_page_count = 1000000');
    assert.equal(history.runs.add(large).text?.length, 50_000);
  });
});
