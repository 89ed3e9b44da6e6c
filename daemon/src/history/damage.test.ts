/** What becomes of a history whose file is damaged: found, set aside, said, and what can be read is saved. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { exampleSample } from '@tidemark/shared/test/example-documents.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import {
  exampleAlert,
  exampleRun,
  exampleSchedule,
  finishedRun,
  runAtWork,
  steppingClock,
} from '../../test/example-histories.ts';
import { History, openHistory } from './history.ts';
import { openDatabase } from './opening.ts';
import type { SetAside } from './replacing.ts';

const pageBytes = 4096;

/** A history that was closed, with so many runs, a schedule, an alert and a setting. */
function makeHistory(folder: string, runs = 60): void {
  const now = steppingClock();
  using database = openDatabase(fileIn(folder), { access: 'own', now, onSetAside: () => undefined });
  const history = new History(database, now);
  // In one transaction, so that it need not wait for the disk a thousand times.
  database.write(() => {
    const schedule = history.schedules.add(exampleSchedule());
    for (let run = 0; run < runs; run += 1) {
      finishedRun(history);
    }
    history.alerts.add(exampleAlert({ scheduleId: schedule.id, runIds: [1, 2] }));
    history.settings.change({ retentionDays: 77 });
  });
}

const fileIn = (folder: string): string => join(folder, 'history.sqlite');

function damage(folder: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(fileIn(folder));
  change(bytes);
  writeFileSync(fileIn(folder), bytes);
}

/** Opens what is in the folder, and expects that something was set aside. */
function openDamaged(folder: string): { history: History; setAside: SetAside } & Disposable {
  const { history, setAside } = openHistory(folder);
  assert.ok(setAside !== undefined, 'nothing was set aside');
  assert.ok(existsSync(setAside.path));
  assert.match(setAside.path, /history\.sqlite\.damaged-\d{4}-\d\d-\d\dT/);
  assert.notEqual(setAside.reason, '');
  return { history, setAside, [Symbol.dispose]: () => history.close() };
}

test('a file that is no database is set aside, and a new history begins', () => {
  const folder = temporaryFolder();
  writeFileSync(fileIn(folder), 'This is no database, but a text of some length. '.repeat(200));
  using opened = openDamaged(folder);
  const { history, setAside } = opened;
  assert.match(readFileSync(setAside.path, 'utf8'), /^This is no database/);
  assert.deepEqual(setAside.saved, { runs: 0, schedules: 0, alerts: 0 });
  assert.equal(history.runs.list().total, 0);
  assert.equal(finishedRun(history).id, 1);
});

test('a header of garbage is found', () => {
  const folder = temporaryFolder();
  makeHistory(folder, 3);
  damage(folder, (bytes) => bytes.fill(0xa5, 0, 100));
  using opened = openDamaged(folder);
  const { history } = opened;
  assert.equal(finishedRun(history).state, 'complete');
});

test('a file that was cut short is found, and its beginning is saved', () => {
  const folder = temporaryFolder();
  makeHistory(folder);
  const { length } = readFileSync(fileIn(folder));
  truncateSync(fileIn(folder), Math.floor((0.75 * length) / pageBytes) * pageBytes);
  using opened = openDamaged(folder);
  const { history, setAside } = opened;
  assert.ok(setAside.saved.runs > 0, JSON.stringify(setAside));
  assert.equal(history.schedules.list()[0]?.name, 'Nightly');
  assert.equal(history.settings.get().retentionDays, 77);
});

test('pages of garbage are found wherever they are, and what is whole beside them is saved', () => {
  const folder = temporaryFolder();
  makeHistory(folder);
  const pages = readFileSync(fileIn(folder)).length / pageBytes;
  for (let page = 1; page < pages; page += 7) {
    const copy = temporaryFolder();
    writeFileSync(fileIn(copy), readFileSync(fileIn(folder)));
    damage(copy, (bytes) => bytes.fill(0xa5, page * pageBytes, (page + 1) * pageBytes));
    const { history, setAside } = openHistory(copy);
    using opened = history;
    // A page that nothing uses can hold anything.
    if (setAside !== undefined) {
      for (const run of history.runs.list({ limit: 500 }).runs) {
        assert.equal(history.runs.detail(run.id).record.state, 'complete');
      }
    }
    assert.equal(finishedRun(opened).state, 'complete', `after garbage in page ${page}`);
  }
});

test('one damaged page of samples costs no run, and no number is given twice', () => {
  const folder = temporaryFolder();
  makeHistory(folder);
  const page = pageWith(folder, 'samples');
  damage(folder, (bytes) => bytes.fill(0, page * pageBytes, (page + 1) * pageBytes));
  using opened = openDamaged(folder);
  const { history, setAside } = opened;
  assert.deepEqual(setAside.saved, { runs: 60, schedules: 1, alerts: 1 });
  assert.equal(history.runs.list().total, 60);
  assert.equal(history.runs.detail(60).document?.kind, 'profile');
  assert.deepEqual(history.alerts.list()[0]?.runIds, [1, 2]);
  assert.equal(history.runs.add(exampleRun()).id, 61);
});

test('a damaged page of runs costs those in it', () => {
  const folder = temporaryFolder();
  makeHistory(folder);
  const page = pageWith(folder, 'runs');
  damage(folder, (bytes) => bytes.fill(0, page * pageBytes, (page + 1) * pageBytes));
  using opened = openDamaged(folder);
  const { history, setAside } = opened;
  const saved = setAside.saved.runs;
  assert.ok(saved >= 40 && saved < 60, `saved ${saved} of 60`);
  assert.equal(history.runs.list().total, saved);
  assert.equal(history.runs.add(exampleRun()).id, 61);
});

test('a number that JavaScript cannot hold costs its own run', () => {
  const folder = temporaryFolder();
  makeHistory(folder);
  const database = new DatabaseSync(fileIn(folder));
  database.exec('UPDATE runs SET iterations = 9007199254740993 WHERE id = 5');
  database.close();
  const page = pageWith(folder, 'samples');
  damage(folder, (bytes) => bytes.fill(0, page * pageBytes, (page + 1) * pageBytes));
  using opened = openDamaged(folder);
  const { history, setAside } = opened;
  assert.equal(setAside.saved.runs, 59);
  assert.throws(() => history.runs.detail(5), /There is no run 5/);
});

test('a pipe in the place of a plan is refused', () => {
  const folder = temporaryFolder();
  makeHistory(folder, 1);
  execFileSync('mkfifo', [`${fileIn(folder)}.replacing`]);
  assert.throws(() => openHistory(folder), /\.replacing cannot be used: it is not a file\.$/);
});

/** The middle one of the pages that hold a table's rows, from 0. */
function pageWith(folder: string, table: string): number {
  const connection = new DatabaseSync(fileIn(folder), { readOnly: true });
  const pages = connection
    .prepare(`SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path`)
    .all(table);
  connection.close();
  const page = pages[Math.floor(pages.length / 2)]?.['pageno'];
  assert.ok(typeof page === 'number' && pages.length > 2);
  return page - 1;
}

/** Zeroes a page of a file that is in use, so that its user reads it from the disk again. */
function damageInPlace(folder: string, page: number): void {
  const file = openSync(fileIn(folder), 'r+');
  writeSync(file, Buffer.alloc(pageBytes), 0, pageBytes, page * pageBytes);
  closeSync(file);
  // What another connection writes makes the user drop the pages that it has in memory.
  using other = openHistory(folder, { access: 'shared' }).history;
  other.settings.change({ retentionRuns: 5000 });
}

test('damage that shows while it is in use is set aside and said, and the call goes through', () => {
  const folder = temporaryFolder();
  makeHistory(folder);
  const page = pageWith(folder, 'samples');
  const said: SetAside[] = [];
  using history = openHistory(folder, { onSetAside: (setAside) => said.push(setAside) }).history;
  damageInPlace(folder, page);
  const samples = Array.from({ length: 60 }, (_, index) => history.runs.detail(index + 1).samples.length);
  assert.equal(said.length, 1);
  assert.ok(samples.some((count) => count === 0) && samples.some((count) => count === 6));
  assert.equal(history.runs.list().total, 60);
  assert.ok(existsSync(said[0]?.path ?? ''));
});

test('a run at work goes on in the new file', () => {
  const folder = temporaryFolder();
  makeHistory(folder);
  const page = pageWith(folder, 'samples');
  const said: SetAside[] = [];
  using history = openHistory(folder, { onSetAside: (setAside) => said.push(setAside) }).history;
  const { id } = runAtWork(history, 2);
  damageInPlace(folder, page);
  for (let run = 1; run <= 60; run += 1) {
    history.runs.detail(run);
  }
  assert.equal(said.length, 1);
  history.runs.addSample(id, exampleSample(3), 'measured', 'bf16');
  const ended = history.runs.finish(id, { state: 'cancelled' });
  assert.equal(ended.samplesTaken, 4);
  assert.equal(history.runs.detail(id).document?.kind, 'profile');
});

test('a process that may not replace it says that the file is damaged', () => {
  const folder = temporaryFolder();
  makeHistory(folder, 3);
  damage(folder, (bytes) => bytes.fill(0xa5, 0, 100));
  for (const access of ['shared', 'read'] as const) {
    assert.throws(() => openHistory(folder, { access }), {
      name: 'TidemarkError',
      code: 'history',
      message: /damaged/,
    });
  }
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('damaged')),
    [],
  );
});

test('a second damaged file of the same moment has a name of its own', () => {
  const folder = temporaryFolder();
  const now = (): Date => new Date('2026-03-01T10:00:00.000Z');
  for (let time = 0; time < 2; time += 1) {
    writeFileSync(fileIn(folder), 'no database '.repeat(500));
    openHistory(folder, { now }).history.close();
  }
  assert.equal(readdirSync(folder).filter((name) => name.includes('damaged')).length, 2);
});

test('a write to a file that was removed is refused, and the next one is kept in a new one', () => {
  const folder = temporaryFolder();
  makeHistory(folder, 2);
  using history = openHistory(folder).history;
  for (const name of readdirSync(folder)) {
    rmSync(join(folder, name));
  }
  assert.throws(() => history.runs.add(exampleRun()), /removed or replaced/);
  const { id } = history.runs.add(exampleRun());
  using other = openHistory(folder, { access: 'read' }).history;
  assert.equal(other.runs.get(id)?.state, 'queued');
});

test('a file that was put in its place is used from then on', () => {
  const folder = temporaryFolder();
  const backup = temporaryFolder();
  makeHistory(backup, 5);
  makeHistory(folder, 2);
  using history = openHistory(folder).history;
  renameSync(fileIn(backup), fileIn(folder));
  rmSync(`${fileIn(folder)}-wal`, { force: true });
  rmSync(`${fileIn(folder)}-shm`, { force: true });
  assert.throws(() => history.runs.add(exampleRun()), /removed or replaced/);
  assert.equal(history.runs.list().total, 5);
});

test('a replacement that was cut anywhere is finished and told at the next opening', () => {
  const damaged = temporaryFolder();
  makeHistory(damaged);
  const page = pageWith(damaged, 'samples');
  damage(damaged, (bytes) => bytes.fill(0, page * pageBytes, (page + 1) * pageBytes));
  const fresh = temporaryFolder();
  makeHistory(fresh);
  const saved = { runs: 60, schedules: 1, alerts: 1 };
  const aside = (folder: string): string => `${fileIn(folder)}.damaged-then`;
  const states: Readonly<Record<string, (folder: string) => object>> = {
    'before the new file was begun': () => ({}),
    'while the new file was made': (folder) => {
      writeFileSync(`${fileIn(folder)}.fresh`, 'half of it');
      writeFileSync(`${fileIn(folder)}.fresh-wal`, 'and its log');
      return {};
    },
    'before the moves': (folder) => {
      copyFileSync(fileIn(fresh), `${fileIn(folder)}.fresh`);
      return { saved };
    },
    'between the moves': (folder) => {
      copyFileSync(fileIn(fresh), `${fileIn(folder)}.fresh`);
      renameSync(fileIn(folder), aside(folder));
      // The log was still to be moved.
      writeFileSync(`${fileIn(folder)}-wal`, 'of the damaged file');
      return { saved };
    },
    'before it was told': (folder) => {
      renameSync(fileIn(folder), aside(folder));
      copyFileSync(fileIn(fresh), fileIn(folder));
      return { saved };
    },
  };
  for (const [state, arrange] of Object.entries(states)) {
    const folder = temporaryFolder();
    copyFileSync(fileIn(damaged), fileIn(folder));
    const done = arrange(folder);
    writeFileSync(
      `${fileIn(folder)}.replacing`,
      JSON.stringify({ path: aside(folder), reason: 'a page is damaged', ...done }),
    );
    if (!existsSync(fileIn(folder))) {
      assert.throws(
        () => openHistory(folder, { access: 'shared' }),
        { message: /is being recovered/ },
        state,
      );
    }
    const { history, setAside } = openHistory(folder);
    using opened = history;
    assert.deepEqual(setAside, { path: aside(folder), reason: 'a page is damaged', saved }, state);
    assert.equal(opened.runs.list().total, 60, state);
    assert.equal(opened.runs.add(exampleRun()).id, 61, state);
    assert.deepEqual(
      readdirSync(folder).filter((name) => /replacing|fresh/.test(name)),
      [],
      state,
    );
    assert.deepEqual(readFileSync(aside(folder)).length, readFileSync(fileIn(damaged)).length, state);
  }
});

test('a plan that cannot be read is dropped, and the file examined like any other', () => {
  const folder = temporaryFolder();
  makeHistory(folder, 3);
  writeFileSync(`${fileIn(folder)}.replacing`, '\0\0\0');
  const { history, setAside } = openHistory(folder);
  using opened = history;
  assert.equal(setAside, undefined);
  assert.equal(opened.runs.list().total, 3);
  assert.equal(existsSync(`${fileIn(folder)}.replacing`), false);
});
