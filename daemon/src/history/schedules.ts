/** The schedules of the history: what a person set, and what came of it. */

import { randomUUID } from 'node:crypto';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { UnreadableRow } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { schedule, scheduleId, scheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { Schedule, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { Columns, Database } from './database.ts';
import {
  defined,
  jsonOf,
  momentText,
  numberOf,
  optionalMoment,
  optionalNumber,
  optionalText,
} from './rows.ts';
import type { Row } from './rows.ts';
import { checkStoredSchedule } from './schedule-check.ts';
import { checked } from './unreadable.ts';

type ScheduleSkip = NonNullable<Schedule['lastSkip']>;

export class ScheduleTable {
  readonly #database: Database;
  readonly #now: () => Date;

  constructor(database: Database, now: () => Date) {
    this.#database = database;
    this.#now = now;
  }

  /** Those that can be read and computed; {@link unreadable} has the others. */
  list(): Schedule[] {
    const { unreadable } = this.#database;
    return this.#database.read(() => {
      const ids = this.#database.all(`SELECT id FROM schedules WHERE ${isNumbered} ORDER BY id`);
      const known = ids.map((row) => numberOf(row, 'id'));
      for (const { id } of unreadable.list('schedules').filter((row) => !known.includes(row.id))) {
        unreadable.forget('schedules', id);
      }
      return known.flatMap((id) => unreadable.judge('schedules', id, () => this.#read(id)) ?? []);
    });
  }

  /** As the last {@link list} found them. */
  unreadable(): UnreadableRow[] {
    return this.#database.unreadable.list('schedules');
  }

  /** Throws a TidemarkError: 'not-found', or 'history' for one that cannot be read. */
  get(id: number): Schedule {
    return this.#database.read(() => {
      if (this.#database.get('SELECT 1 FROM schedules WHERE id = ?', [id]) === undefined) {
        throw noSchedule(id);
      }
      return this.#database.unreadable.need('schedules', id, () => this.#read(id));
    });
  }

  #read(id: number): Schedule {
    const row = this.#database.get('SELECT * FROM schedules WHERE id = ?', [id]);
    const read = scheduleOf(row ?? {});
    checkStoredSchedule(read);
    return read;
  }

  add(settings: ScheduleSettings): Schedule {
    return this.#database.write(() => {
      refuseTooManySchedules(this.#database);
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

  /** Its runs and alerts stay. One that cannot be read goes too. */
  remove(id: number): void {
    this.#database.write(() => {
      if (this.#database.run('DELETE FROM schedules WHERE id = ?', [id]) === 0) {
        throw noSchedule(id);
      }
    });
    this.#database.unreadable.forget('schedules', id);
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

/** Each with a text as long as the socket takes, they just fit into one answer. */
const mostSchedules = 200;

/** Throws 'bad-input' where no schedule can be added. */
export function refuseTooManySchedules(database: Database): void {
  const { count = null } = database.get('SELECT count(*) AS count FROM schedules') ?? {};
  if (Number(count) >= mostSchedules) {
    throw new TidemarkError('bad-input', `There are already ${mostSchedules} schedules.`, {
      hint: 'Remove some of them; `tidemark schedule` lists them.',
    });
  }
}

const noSchedule = (id: number): TidemarkError =>
  new TidemarkError('not-found', `There is no schedule ${id}.`, {
    hint: 'Run `tidemark schedule list` to list the schedules.',
  });

/** Numbers that JavaScript can tell apart. */
const isNumbered = `id BETWEEN 1 AND ${Number.MAX_SAFE_INTEGER}`;

/** Throws a Refusal for what is no schedule. What the daemon noted of one can be noted again, and is no reason to lose it. */
export function scheduleOf(row: Row): Schedule {
  return defined({
    ...checked(scheduleSettings, jsonOf(row, 'settings')),
    id: checked(scheduleId, numberOf(row, 'id')),
    createdAt: checked(schedule.entries.createdAt, optionalText(row, 'created_at')),
    nextAt: noted('nextAt', () => optionalText(row, 'next_at')),
    lastRunId: noted('lastRunId', () => optionalNumber(row, 'last_run_id')),
    lastRunAt: noted('lastRunAt', () => optionalText(row, 'last_run_at')),
    lastSkip: noted('lastSkip', () => jsonOf(row, 'last_skip')),
  });
}

type Noted = 'nextAt' | 'lastRunId' | 'lastRunAt' | 'lastSkip';

function noted<Name extends Noted>(name: Name, read: () => unknown): Schedule[Name] {
  try {
    return checked(schedule.entries[name], read()) as Schedule[Name];
  } catch {
    return undefined;
  }
}
