/** Which runs go, and when: those that the settings leave no room for, moved aside first, and many at once only after a while. */

import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { Database } from './database.ts';
import { headerOf, runLineOf } from './export.ts';
import { sqliteCodeOf } from './history-errors.ts';
import type { Marks } from './marks.ts';
import type { RemovedRuns } from './removed-runs.ts';
import { numberOf, optionalNumber } from './rows.ts';
import type { Row } from './rows.ts';
import { firstMoment } from './trusted-clock.ts';
import type { ClockDoubt, TrustedClock } from './trusted-clock.ts';

/** A run that is not over, and one that an alert rests on until it is resolved, are never removed. */
const removable = `state NOT IN ('queued', 'running')
  AND id NOT IN (
    SELECT run_id FROM alert_runs JOIN alerts ON alerts.id = alert_runs.alert_id WHERE alerts.state <> 'resolved'
  )`;

/** Keeps a request that comes in meanwhile from waiting longer than for a run's end. */
export const mostRemovedAtOnce = 20;

/** As few go without a word, or this share of all; more wait for so many days, unless the person asked for it. */
const smallShare = 0.1;
const daysToWait = 7;

const day = 86_400_000;

type Limits = Pick<DaemonSettings, 'retentionDays' | 'retentionRuns'>;

/** Runs that are to go, and wait. */
export interface WaitingRemoval {
  readonly due: number;
  readonly total: number;
  readonly until: Date;
  /** Some of them for their age; else they are beyond the number that is kept. */
  readonly byAge: boolean;
}

export interface Tidied {
  readonly removed: number;
  readonly waiting?: WaitingRemoval | undefined;
  readonly doubt?: ClockDoubt | undefined;
}

export interface TidyParts {
  readonly database: Database;
  readonly limits: Limits;
  readonly clock: TrustedClock;
  readonly marks: Marks;
  readonly removedRuns: RemovedRuns;
  /** The person has just set what is kept: nothing waits. */
  readonly asked: boolean;
}

/**
 * Removes what is due and may go. With {@link mostRemovedAtOnce} there may be more, and it is to be called again. To be called
 * within a transaction.
 */
export function tidy({ database, limits, clock, marks, removedRuns, asked }: TidyParts): Tidied {
  const doubt = clock.look();
  const now = clock.now();
  const due = dueRuns(database, limits, now);
  const total = countOf(database, '1', []);
  const count = due === undefined ? 0 : countOf(database, due.condition, due.values);
  const known = marks.read().removal;
  const isSmall = count <= Math.max(mostRemovedAtOnce, smallShare * total);
  const since = known?.since ?? now.getTime();
  const until = new Date(since + daysToWait * day);
  const granted = known?.granted === true || asked || now >= until;
  if (!isSmall && !granted) {
    if (known === undefined) {
      marks.change({ removal: { since, granted } });
    }
    return { removed: 0, doubt, waiting: { due: count, total, until, byAge: due?.byAge === true } };
  }
  const goesOn = count > mostRemovedAtOnce;
  // What was granted is so until it is done, over as many batches as that takes.
  if (goesOn ? known?.granted !== true && !isSmall : known !== undefined) {
    marks.change({ removal: goesOn ? { since, granted } : undefined });
  }
  const removed = applyRetention(database, limits, now, removedRuns);
  if (doubt === undefined) {
    removedRuns.expire(now);
  }
  return { removed, doubt };
}

/**
 * Returns how many runs were moved aside: with {@link mostRemovedAtOnce} there may be more, and it is to be called again.
 * Their age counts from when they came into this history.
 */
export function applyRetention(
  database: Database,
  limits: Limits,
  now: Date,
  removedRuns: RemovedRuns,
): number {
  return database.write(() => {
    const due = dueRuns(database, limits, now);
    const rows =
      due === undefined
        ? []
        : database.all(
            `SELECT * FROM runs WHERE ${due.condition} AND ${removable} ORDER BY id LIMIT ${mostRemovedAtOnce}`,
            due.values,
          );
    if (rows.length > 0) {
      // On the disk before they go: where the process ends in between, they are there twice, which an import notices.
      const lines = rows.map((row) => lineOf(database, row));
      removedRuns.append(headerOf(now), lines, now);
    }
    for (const row of rows) {
      const id = numberOf(row, 'id');
      database.run('DELETE FROM runs WHERE id = ?', [id]);
      database.unreadable.forget('runs', id);
    }
    giveBackPages(database);
    return rows.length;
  });
}

/** One that cannot be read goes as its bare row, which a person can read. */
function lineOf(database: Database, row: Row): string {
  try {
    return runLineOf(database, row);
  } catch (error) {
    if (sqliteCodeOf(error) !== undefined) {
      throw error;
    }
    return JSON.stringify({ kind: 'unreadable-run', row });
  }
}

interface DueRuns {
  readonly condition: string;
  readonly values: (string | number)[];
  readonly byAge: boolean;
}

/** Undefined where none is. */
function dueRuns(
  database: Database,
  { retentionDays, retentionRuns }: Limits,
  now: Date,
): DueRuns | undefined {
  const byAge =
    retentionDays > 0 ? olderThan(database, new Date(now.getTime() - retentionDays * day), now) : [];
  const last = retentionRuns > 0 ? lastBeyond(database, retentionRuns) : undefined;
  const all = [...byAge, ...(last === undefined ? [] : [{ condition: 'id <= ?', values: [last] }])];
  return all.length === 0
    ? undefined
    : {
        condition: `(${all.map(({ condition }) => condition).join(' OR ')})`,
        values: all.flatMap(({ values }) => values),
        byAge: byAge.some(({ condition, values }) => countOf(database, condition, values) > 0),
      };
}

/**
 * One that came after a run that is young enough is younger still, though its own date, of a wrong clock, says otherwise; and
 * one of before {@link firstMoment} has no age.
 */
function olderThan(
  database: Database,
  oldest: Date,
  now: Date,
): { readonly condition: string; readonly values: (string | number)[] }[] {
  const [from, to] = [oldest.toISOString(), now.toISOString()];
  const young = database.get('SELECT min(id) AS id FROM runs WHERE recorded_at BETWEEN ? AND ?', [from, to]);
  const before = young === undefined ? undefined : optionalNumber(young, 'id');
  return [
    {
      condition: '(recorded_at >= ? AND recorded_at < ? AND id < ?)',
      values: [new Date(firstMoment).toISOString(), from, before ?? Number.MAX_SAFE_INTEGER],
    },
  ];
}

const countOf = (database: Database, condition: string, values: (string | number)[]): number =>
  numberOf(
    database.get(`SELECT count(*) AS count FROM runs WHERE ${condition} AND ${removable}`, values) ?? {},
    'count',
  );

/** Pages of 4 KiB that stay for what comes next, and how many go at once beyond them. */
const sparePages = 1000;
const mostPagesAtOnce = 1000;

/** The pages of a removed run are reused by the next; where many runs were removed, the disk gets the pages back. */
function giveBackPages(database: Database): void {
  const free = numberOf(database.get('PRAGMA freelist_count') ?? {}, 'freelist_count');
  if (free > sparePages) {
    database.all(`PRAGMA incremental_vacuum(${Math.min(free - sparePages, mostPagesAtOnce)})`);
  }
}

/** The id of the newest run that is not one of the `kept` newest. Counts from the old end, where few are. */
function lastBeyond(database: Database, kept: number): number | undefined {
  const count = numberOf(database.get('SELECT count(*) AS count FROM runs') ?? {}, 'count');
  const row =
    count <= kept
      ? undefined
      : database.get('SELECT id FROM runs ORDER BY id LIMIT 1 OFFSET ?', [count - kept - 1]);
  return row === undefined ? undefined : numberOf(row, 'id');
}
