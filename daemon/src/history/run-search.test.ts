/** Runs are found by what is shown of them, in the whole history, however letters are written. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { exampleRun, finishedRun, importLines, withHistory } from '../../test/example-histories.ts';
import type { History } from './history.ts';
import { openHistory } from './history.ts';

const found = (history: History, search: string): number[] =>
  history.runs
    .list({ search, limit: 500 })
    .runs.map(({ id }) => id)
    .toReversed();

/** Eight runs that differ in all that a person can search for. */
function someRuns(history: History): void {
  finishedRun(history, {
    run: { models: ['bf16'], text: 'A Café in Zürich, 100% full.' },
    end: { state: 'complete' },
  });
  finishedRun(history, {
    run: { models: ['4bit-fp32'], voice: 'bm_george', text: 'snake_case and the number 16.' },
  });
  const schedule = { kind: 'schedule', scheduleId: 3, scheduleName: 'Nightly' } as const;
  finishedRun(history, {
    run: { trigger: schedule, text: 'Ναι, ΟΔΟΣ. Straße.' },
    end: { state: 'failed', document: undefined, reason: 'The model host exceeded the memory limit.' },
  });
  finishedRun(history, { end: { state: 'cancelled', document: undefined } });
  const { id } = history.runs.add(exampleRun({ kind: 'study', models: ['bf16', '/models/My "Kokoro"'] }));
  history.runs.begin(id);
  history.runs.add(exampleRun({ text: 'There is no leak in this boat.' }));
  history.runs.add(
    exampleRun({
      text: undefined,
      request: { kind: 'profile', parameters: { texts: ['First line.', 'Second one.'] } },
    }),
  );
  finishedRun(history, {
    run: { workload: { engine: 'mlx-audio' }, text: 'Hi.' },
    end: { state: 'interrupted', document: undefined },
  });
}

const searches: readonly (readonly [search: string, ids: readonly number[]])[] = [
  // Models, voices, texts, and the names of schedules, in any part of a word.
  ['4bit', [2]],
  ['GEORGE', [2]],
  ['bf16 café', [1]],
  ['full bf16', [1]],
  ['nightly', [3]],
  ['econd', [7]],
  ['"kokoro"', [5]],
  // All of the words.
  ['café snake', []],
  // Letters without their accents and with them, of either case, composed or not.
  ['CAFE', [1]],
  ['cafe\u0301 zu\u0308rich', [1]],
  ['οδος', [3]],
  ['ΟΔΟΣ', [3]],
  ['STRASSE', [3]],
  // What would be a pattern elsewhere.
  ['%', [1]],
  ['0%', [1]],
  ['_', [1, 2, 3, 4, 5, 6, 7, 8]],
  ['e_c', [2]],
  ['*', []],
  ["'", []],
  // Numbers: of a run, or whole ones in a text, and not those in a model's name.
  ['5', [5]],
  ['#5', [5]],
  ['16', [2]],
  ['#16', []],
  ['100', [1]],
  // States and kinds as they are shown, from their beginning.
  ['failed', [3]],
  ['canceled', [4]],
  ['cancelled', [4]],
  ['running', [5]],
  ['queu', [6, 7]],
  ['study', [5]],
  ['udy', []],
  ['check failed', [3]],
  // The engine, from its beginning.
  ['mlx-audio', [8]],
  ['MLX', [8]],
  ['audio', []],
  // Why a run did not come to its end.
  ['memory limit', [3]],
  ['  \t ', [1, 2, 3, 4, 5, 6, 7, 8]],
];

test('a run is found by all words of a search in what is shown of it, and by no other', () => {
  withHistory((history) => {
    someRuns(history);
    for (const [search, ids] of searches) {
      assert.deepEqual(found(history, search), ids, search);
    }
  });
});

test('runs are listed by their engine, of which a watched program has none', () => {
  withHistory((history) => {
    someRuns(history);
    history.runs.add(exampleRun({ kind: 'watch' }));
    const of = (engine: 'tidemark' | 'mlx-audio') => history.runs.list({ engine }).runs.map(({ id }) => id);
    assert.deepEqual(of('mlx-audio'), [8]);
    assert.deepEqual(of('tidemark'), [7, 6, 5, 4, 3, 2, 1]);
    const database = new DatabaseSync(history.path);
    database.exec(`UPDATE runs SET workload = '{' WHERE id = 8`);
    database.close();
    assert.deepEqual(of('mlx-audio'), []);
  });
});

test('a verdict is found as it is shown: "leak" is not "no leak"', () => {
  withHistory((history) => {
    for (const leak of ['leak', 'no-leak', 'inconclusive']) {
      finishedRun(history);
      const database = new DatabaseSync(history.path);
      database.prepare('UPDATE runs SET leak = ? WHERE id = (SELECT max(id) FROM runs)').run(leak);
      database.close();
    }
    history.runs.add(exampleRun({ text: 'There is no leak in this boat.' }));
    for (const [search, ids] of [
      ['leak', [1, 4]],
      ['no leak', [2, 4]],
      ['No-Leak', [2, 4]],
      ['no lea', [2, 4]],
      ['bf16 no leak profile', [2, 4]],
      ['inconcl', [3]],
    ] as const) {
      assert.deepEqual(found(history, search), ids, search);
    }
  });
});

test("a run's number is found by its UUID too, which an export keeps", () => {
  withHistory((history) => {
    const runs = [finishedRun(history), finishedRun(history)];
    for (const { id, uid } of runs) {
      assert.deepEqual(found(history, uid), [id]);
      assert.deepEqual(found(history, uid.slice(0, 9).toUpperCase()), [id]);
    }
  });
});

test('a search is one filter beside the others, and has pages', () => {
  withHistory((history) => {
    for (let place = 0; place < 151; place += 1) {
      history.runs.add(
        exampleRun({ text: place % 3 === 0 ? 'Fizz.' : 'Nothing.', models: [place < 75 ? 'bf16' : 'fp32'] }),
      );
    }
    const first = history.runs.list({ search: 'fizz', limit: 20 });
    assert.deepEqual([first.total, first.runs[0]?.id, first.runs.at(-1)?.id], [51, 151, 94]);
    const rest = history.runs.list({ search: 'fizz', before: 94, limit: 50 });
    assert.deepEqual([rest.total, rest.runs.length, rest.runs.at(-1)?.id], [51, 31, 1]);
    assert.equal(history.runs.list({ search: 'fizz', model: 'bf16' }).total, 25);
    assert.equal(history.runs.list({ search: 'fizz', state: 'running' }).total, 0);
  });
});

test('an imported run is found as it was where it came from', () => {
  const lines = withHistory((history) => {
    someRuns(history);
    return [...history.exportLines()];
  });
  withHistory((history) => {
    importLines(history, lines);
    assert.equal(found(history, 'café zürich').length, 1);
    assert.equal(found(history, 'imported').length > 0, true);
  });
});

test('runs from before there was a search are found once their history was opened', () => {
  withHistory((history, folder) => {
    someRuns(history);
    const path = join(folder, 'history.sqlite');
    const database = new DatabaseSync(path);
    database.exec(`
      ALTER TABLE runs DROP COLUMN words;
      ALTER TABLE samples DROP COLUMN device_bytes;
      ALTER TABLE samples DROP COLUMN tracked_objects;
      ALTER TABLE samples DROP COLUMN python_heap_bytes;
      PRAGMA user_version = 4;
    `);
    database.close();
    using again = openHistory(folder).history;
    for (const [search, ids] of searches) {
      assert.deepEqual(found(again, search), ids, search);
    }
  });
});

test('the oldest of 10,000 runs is found by its text, and a search without hits is over soon', () => {
  withHistory((history) => {
    const database = new DatabaseSync(history.path);
    history.runs.add(exampleRun({ text: 'The needle.' }));
    database.exec(`
      WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
      INSERT INTO runs (uid, kind, state, trigger_kind, client, models, voice, text, iterations, warmup_iterations,
        recorded_at, queued_at, words)
      SELECT 'run ' || n, kind, state, trigger_kind, client, models, voice, replace(hex(zeroblob(60)), '00', 'hay '), iterations,
        warmup_iterations, recorded_at, queued_at, replace(hex(zeroblob(60)), '00', 'HAY ') FROM runs, numbers`);
    database.close();
    assert.equal(history.runs.list().total, 10_000);
    const since = performance.now();
    assert.deepEqual(found(history, 'needle'), [1]);
    assert.deepEqual(found(history, 'haystack'), []);
    // It takes 10 ms; a machine that does much else may take longer.
    assert.ok(performance.now() - since < 1000);
  });
});
