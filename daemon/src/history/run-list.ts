/** Pages of the history's runs, newest first, by what a client asks for. */

import type { SQLInputValue } from 'node:sqlite';
import type {
  LeakSummary,
  RunKind,
  RunRecord,
  RunState,
} from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Database } from './database.ts';
import { numberOf } from './rows.ts';
import { recordColumns, recordOf } from './run-row.ts';

export interface RunFilter {
  /** Default: 50. */
  readonly limit?: number | undefined;
  /** Only runs with smaller ids. */
  readonly before?: number | undefined;
  readonly kind?: RunKind | undefined;
  readonly model?: string | undefined;
  readonly state?: RunState | undefined;
  readonly leak?: LeakSummary | undefined;
  readonly scheduleId?: number | undefined;
}

/** `total` counts all that the filter lets through, of whatever page. */
export function listRuns(
  database: Database,
  { limit = 50, before, model, ...filter }: RunFilter,
): { runs: RunRecord[]; total: number } {
  const { conditions, values } = conditionsOf(filter);
  if (model !== undefined) {
    values['model'] = model;
  }
  // The models' table has the runs of a model in the order of their ids, and a CROSS JOIN keeps that order in SQLite.
  const joined = {
    from: 'run_models CROSS JOIN runs',
    conditions: ['model = :model', 'id = run_id', ...conditions],
  };
  const { page, counted, id } =
    model === undefined
      ? { page: { from: 'runs', conditions }, counted: { from: 'runs', conditions }, id: 'id' }
      : {
          page: joined,
          counted: conditions.length > 0 ? joined : { from: 'run_models', conditions: ['model = :model'] },
          id: 'run_id',
        };
  return database.read(() => {
    const rows = database.all(
      `SELECT ${recordColumns} FROM ${page.from}
       ${where([...page.conditions, ...(before === undefined ? [] : [`${id} < :before`])])}
       ORDER BY ${id} DESC LIMIT :limit`,
      { ...values, limit, ...(before === undefined ? {} : { before }) },
    );
    const count = database.get(
      `SELECT count(*) AS total FROM ${counted.from} ${where(counted.conditions)}`,
      values,
    );
    return { runs: rows.map(recordOf), total: count === undefined ? 0 : numberOf(count, 'total') };
  });
}

const where = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;

/** One text for each combination of filters, so that its statement is prepared once. */
function conditionsOf({ kind, state, leak, scheduleId }: Omit<RunFilter, 'limit' | 'before' | 'model'>): {
  readonly conditions: readonly string[];
  readonly values: Record<string, SQLInputValue>;
} {
  const filters: readonly [condition: string, name: string, value: SQLInputValue | undefined][] = [
    ['kind = :kind', 'kind', kind],
    ['state = :state', 'state', state],
    ['leak = :leak', 'leak', leak],
    ['schedule_id = :scheduleId', 'scheduleId', scheduleId],
  ];
  const used = filters.filter(([, , value]) => value !== undefined);
  return {
    conditions: used.map(([condition]) => condition),
    values: Object.fromEntries(used.map(([, name, value]) => [name, value ?? null])),
  };
}
