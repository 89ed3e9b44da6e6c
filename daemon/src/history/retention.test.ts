/** Which runs go and which stay. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import {
  exampleAlert,
  exampleRun,
  finishedRun,
  importLines,
  steppingClock,
  withHistory,
} from '../../test/example-histories.ts';
import { History } from './history.ts';
import { openDatabase } from './opening.ts';
import { mostRemovedAtOnce } from './retention.ts';

const ids = (history: History): number[] => history.runs.list({ limit: 100 }).runs.map(({ id }) => id);

const day = 86_400_000;

/** A run on each of so many days, ending today. */
function withDailyRuns(days: number, body: (history: History, today: Date) => void): void {
  const today = new Date('2026-03-31T12:00:00.000Z');
  let now = today;
  withHistory(
    (history) => {
      for (let ago = days - 1; ago >= 0; ago -= 1) {
        now = new Date(today.getTime() - ago * day);
        finishedRun(history);
      }
      body(history, today);
    },
    () => now,
  );
}

test('runs older than so many days go, with all of them', () => {
  withDailyRuns(6, (history, today) => {
    history.settings.change({ retentionDays: 3 });
    assert.equal(history.applyRetention(new Date(today.getTime() + 1)), 3);
    assert.deepEqual(ids(history), [6, 5, 4]);
    assert.equal(history.runs.list({ model: 'bf16' }).total, 3);
    assert.equal(history.applyRetention(new Date(today.getTime() + 1)), 0);
  });
});

test('at most so many runs are kept, the newest', () => {
  withDailyRuns(6, (history, today) => {
    history.settings.change({ retentionDays: 0, retentionRuns: 2 });
    assert.equal(history.applyRetention(today), 4);
    assert.deepEqual(ids(history), [6, 5]);
  });
});

test('with 0 nothing goes', () => {
  withDailyRuns(3, (history, today) => {
    history.settings.change({ retentionDays: 0, retentionRuns: 0 });
    assert.equal(history.applyRetention(new Date(today.getTime() + 10_000 * day)), 0);
    assert.equal(ids(history).length, 3);
  });
});

test('runs that an alert rests on stay until it is resolved, acknowledged or not', () => {
  withDailyRuns(5, (history, today) => {
    history.settings.change({ retentionRuns: 1 });
    const open = history.alerts.add(exampleAlert({ runIds: [1] }));
    const acknowledged = history.alerts.add(exampleAlert({ state: 'acknowledged', runIds: [2] }));
    history.alerts.add(exampleAlert({ state: 'resolved', runIds: [3] }));
    history.applyRetention(today);
    assert.deepEqual(ids(history), [5, 2, 1]);
    history.alerts.change(open.id, { state: 'resolved', resolvedAt: today.toISOString() });
    history.alerts.change(acknowledged.id, { state: 'resolved', resolvedAt: today.toISOString() });
    history.applyRetention(today);
    assert.deepEqual(ids(history), [5]);
    assert.deepEqual(history.alerts.list({ all: true }).at(-1)?.runIds, [1]);
  });
});

test('a run that is not over stays however old it is', () => {
  withDailyRuns(1, (history, today) => {
    const waiting = history.runs.add(exampleRun());
    const atWork = history.runs.add(exampleRun());
    history.runs.begin(atWork.id);
    finishedRun(history);
    history.settings.change({ retentionDays: 1, retentionRuns: 1 });
    history.applyRetention(new Date(today.getTime() + 30 * day));
    assert.deepEqual(ids(history), [atWork.id, waiting.id]);
  });
});

test('what was brought in ages from when it came', () => {
  const lines: string[] = [];
  withDailyRuns(2, (history) => void lines.push(...history.exportLines()));
  const later = new Date('2036-03-31T12:00:00.000Z');
  withHistory(
    (history) => {
      assert.equal(importLines(history, lines).added, 2);
      assert.equal(history.applyRetention(new Date(later.getTime() + 300 * day)), 0);
      assert.equal(history.applyRetention(new Date(later.getTime() + 366 * day)), 2);
    },
    () => later,
  );
});

test('many runs go in portions, and in the end all of them', () => {
  withHistory((history) => {
    importLines(
      history,
      Array.from({ length: 250 }, (_, index) => JSON.stringify({ ...exampleProfile(), seconds: 30 + index })),
    );
    history.settings.change({ retentionRuns: 10 });
    const portions = Array.from({ length: 13 }, () => history.applyRetention());
    assert.deepEqual(portions, [...Array.from({ length: 12 }, () => mostRemovedAtOnce), 0]);
    assert.deepEqual(ids(history), [250, 249, 248, 247, 246, 245, 244, 243, 242, 241]);
  });
});

test('the file gives most of its space back when many runs have gone', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'history.sqlite');
  const now = steppingClock();
  using database = openDatabase(path, { access: 'own', now, onSetAside: () => assert.fail() });
  const history = new History(database, now);
  database.write(() => {
    for (let run = 0; run < 250; run += 1) {
      const { id } = history.runs.add(exampleRun({ text: 'a'.repeat(50_000) }));
      history.runs.finish(id, { state: 'cancelled' });
    }
  });
  const pages = () => Number(database.get('PRAGMA page_count')?.['page_count']);
  const before = pages();
  history.settings.change({ retentionRuns: 1 });
  for (let time = 0; time < 16; time += 1) {
    history.applyRetention();
  }
  assert.deepEqual(ids(history), [250]);
  assert.ok(before > 3000 && pages() < 1200, `from ${before} to ${pages()} pages`);
});
