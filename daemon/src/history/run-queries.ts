/** What is asked of the history's runs: one with all that is kept of it, pages of them, and past checks. */

import type { SQLInputValue } from 'node:sqlite';
import * as v from 'valibot';
import { fewestIterations } from '@tidemark/shared/analysis/leak-rule.ts';
import { picturesInstead } from '@tidemark/shared/analysis/trace/picture.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Parameters, Result, RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import type {
  LeakSummary,
  RunKind,
  RunRecord,
  RunState,
  UnreadableRow,
} from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';
import { workloadRequest } from '@tidemark/shared/protocol/workload.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import { profileDefaults } from '../profiler/settings.ts';
import type { Database } from './database.ts';
import { defined, jsonOf, numberOf, optionalText } from './rows.ts';
import type { Row } from './rows.ts';
import { documentOf, thinnedSamplesOf } from './run-contents.ts';
import { listedRunColumns, recordOf, runColumns } from './run-row.ts';
import { engineConditions, searchConditions } from './run-search.ts';
import type { Condition } from './run-search.ts';

/** As of the request `getRun`; all samples without a limit. */
export type DetailOptions = Omit<Parameters<'getRun'>, 'runId'>;

const shownDocument = (
  document: RunDocument | undefined,
  traceColumns: number | undefined,
): Pick<RunDetail, 'document' | 'pictures'> =>
  document === undefined || traceColumns === undefined
    ? { document }
    : picturesInstead(document, traceColumns);

export interface RunFilter {
  /** Default: 50. */
  readonly limit?: number | undefined;
  /** Only runs with smaller ids. */
  readonly before?: number | undefined;
  readonly kind?: RunKind | undefined;
  readonly model?: string | undefined;
  readonly state?: RunState | undefined;
  readonly leak?: LeakSummary | undefined;
  readonly engine?: EngineName | undefined;
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

  /** Undefined for a run that is not there or cannot be read. */
  get(id: number): RunRecord | undefined {
    return this.database.read(() => this.judged(id, ({ record }) => record));
  }

  /** Throws a TidemarkError: 'not-found', or 'history' for one that cannot be read. */
  need(id: number): RunRecord {
    return this.database.read(() => {
      this.refuseMissing(id);
      return this.database.unreadable.need('runs', id, () => recordOf(this.#rowOf(id, runColumns) ?? {}));
    });
  }

  /** What `read` makes of a run and its row; undefined where it is not there or cannot be read. */
  protected judged<Result>(
    id: number,
    read: (run: { readonly record: RunRecord; readonly row: Row }) => Result,
    columns = runColumns,
  ): Result | undefined {
    return this.database.unreadable.judge('runs', id, () => {
      const row = this.#rowOf(id, columns);
      return row === undefined ? undefined : read({ record: recordOf(row), row });
    });
  }

  #rowOf(id: number, columns: string): Row | undefined {
    return this.database.get(`SELECT ${columns} FROM runs WHERE id = ?`, [id]);
  }

  protected refuseMissing(id: number): void {
    if (this.database.get('SELECT 1 FROM runs WHERE id = ?', [id]) === undefined) {
      throw new TidemarkError('not-found', `There is no run ${id}.`, {
        hint: 'Run `tidemark runs` to list the runs.',
      });
    }
  }

  /** The samples of a study are those of its models, one after the other. Throws 'not-found'. */
  detail(
    id: number,
    { document: withDocument = true, samples = Number.MAX_SAFE_INTEGER, traceColumns }: DetailOptions = {},
  ): RunDetail {
    return this.database.read(() => {
      const record = this.need(id);
      return this.database.unreadable.needPart('runs', id, () =>
        defined({
          record,
          ...(withDocument ? shownDocument(documentOf(this.database, id), traceColumns) : {}),
          samples: thinnedSamplesOf(this.database, id, samples),
        }),
      );
    });
  }

  /** What it was added with; undefined for an imported run. Throws a Refusal for what is not JSON. */
  request(id: number): unknown {
    return this.database.read(() => {
      const row = this.database.get('SELECT request FROM run_requests WHERE run_id = ?', [id]);
      return row === undefined ? undefined : jsonOf(row, 'request');
    });
  }

  /**
   * Newest first, with the beginnings of long texts. `total` counts all that the filter lets through, of whatever page. A page is
   * shorter than the limit where it would be too long for an answer.
   */
  list({
    limit = 50,
    before,
    model,
    kind,
    state,
    leak,
    engine,
    scheduleId,
    search = '',
  }: RunFilter = {}): Result<'listRuns'> & { readonly hasMore: boolean } {
    const ofRuns = [
      ...given('kind', kind),
      ...given('state', state),
      ...given('leak', leak),
      ...given('schedule_id', scheduleId),
      ...engineConditions(engine),
      ...searchConditions(search),
    ];
    // The models' table has the runs of a model in the order of their ids, and a CROSS JOIN keeps that order in SQLite.
    const [from, id] =
      model === undefined ? ['runs', 'id'] : ['run_models CROSS JOIN runs ON runs.id = run_id', 'run_id'];
    const all = [...given('model', model), ...ofRuns];
    const countedIn = model !== undefined && ofRuns.length === 0 ? 'run_models' : from;
    return this.database.read(() => {
      const [count = {}] = this.database.all(
        `SELECT count(*) AS total FROM ${countedIn} ${where(all)}`,
        valuesOf(all),
      );
      const idsBefore = (end: number): number[] => {
        const page = [...all, ...given(id, end, '<')];
        return this.database
          .all(`SELECT ${id} AS id FROM ${from} ${where(page)} ORDER BY ${id} DESC LIMIT ?`, [
            ...valuesOf(page),
            limit + 1,
          ])
          .map((row) => numberOf(row, 'id'));
      };
      return {
        ...this.#page(idsBefore, before ?? Number.MAX_SAFE_INTEGER, limit),
        total: numberOf(count, 'total'),
      };
    });
  }

  /** As many as asked for and fit; rows that cannot be read take no one's place. */
  #page(
    idsBefore: (end: number) => readonly number[],
    before: number,
    limit: number,
  ): Pick<Result<'listRuns'>, 'runs' | 'unreadable'> & { readonly hasMore: boolean } {
    const { unreadable } = this.database;
    const runs: RunRecord[] = [];
    const refused: UnreadableRow[] = [];
    const answer = (hasMore: boolean) =>
      defined({ runs, hasMore, unreadable: refused.length === 0 ? undefined : refused });
    let bytes = 0;
    for (let end = before; ;) {
      const ids = idsBefore(end);
      for (const id of ids) {
        if (runs.length >= limit) {
          return answer(true);
        }
        const record = this.judged(id, (run) => run.record, listedRunColumns);
        bytes += record === undefined ? 0 : Buffer.byteLength(JSON.stringify(record));
        if (bytes > mostPageBytes && runs.length > 0) {
          return answer(true);
        }
        if (record !== undefined) {
          runs.push(record);
        } else if (refused.length < mostRefused && unreadable.isKnown('runs', id)) {
          refused.push({ id, reason: unreadable.reasonOf('runs', id) });
        }
        end = id;
      }
      if (ids.length <= limit) {
        return answer(false);
      }
    }
  }

  /** The checks of a schedule, newest first: complete ones, or with `all` whatever they came to. */
  checksOf(scheduleId: number, { limit, before, all = false }: CheckOptions): CheckRecord[] {
    return this.database.read(() =>
      this.database
        .all(
          `SELECT id FROM runs
           WHERE schedule_id = ? AND id < ? ${all ? '' : `AND state = 'complete'`} ORDER BY id DESC LIMIT ?`,
          [scheduleId, before ?? Number.MAX_SAFE_INTEGER, limit],
        )
        .flatMap((row) => {
          const read = this.judged(numberOf(row, 'id'), (run) => ({
            ...run.record,
            hostInstance: optionalText(run.row, 'host_instance'),
          }));
          return read === undefined ? [] : [defined(read)];
        }),
    );
  }

  /**
   * Peaks of the newest profiles of this machine, oldest first, and what they are of: only those that did the same work as the
   * newest one, since another model, text or setting has another peak.
   */
  recentPeaks(limit: number): Pick<DaemonStatus, 'recentPeaks' | 'recentPeaksOf'> {
    return this.database.read(() => {
      const newest = this.#firstReadable(
        `SELECT id FROM runs WHERE ${isProfileWithFigures} ORDER BY id DESC LIMIT ?`,
      );
      if (newest === undefined) {
        return { recentPeaks: [] };
      }
      const columns = ['models', 'voice', 'text', 'workload', 'iterations', 'warmup_iterations'] as const;
      const asKept = this.database.get(`SELECT ${columns.join(', ')} FROM runs WHERE id = ?`, [newest.id]);
      const alike = this.database.all(
        `SELECT id FROM runs WHERE ${isProfileWithFigures} AND
           ${columns.map((name) => `${name} IS ?`).join(' AND ')} ORDER BY id DESC LIMIT ?`,
        [...columns.map((name) => asKept?.[name] ?? null), 10 * limit],
      );
      const work = this.#furtherSettings(newest.id);
      const { models, voice, text, workload, iterations, warmupIterations } = newest;
      return {
        recentPeaksOf: defined({
          model: models[0] ?? '',
          // A profile has one.
          voice: voice ?? '',
          text,
          workload,
          iterations,
          warmupIterations,
        }),
        recentPeaks: alike
          .map((row) => numberOf(row, 'id'))
          .filter((id) => this.#furtherSettings(id) === work)
          .slice(0, limit)
          .flatMap((each) => this.judged(each, ({ record }) => record, listedRunColumns) ?? [])
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
      const newest = this.#firstReadable(
        `SELECT id FROM runs
         WHERE kind = 'profile' AND state = 'complete' AND leak IS NOT NULL AND
           (trigger_kind = 'schedule' OR (trigger_kind = 'request' AND iterations >= ${fewestIterations}))
         ORDER BY id DESC LIMIT ?`,
      );
      if (newest === undefined) {
        return undefined;
      }
      const {
        id,
        endedAt,
        models: [model = ''],
        leak,
        finding,
        queuedAt,
      } = newest;
      return defined({ runId: id, at: endedAt ?? queuedAt, model, leak, finding });
    });
  }

  #firstReadable(ids: string): RunRecord | undefined {
    for (const row of this.database.all(ids, [mostTried])) {
      const record = this.judged(numberOf(row, 'id'), (run) => run.record, listedRunColumns);
      if (record !== undefined) {
        return record;
      }
    }
    return undefined;
  }

  /**
   * What a run was asked for beside what its columns say, as a text that is the same for the same; undefined where that cannot be
   * read.
   */
  #furtherSettings(id: number): string | undefined {
    const request = this.database.unreadable.attempt(() => ({ asked: this.request(id) }));
    if (request === undefined) {
      return undefined;
    }
    const { seed, deterministic, speed } = profileDefaults;
    const given = v.is(requested, request.asked) ? request.asked.parameters : {};
    const settings = { seed, deterministic, speed, host: 'held', ...given };
    return JSON.stringify(
      Object.entries(settings)
        .filter(([name]) => !inColumns.includes(name))
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
}

const isProfileWithFigures = `kind = 'profile' AND peak_bytes IS NOT NULL AND trigger_kind <> 'import'`;

/** Half of what an answer may hold, so that what is around the runs has room. */
const mostPageBytes = wireLimits.responseBytes / 2;

/** Of one answer. */
const mostRefused = 100;

/** A history with more unreadable runs in a row shows nothing of the runs before them at a glance. */
const mostTried = 100;

const requested = v.object({ parameters: v.record(v.string(), v.unknown()) });

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
