/** Rows that cannot be read are told apart from the others, named, and removed. */

import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import {
  exampleAlert,
  exampleRun,
  exampleSchedule,
  finishedRun,
  runAtWork,
  withHistory,
} from '../../test/example-histories.ts';
import { historyFile } from './history.ts';

function change(folder: string, sql: string, ...values: (string | number | bigint | null)[]): void {
  const database = new DatabaseSync(historyFile(folder));
  try {
    database.exec('PRAGMA foreign_keys = ON');
    database.prepare(sql).run(...values);
  } finally {
    database.close();
  }
}

const unreadable = { name: 'TidemarkError', code: 'history', message: /cannot be read/u };

const badRuns: readonly (readonly [what: string, set: string])[] = [
  ['models that are not JSON', `models = '{"a'`],
  ['models of another type', `models = '"bf16"'`],
  ['no model', `models = '[]'`],
  ['an unknown kind', `kind = 'survey'`],
  ['an unknown state', `state = 'lost'`],
  ['an unknown trigger', `trigger_kind = 'oracle'`],
  ['a schedule without a number', `trigger_kind = 'schedule', schedule_id = NULL`],
  ['a uid that is none', `uid = 'x'`],
  ['a date that is none', `queued_at = 'yesterday'`],
  ['an offset that is none', `queued_at = '2026-01-01T00:00:00+5'`],
  ['a number below 0', `iterations = -1`],
  ['a number beyond 2^53', `iterations = 9007199254740993`],
  ['a figure beyond 2^53', `peak_bytes = 9223372036854775807`],
  ['figures in part', `peak_bytes = 5, active_bytes = NULL`],
  ['seconds without end', `seconds = 9e999`],
  ['an empty voice', `voice = ''`],
  ['a workload that is not JSON', `workload = 'many'`],
  ['an error that is not JSON', `error = '{'`],
  ['an unknown verdict', `leak = 'maybe'`],
];

for (const [what, set] of badRuns) {
  test(`a run with ${what} is left out, named, and can be deleted`, () => {
    withHistory((history, folder) => {
      finishedRun(history);
      finishedRun(history);
      finishedRun(history);
      change(folder, `UPDATE runs SET ${set} WHERE id = 2`);
      const { runs, unreadable: rows = [], total } = history.runs.list();
      assert.deepEqual([runs.map(({ id }) => id), rows.map(({ id }) => id), total], [[3, 1], [2], 3]);
      assert.equal(history.runs.get(2), undefined);
      assert.throws(() => history.runs.detail(2), unreadable);
      assert.equal(history.runs.recentPeaks(5).recentPeaks.length, 2);
      assert.doesNotThrow(() => history.runs.lastCheck());
      const lines = [...history.exportLines()].map((line) => JSON.parse(line) as { kind: string });
      assert.equal(lines.filter(({ kind }) => kind === 'run').length, 2);
      history.runs.remove(2);
      assert.deepEqual(history.runs.list().unreadable, undefined);
      assert.deepEqual(history.unreadable.list('runs'), []);
    });
  });
}

const brokenParts: readonly (readonly [what: string, sql: string])[] = [
  ['document is cut', 'UPDATE run_documents SET content = substr(content, 1, 20) WHERE run_id = 1'],
  ['document is of another encoding', `UPDATE run_documents SET encoding = 'none' WHERE run_id = 1`],
  ['document says to be small', 'UPDATE run_documents SET json_bytes = 1 WHERE run_id = 1'],
  ['samples have a number beyond 2^53', 'UPDATE samples SET peak_bytes = 9223372036854775807'],
];

for (const [what, sql] of brokenParts) {
  test(`a run whose ${what} is listed, not shown, not exported, and can be deleted`, () => {
    withHistory((history, folder) => {
      finishedRun(history);
      change(folder, sql);
      assert.equal(history.runs.list().runs.length, 1);
      assert.throws(() => history.runs.detail(1), unreadable);
      assert.equal([...history.exportLines()].length, 1);
      history.runs.remove(1);
      assert.equal(history.runs.list().total, 0);
    });
  });
}

test('the other runs at work are ended where one cannot be', () => {
  withHistory((history, folder) => {
    runAtWork(history);
    runAtWork(history);
    runAtWork(history);
    runAtWork(history);
    change(folder, `UPDATE runs SET models = '[' WHERE id = 1`);
    change(folder, `UPDATE run_heads SET head = '{' WHERE run_id = 2`);
    change(folder, `UPDATE samples SET taken_at = 'then', seconds = 9e999 WHERE run_id = 3`);
    assert.deepEqual(
      history.runs.interruptRunning('Gone.').map(({ id, state }) => [id, state]),
      [
        [2, 'interrupted'],
        [3, 'interrupted'],
        [4, 'interrupted'],
      ],
    );
    assert.equal(history.runs.get(3)?.figures, undefined);
    assert.equal(history.runs.detail(4).document?.kind, 'profile');
    history.runs.remove(1);
    assert.equal(history.runs.list().total, 3);
  });
});

test('the end of a run is written where its row cannot be read any more', () => {
  withHistory((history, folder) => {
    const record = runAtWork(history);
    const { request } = exampleRun();
    change(folder, `UPDATE runs SET models = '['`);
    const ended = history.runs.settle({ record, request }, { state: 'complete', document: exampleProfile() });
    assert.deepEqual([ended.id, ended.uid, ended.state], [record.id, record.uid, 'complete']);
    change(folder, `UPDATE runs SET models = '[', uid = 'other'`);
    const again = history.runs.settle({ record, request }, { state: 'complete', document: exampleProfile() });
    assert.equal(again.id, 2);
  });
});

test('a page that would be too long for an answer is shorter, and the next one goes on', () => {
  withHistory((history, folder) => {
    const models = Array.from({ length: 32 }, (_, place) => `${place}${'\u0001'.repeat(1000)}`);
    for (let made = 0; made < 70; made += 1) {
      history.runs.add(exampleRun({ models, text: 'x'.repeat(40_000) }));
    }
    change(
      folder,
      `UPDATE runs SET text = printf('%.*c', 1000000, 'y'), voice = printf('%.*c', 1000000, 'v')`,
    );
    const first = history.runs.list({ limit: 500 });
    assert.ok(first.runs.length < 70 && first.hasMore, String(first.runs.length));
    assert.ok(JSON.stringify(first).length < 9_000_000);
    assert.ok(first.runs.every(({ text = '', voice = '' }) => text.length === 200 && voice.length === 1024));
    const second = history.runs.list({ limit: 500, before: first.runs.at(-1)?.id });
    assert.deepEqual([first.runs.length + second.runs.length, second.hasMore], [70, false]);
    assert.equal(history.runs.get(1)?.text?.length, 50_000);
  });
});

const badSchedules: readonly (readonly [what: string, settings: unknown])[] = [
  ['a bad cron expression', exampleSchedule({ timing: { kind: 'cron', expression: 'now and then' } })],
  ['a minute 61', exampleSchedule({ timing: { kind: 'cron', expression: '61 3 * * *' } })],
  ['a 31 February', exampleSchedule({ timing: { kind: 'cron', expression: '0 0 31 2 *' } })],
  [
    'an impossible time zone',
    exampleSchedule({ timing: { kind: 'cron', expression: '0 3 * * *', timeZone: 'Mars/Olympus' } }),
  ],
  ['an interval of a second', exampleSchedule({ timing: { kind: 'every', seconds: 1 } })],
  ['an endless interval', exampleSchedule({ timing: { kind: 'every', seconds: Number.MAX_SAFE_INTEGER } })],
  ['no iterations', exampleSchedule({ iterations: 0 })],
  ['an unknown kind of time', { ...exampleSchedule(), timing: { kind: 'moon' } }],
  ['no model', { ...exampleSchedule(), model: undefined }],
  ['texts and a text', exampleSchedule({ text: 'One.', texts: ['Two.'] })],
  ['a list for settings', []],
  ['null for settings', null],
];

for (const [what, settings] of [...badSchedules, ['broken JSON', undefined] as const]) {
  test(`a schedule with ${what} is left out, named, and can be removed or replaced`, () => {
    withHistory((history, folder) => {
      history.schedules.add(exampleSchedule());
      history.schedules.add(exampleSchedule());
      change(
        folder,
        'UPDATE schedules SET settings = ? WHERE id = 1',
        settings === undefined ? '{"name' : JSON.stringify(settings),
      );
      const ids = (): number[] => history.schedules.list().map(({ id }) => id);
      assert.deepEqual(ids(), [2]);
      assert.deepEqual(
        history.schedules.unreadable().map(({ id }) => id),
        [1],
      );
      assert.throws(() => history.schedules.get(1), unreadable);
      assert.equal([...history.exportLines()].length, 2);
      history.schedules.change(1, exampleSchedule());
      assert.deepEqual([ids(), history.schedules.unreadable()], [[1, 2], []]);
      change(folder, `UPDATE schedules SET created_at = 'once' WHERE id = 1`);
      assert.deepEqual(ids(), [2]);
      history.schedules.remove(1);
      assert.deepEqual([ids(), history.schedules.unreadable()], [[2], []]);
    });
  });
}

test('what the daemon noted of a schedule is no reason to lose it', () => {
  withHistory((history, folder) => {
    const { id, ...settings } = history.schedules.add(exampleSchedule());
    change(
      folder,
      `UPDATE schedules SET next_at = '2026-99-99', last_skip = '{', last_run_at = 'x', last_run_id = -4`,
    );
    assert.deepEqual(history.schedules.list(), [{ id, ...settings }]);
  });
});

test('a schedule that cannot be is not written', () => {
  for (const [, settings] of badSchedules) {
    withHistory((history) => {
      assert.throws(() => history.schedules.add(settings as ReturnType<typeof exampleSchedule>));
      assert.deepEqual([history.schedules.list(), history.schedules.unreadable()], [[], []]);
    });
  }
});

test('an alert that cannot be read is left out, named, and can be removed', () => {
  for (const set of [
    `kind = 'mood'`,
    `state = 'gone'`,
    `raised_at = 'x'`,
    `schedule_id = 0`,
    `observed = 9e999`,
    `reason = ''`,
  ]) {
    withHistory((history, folder) => {
      history.alerts.add(exampleAlert());
      history.alerts.add(exampleAlert());
      change(folder, `UPDATE alerts SET ${set} WHERE id = 1`);
      const ids = (): number[] => history.alerts.list({ all: true }).map(({ id }) => id);
      assert.deepEqual([ids(), history.alerts.unreadable().map(({ id }) => id)], [[2], [1]], set);
      assert.equal([...history.exportLines()].length, 2);
      assert.deepEqual(
        [history.alerts.removeUnreadable(2), history.alerts.removeUnreadable(1)],
        [false, true],
      );
      assert.deepEqual([ids(), history.alerts.unreadable()], [[2], []]);
    });
  }
});

test('a setting that cannot be read has its default, and is named', () => {
  withHistory((history, folder) => {
    history.settings.change({ retentionDays: 7 });
    for (const value of ['{', '"x"', '-1', '1e999', 'null']) {
      change(folder, `INSERT OR REPLACE INTO settings VALUES ('idleUnloadSeconds', ?)`, value);
      const { idleUnloadSeconds, retentionDays } = history.settings.get();
      assert.deepEqual([idleUnloadSeconds, retentionDays], [900, 7], value);
      assert.deepEqual(history.settings.unreadable(), ['idleUnloadSeconds']);
    }
    history.settings.change({ idleUnloadSeconds: 60 });
    assert.deepEqual(history.settings.unreadable(), []);
  });
});

test('a file from before there were search words opens where a request is not JSON', () => {
  withHistory((history, folder) => {
    history.runs.add(exampleRun({ text: 'findable' }));
    change(folder, `UPDATE run_requests SET request = '{"a'`);
    change(folder, `UPDATE runs SET workload = '{', words = NULL`);
    assert.equal(history.runs.list().unreadable?.length, 1);
  });
});
