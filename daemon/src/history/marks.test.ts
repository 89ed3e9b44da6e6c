/** Numbers that were given are never given again, whatever becomes of the file that gave them. */

import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { exampleAlert, exampleRun, exampleSchedule, importLines } from '../../test/example-histories.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openHistory } from './history.ts';
import type { History } from './history.ts';

function addEach(history: History): number[] {
  return [
    history.runs.add(exampleRun()).id,
    history.schedules.add(exampleSchedule()).id,
    history.alerts.add(exampleAlert()).id,
  ];
}

/** A folder whose history gave three numbers of each kind, and its file. */
function usedFolder(): { folder: string; file: string } {
  const folder = temporaryFolder();
  using history = openHistory(folder).history;
  for (let time = 1; time <= 3; time += 1) {
    assert.deepEqual(addEach(history), [time, time, time]);
  }
  return { folder, file: join(folder, 'history.sqlite') };
}

function nextOf(folder: string): number[] {
  using history = openHistory(folder).history;
  return addEach(history);
}

const losses: Readonly<Record<string, (file: string) => void>> = {
  'was removed': (file) => rmSync(file),
  'was emptied': (file) => truncateSync(file),
  'was replaced by an empty history': (file) => {
    const other = temporaryFolder();
    openHistory(other).history.close();
    copyFileSync(join(other, 'history.sqlite'), file);
  },
  'was replaced by bytes': (file) => writeFileSync(file, 'no database '.repeat(2000)),
  'has lost its newest rows and its sequence': (file) => {
    using database = new DatabaseSync(file);
    database.exec('DELETE FROM runs WHERE id > 1; DELETE FROM schedules; DELETE FROM alerts');
    database.exec('DELETE FROM sqlite_sequence');
  },
  'has a sequence that cannot be read': (file) => {
    const [page, size] = ((): [number, number] => {
      using database = new DatabaseSync(file);
      const root = database
        .prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_sequence'`)
        .get();
      return [Number(root?.['rootpage']), Number(database.prepare('PRAGMA page_size').get()?.['page_size'])];
    })();
    writeSync(openSync(file, 'r+'), Buffer.alloc(size, 0xff), 0, size, (page - 1) * size);
  },
  'has a sequence that is set back': (file) => {
    using database = new DatabaseSync(file);
    database.exec('DELETE FROM runs; DELETE FROM schedules; DELETE FROM alerts');
    database.exec('UPDATE sqlite_sequence SET seq = 1');
  },
};

for (const [what, lose] of Object.entries(losses)) {
  test(`a history that ${what} goes on after the last number`, () => {
    const { folder, file } = usedFolder();
    lose(file);
    assert.deepEqual(nextOf(folder), [4, 4, 4]);
  });
}

test('an older copy that was put back goes on after the last number', () => {
  const { folder, file } = usedFolder();
  const copy = join(temporaryFolder(), 'copy');
  copyFileSync(file, copy);
  assert.deepEqual(nextOf(folder), [4, 4, 4]);
  assert.deepEqual(nextOf(folder), [5, 5, 5]);
  copyFileSync(copy, file);
  assert.deepEqual(nextOf(folder), [6, 6, 6]);
});

test('a file that is removed in use goes on after the last number', () => {
  const folder = temporaryFolder();
  using history = openHistory(folder).history;
  addEach(history);
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(join(folder, `history.sqlite${suffix}`), { force: true });
  }
  assert.throws(() => addEach(history), { code: 'history' });
  assert.deepEqual(addEach(history), [2, 2, 2]);
});

test('numbers of imports, of deleted rows, and of another process count too', () => {
  const { folder, file } = usedFolder();
  const lines = ((): string[] => {
    using history = openHistory(folder).history;
    history.runs.add(exampleRun());
    history.runs.remove(history.runs.finish(4, { state: 'cancelled' }).id);
    return [...history.exportLines()];
  })();
  const other = temporaryFolder();
  openHistory(other).history.close();
  {
    using shared = openHistory(other, { access: 'shared' }).history;
    assert.equal(importLines(shared, lines).added, 3);
  }
  rmSync(file);
  rmSync(join(other, 'history.sqlite'));
  assert.equal(nextOf(folder)[0], 5);
  assert.equal(nextOf(other)[0], 4);
});

test('a number that cannot be noted is not given', () => {
  const { folder, file } = usedFolder();
  using history = openHistory(folder).history;
  rmSync(`${file}.marks`);
  mkdirSync(join(`${file}.marks`, 'in the way'), { recursive: true });
  assert.throws(() => history.runs.add(exampleRun()), { code: 'not-writable', message: /marks cannot be/ });
  assert.equal(history.runs.list().total, 3);
  rmSync(`${file}.marks`, { recursive: true });
  assert.equal(history.runs.add(exampleRun()).id, 4);
});

test('marks that are damaged say nothing, and are written again', () => {
  const { folder, file } = usedFolder();
  for (const content of ['', '{"numbers":', '{"numbers":{"runs":-1}}', 'null']) {
    writeFileSync(`${file}.marks`, content);
    openHistory(folder).history.close();
  }
  assert.deepEqual(nextOf(folder), [4, 4, 4]);
  rmSync(file);
  assert.deepEqual(nextOf(folder), [5, 5, 5]);
});

test('what a process left that was killed while it noted a number goes at the next opening', () => {
  const { folder } = usedFolder();
  const left = ['1a2b3c4d', '5e6f7a8b'].map((word) => join(folder, `.history.sqlite.marks.${word}.part`));
  left.forEach((path) => writeFileSync(path, '{"numbers":{"ru'));
  openHistory(folder, { access: 'shared' }).history.close();
  assert.deepEqual(left.map(existsSync), [true, true]);
  openHistory(folder).history.close();
  assert.deepEqual(left.map(existsSync), [false, false]);
});
