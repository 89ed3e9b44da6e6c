/** What is asked of the history's runs: one with all that is kept of it, pages of them, and past checks. */

import type { SQLInputValue } from 'node:sqlite';
import { fewestIterations } from '@tidemark/shared/analysis/leak-rule.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import type {
  LeakSummary,
  RunKind,
  RunRecord,
  RunState,
} from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { workloadRequest } from '@tidemark/shared/protocol/workload.ts';
import { profileDefaults } from '../profiler/settings.ts';
import type { Database } from './database.ts';
import { defined, numberOf, optionalText, textOf } from './rows.ts';
import type { Row } from './rows.ts';
import { documentOf, thinnedSamplesOf } from './run-contents.ts';
import { recordOf } from './run-row.ts';
import { searchConditions } from './run-search.ts';
import type { Condition } from './run-search.ts';

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
  /** Words that are all to be found in what is shown of a run; letters differ neither by case nor by accents. */
  readonly search?: string | undefined;
}

/** With the process that measured it: only checks of the same process show what grows from one to the next. */
export type CheckRecord = RunRecord & { readonly hostInstance?: string | undefined };

export interface CheckOptions {
  readonly limit: number;
  /** Only checks with smaller ids. */
  readonly before?: number | undefined;
  /** Checks in any state; by default only complete ones. */
  readonly all?: boolean | undefined;
}

export class RunQueries {
  protected readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  get(id: number): RunRecord | undefined {
    return this.database.read(() => {
      const row = this.database.get('SELECT * FROM runs WHERE id = ?', [id]);
      return row === undefined ? undefined : recordOf(row);
    });
  }

  /** Throws a TidemarkError: 'not-found'. */
  need(id: number): RunRecord {
    const record = this.get(id);
    if (record === undefined) {
      throw new TidemarkError('not-found', `There is no run ${id}.`, {
        hint: 'Run `tidemark runs` to list the runs.',
      });
    }
    return record;
  }

  /** All samples without a limit; those of a study are those of its models, one after the other. Throws 'not-found'. */
  detail(
    id: number,
    {
      document: withDocument = true,
      samples = Number.MAX_SAFE_INTEGER,
    }: { readonly document?: boolean | undefined; readonly samples?: number | undefined } = {},
  ): RunDetail {
    return this.database.read(() =>
      defined({
        record: this.need(id),
        document: withDocument ? documentOf(this.database, id) : undefined,
        samples: thinnedSamplesOf(this.database, id, samples),
      }),
    );
  }

  /** What it was added with; undefined for an imported run. */
  request(id: number): unknown {
    return this.database.read(() => {
      const row = this.database.get('SELECT request FROM run_requests WHERE run_id = ?', [id]);
      return row === undefined ? undefined : (JSON.parse(textOf(row, 'request')) as unknown);
    });
  }

  /** Newest first. `total` counts all that the filter lets through, of whatever page. */
  list({ limit = 50, before, model, kind, state, leak, scheduleId, search = '' }: RunFilter = {}): {
    runs: RunRecord[];
    total: number;
  } {
    const ofRuns = [
      ...given('kind', kind),
      ...given('state', state),
      ...given('leak', leak),
      ...given('schedule_id', scheduleId),
      ...searchConditions(search),
    ];
    // The models' table has the runs of a model in the order of their ids, and a CROSS JOIN keeps that order in SQLite.
    const [from, id] =
      model === undefined ? ['runs', 'id'] : ['run_models CROSS JOIN runs ON runs.id = run_id', 'run_id'];
    const all = [...given('model', model), ...ofRuns];
    const page = [...all, ...given(id, before, '<')];
    const countedIn = model !== undefined && ofRuns.length === 0 ? 'run_models' : from;
    return this.database.read(() => {
      const rows = this.database.all(
        `SELECT runs.* FROM ${from} ${where(page)} ORDER BY ${id} DESC LIMIT ?`,
        [...valuesOf(page), limit],
      );
      const [count = {}] = this.database.all(
        `SELECT count(*) AS total FROM ${countedIn} ${where(all)}`,
        valuesOf(all),
      );
      return { runs: rows.map(recordOf), total: numberOf(count, 'total') };
    });
  }

  /** The checks of a schedule, newest first: complete ones, or with `all` whatever they came to. */
  checksOf(scheduleId: number, { limit, before, all = false }: CheckOptions): CheckRecord[] {
    return this.database.read(() =>
      this.database
        .all(
          `SELECT * FROM runs
           WHERE schedule_id = ? AND id < ? ${all ? '' : `AND state = 'complete'`} ORDER BY id DESC LIMIT ?`,
          [scheduleId, before ?? Number.MAX_SAFE_INTEGER, limit],
        )
        .map((row) => defined({ ...recordOf(row), hostInstance: optionalText(row, 'host_instance') })),
    );
  }

  /**
   * Peaks of the newest profiles of this machine, oldest first, and what they are of: only those that did the same work as the
   * newest one, since another model, text or setting has another peak.
   */
  recentPeaks(limit: number): Pick<DaemonStatus, 'recentPeaks' | 'recentPeaksOf'> {
    return this.database.read(() => {
      const [newest] = this.database.all(`${profilesWithFigures} ORDER BY id DESC LIMIT 1`);
      if (newest === undefined) {
        return { recentPeaks: [] };
      }
      const columns = ['models', 'voice', 'text', 'workload', 'iterations', 'warmup_iterations'] as const;
      const alike = this.database.all(
        `${profilesWithFigures} AND ${columns.map((name) => `${name} IS ?`).join(' AND ')} ORDER BY id DESC LIMIT ?`,
        [...columns.map((name) => newest[name] ?? null), 10 * limit],
      );
      const work = furtherSettings(newest);
      const { models, voice, text, workload, iterations, warmupIterations } = recordOf(newest);
      return {
        recentPeaksOf: defined({
          model: models[0] ?? '',
          voice,
          text,
          workload,
          iterations,
          warmupIterations,
        }),
        recentPeaks: alike
          .filter((row) => furtherSettings(row) === work)
          .slice(0, limit)
          .map(recordOf)
          .flatMap(({ id, endedAt, models: [model], figures }) =>
            endedAt === undefined || model === undefined || figures === undefined
              ? []
              : [
                  {
                    runId: id,
                    at: endedAt,
                    model,
                    peakBytes: figures.peakBytes,
                    activeBytes: figures.activeBytes,
                  },
                ],
          )
          .reverse(),
      };
    });
  }

  /** The newest leak check. The condition is that of `isLeakCheck`, which a test holds it to. */
  lastCheck(): DaemonStatus['lastCheck'] {
    return this.database.read(() => {
      const row = this.database.get(
        `SELECT * FROM runs
         WHERE kind = 'profile' AND state = 'complete' AND leak IS NOT NULL AND
           (trigger_kind = 'schedule' OR (trigger_kind = 'request' AND iterations >= ?))
         ORDER BY id DESC LIMIT 1`,
        [fewestIterations],
      );
      if (row === undefined) {
        return undefined;
      }
      const {
        id,
        endedAt,
        models: [model = ''],
        leak,
        finding,
        queuedAt,
      } = recordOf(row);
      return defined({ runId: id, at: endedAt ?? queuedAt, model, leak, finding });
    });
  }
}

const profilesWithFigures = `SELECT runs.*, request FROM runs LEFT JOIN run_requests ON run_id = id
  WHERE kind = 'profile' AND peak_bytes IS NOT NULL AND trigger_kind <> 'import'`;

/** What a run was asked for beside what its columns say, as a text that is the same for the same. */
function furtherSettings(row: Row): string {
  const request = optionalText(row, 'request');
  const { parameters } = (request === undefined ? {} : JSON.parse(request)) as { parameters?: object };
  const { seed, deterministic, speed } = profileDefaults;
  const settings = { seed, deterministic, speed, host: 'held', ...parameters };
  return JSON.stringify(
    Object.entries(settings)
      .filter(([name]) => !inColumns.includes(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const inColumns = [
  'model',
  'voice',
  'text',
  'iterations',
  'warmupIterations',
  ...Object.keys(workloadRequest),
];

/** One text for each combination of conditions, so that its statement is prepared once. */
const given = (column: string, value: SQLInputValue | undefined, operator: '=' | '<' = '='): Condition[] =>
  value === undefined ? [] : [[`${column} ${operator} ?`, value]];

const where = (conditions: readonly Condition[]): string =>
  conditions.length === 0 ? '' : `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`;

const valuesOf = (conditions: readonly Condition[]): SQLInputValue[] =>
  conditions.flatMap(([, ...values]) => values);
