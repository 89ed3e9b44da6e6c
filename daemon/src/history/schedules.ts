/** The schedules of the history: what a person set, and what came of it. */

import { randomUUID } from 'node:crypto';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Schedule, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { Columns, Database } from './database.ts';
import {
  defined,
  momentText,
  numberOf,
  optionalMoment,
  optionalNumber,
  optionalText,
  textOf,
} from './rows.ts';
import type { Row } from './rows.ts';

type ScheduleSkip = NonNullable<Schedule['lastSkip']>;

export class ScheduleTable {
  readonly #database: Database;
  readonly #now: () => Date;

  constructor(database: Database, now: () => Date) {
    this.#database = database;
    this.#now = now;
  }

  list(): Schedule[] {
    return this.#database.read(() =>
      this.#database.all('SELECT * FROM schedules ORDER BY id').map(scheduleOf),
    );
  }

  /** Throws a TidemarkError: 'not-found'. */
  get(id: number): Schedule {
    return this.#database.read(() => {
      const row = this.#database.get('SELECT * FROM schedules WHERE id = ?', [id]);
      if (row === undefined) {
        throw noSchedule(id);
      }
      return scheduleOf(row);
    });
  }

  add(settings: ScheduleSettings): Schedule {
    return this.#database.write(() => {
      const id = this.#database.insert('schedules', {
        uid: randomUUID(),
        settings: JSON.stringify(settings),
        created_at: momentText(this.#now()),
      });
      return this.get(id);
    });
  }

  change(id: number, settings: ScheduleSettings): Schedule {
    return this.#update(id, { settings: JSON.stringify(settings) });
  }

  /** Its runs and alerts stay. */
  remove(id: number): void {
    this.#database.write(() => {
      if (this.#database.run('DELETE FROM schedules WHERE id = ?', [id]) === 0) {
        throw noSchedule(id);
      }
    });
  }

  noteRun(id: number, runId: number, at: Date | string): Schedule {
    return this.#update(id, { last_run_id: runId, last_run_at: momentText(at) });
  }

  noteSkip(id: number, { at, reason, missed }: ScheduleSkip): Schedule {
    return this.#update(id, { last_skip: JSON.stringify({ at: momentText(at), reason, missed }) });
  }

  /** Undefined while it is paused. */
  noteDue(id: number, nextAt: Date | string | undefined): Schedule {
    return this.#update(id, { next_at: optionalMoment(nextAt) });
  }

  #update(id: number, columns: Columns): Schedule {
    return this.#database.write(() => {
      this.#database.update('schedules', id, columns);
      return this.get(id);
    });
  }
}

const noSchedule = (id: number): TidemarkError =>
  new TidemarkError('not-found', `There is no schedule ${id}.`, {
    hint: 'Run `tidemark schedule list` to list the schedules.',
  });

export function scheduleOf(row: Row): Schedule {
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
