/** The schedules of the history: what a person set, and what came of it. */

import { randomUUID } from 'node:crypto';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Schedule, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { Database } from './database.ts';
import { defined, momentText, numberOf, optionalNumber, optionalText, textOf } from './rows.ts';
import type { Row } from './rows.ts';

export type StoredSchedule = Schedule;

export type ScheduleSkip = NonNullable<Schedule['lastSkip']>;

export class ScheduleTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  all(): StoredSchedule[] {
    return this.#database.read(() =>
      this.#database.all('SELECT * FROM schedules ORDER BY id').map(scheduleOf),
    );
  }

  /** Throws a TidemarkError: 'not-found'. */
  get(id: number): StoredSchedule {
    return this.#database.read(() => {
      const row = this.#database.get('SELECT * FROM schedules WHERE id = ?', [id]);
      if (row === undefined) {
        throw noSchedule(id);
      }
      return scheduleOf(row);
    });
  }

  add(settings: ScheduleSettings, createdAt: Date): StoredSchedule {
    return this.#database.write(() => {
      const { id } = this.#database.run(
        'INSERT INTO schedules (uid, settings, created_at) VALUES (?, ?, ?)',
        [randomUUID(), JSON.stringify(settings), momentText(createdAt)],
      );
      return this.get(id);
    });
  }

  change(id: number, settings: ScheduleSettings): StoredSchedule {
    return this.#update(id, 'UPDATE schedules SET settings = ? WHERE id = ?', [JSON.stringify(settings), id]);
  }

  /** Its runs and alerts stay. */
  remove(id: number): void {
    this.#database.write(() => {
      if (this.#database.run('DELETE FROM schedules WHERE id = ?', [id]).changes === 0) {
        throw noSchedule(id);
      }
    });
  }

  noteRun(id: number, runId: number, at: Date | string): StoredSchedule {
    return this.#update(id, 'UPDATE schedules SET last_run_id = ?, last_run_at = ? WHERE id = ?', [
      runId,
      momentText(at),
      id,
    ]);
  }

  noteSkip(id: number, { at, reason, missed }: ScheduleSkip): StoredSchedule {
    const skip = JSON.stringify({ at: momentText(at), reason, missed });
    return this.#update(id, 'UPDATE schedules SET last_skip = ? WHERE id = ?', [skip, id]);
  }

  noteDue(id: number, nextAt: Date | string | undefined): StoredSchedule {
    const next = nextAt === undefined ? null : momentText(nextAt);
    return this.#update(id, 'UPDATE schedules SET next_at = ? WHERE id = ?', [next, id]);
  }

  #update(id: number, sql: string, values: (string | number | null)[]): StoredSchedule {
    return this.#database.write(() => {
      this.#database.run(sql, values);
      return this.get(id);
    });
  }
}

const noSchedule = (id: number): TidemarkError =>
  new TidemarkError('not-found', `There is no schedule ${id}.`, {
    hint: '`tidemark schedule list` shows those that there are.',
  });

export function scheduleOf(row: Row): StoredSchedule {
  const skip = optionalText(row, 'last_skip');
  return defined({
    ...(JSON.parse(textOf(row, 'settings')) as ScheduleSettings),
    id: numberOf(row, 'id'),
    createdAt: textOf(row, 'created_at'),
    nextAt: optionalText(row, 'next_at'),
    lastRunId: optionalNumber(row, 'last_run_id'),
    lastRunAt: optionalText(row, 'last_run_at'),
    lastSkip: skip === undefined ? undefined : (JSON.parse(skip) as ScheduleSkip),
  });
}
