/** Pages of runs are found by their indexes, however many runs there are. */

import assert from 'node:assert/strict';
import type { SQLInputValue } from 'node:sqlite';
import { test } from 'node:test';
import { exampleMoment, exampleRun } from '@tidemark/shared/test/example-messages.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { connect } from './connect.ts';
import { Database } from './database.ts';
import type { Row } from './rows.ts';
import { insertRun } from './run-row.ts';
import { RunQueries } from './run-queries.ts';
import type { RunFilter } from './run-queries.ts';

/** Remembers how SQLite goes about each query. */
class ExplainingDatabase extends Database {
  readonly plans: { readonly sql: string; readonly steps: string[] }[] = [];

  override get(sql: string, values: SQLInputValue[] = []): Row | undefined {
    this.#explain(sql, values);
    return super.get(sql, values);
  }

  override all(sql: string, values: SQLInputValue[] = []): Row[] {
    this.#explain(sql, values);
    return super.all(sql, values);
  }

  #explain(sql: string, values: SQLInputValue[]): void {
    const steps = super.all(`EXPLAIN QUERY PLAN ${sql}`, values).map((row) => String(row['detail']));
    this.plans.push({ sql, steps });
  }
}

function plansOf(ask: (runs: RunQueries) => void): ExplainingDatabase['plans'] {
  const folder = temporaryFolder();
  const path = `${folder}/history.sqlite`;
  using database = new ExplainingDatabase(path, connect(path, 'own'));
  insertRun(database, exampleRun(), { recordedAt: exampleMoment(0) });
  ask(new RunQueries(database));
  // A row by its number is found however many there are.
  return database.plans.filter(
    ({ sql }) => !/ FROM (runs WHERE id|run_requests WHERE run_id) = \?$/u.test(sql),
  );
}

const filters: readonly RunFilter[] = [
  { kind: 'profile' },
  { model: 'bf16' },
  { state: 'complete' },
  { leak: 'leak' },
  { scheduleId: 1 },
];

/** Every combination of them. */
const combinations = Array.from(
  { length: 2 ** filters.length },
  (_, bits) =>
    Object.assign({}, ...filters.filter((_filter, place) => (bits >> place) % 2 === 1)) as RunFilter,
);

test('no page of runs has to be sorted, whatever the filter', () => {
  const plans = plansOf((runs) => {
    for (const filter of combinations) {
      runs.list(filter);
      runs.list({ ...filter, before: 100 });
    }
  });
  assert.equal(plans.length, 4 * combinations.length);
  for (const { sql, steps } of plans) {
    assert.ok(!steps.some((step) => step.includes('TEMP B-TREE')), `${sql}: ${steps.join('; ')}`);
  }
});

test('with one filter the runs that it leaves out are not read', () => {
  for (const filter of filters) {
    for (const { sql, steps } of plansOf((runs) => runs.list(filter))) {
      assert.ok(!steps.some((step) => step.startsWith('SCAN')), `${sql}: ${steps.join('; ')}`);
    }
  }
});

test('past checks and peaks for a status are found by their indexes', () => {
  const plans = plansOf((runs) => {
    runs.checksOf(1, { limit: 30 });
    runs.recentPeaks(30);
    runs.lastCheck();
  });
  assert.equal(plans.length, 4);
  for (const { sql, steps } of plans) {
    assert.ok(
      steps.every((step) => /^SEARCH (runs USING INDEX|run_requests USING INTEGER PRIMARY KEY) /.test(step)),
      `${sql}: ${steps.join('; ')}`,
    );
  }
});
