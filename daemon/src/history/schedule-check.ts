/** What every schedule must meet, whether a client sets it, an import brings it, or the file holds it: above all, when it is due. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { quoted } from '@tidemark/shared/printable.ts';
import type { ScheduleSettings, ScheduleTiming } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { Cron } from 'croner';
import { hasControls } from '../models/target.ts';
import { checkNames } from '../models/voices.ts';
import { checkWorkload } from '../profiler/workload.ts';
import { cronFault } from './cron-faults.ts';

/**
 * Of settings that their schema has read. Throws 'bad-input' for a time or a workload that cannot be, 'unknown-model' and
 * 'unknown-voice' for names that cannot be right.
 */
export function checkSchedule(settings: ScheduleSettings): void {
  checkNames([settings.model], settings.voice);
  checkScheduleName(settings.name);
  checkStoredSchedule(settings);
}

/** The same but for the names: a voice that is gone today may be there when the check is due. */
export function checkStoredSchedule(settings: ScheduleSettings): void {
  checkWorkload(settings);
  checkTiming(settings.timing);
}

/** Throws 'bad-input' with what is wrong in a sentence, for an expression, a zone or an interval that cannot be used. */
export function checkTiming(timing: ScheduleTiming): void {
  if (timing.kind === 'every') {
    if (!Number.isSafeInteger(timing.seconds) || timing.seconds < 60) {
      throw new TidemarkError(
        'bad-input',
        `An interval of ${timing.seconds} seconds is too short or not a whole number.`,
        {
          hint: 'Set a whole number of seconds, at least 60.',
        },
      );
    }
    return;
  }
  if (
    cronIn(timing.timeZone ?? 'UTC', timing.expression).nextRun(new Date('2026-01-01T00:00:00Z')) === null
  ) {
    throw new TidemarkError(
      'bad-input',
      `The cron expression "${timing.expression}" names a date that never occurs.`,
      { hint: cronHint },
    );
  }
}

const nicknames: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
]);

const cronHint =
  'Set minute, hour, day of month, month and day of week, for example "0 3 * * *" for 3:00 every night, or one of ' +
  `${[...nicknames.keys()].join(', ')}.`;

/** Of a zone and an expression, parsed once. */
const crons = new Map<string, Cron>();

/** Throws 'bad-input' for a zone or an expression that cannot be. */
export function cronIn(timeZone: string, expression: string): Cron {
  if (!isTimeZone(timeZone)) {
    throw unknownTimeZone(timeZone);
  }
  const key = `${timeZone} ${expression}`;
  const known = crons.get(key);
  if (known !== undefined) {
    return known;
  }
  const cron = parseCron(timeZone, expression);
  if (crons.size >= 100) {
    crons.clear();
  }
  crons.set(key, cron);
  return cron;
}

function parseCron(timeZone: string, expression: string): Cron {
  const trimmed = expression.trim().toLowerCase();
  const fields = (nicknames.get(trimmed) ?? trimmed).split(/\s+/);
  if (fields.length !== 5) {
    throw new TidemarkError('bad-input', `The cron expression "${expression}" does not have five fields.`, {
      hint: cronHint,
    });
  }
  try {
    return cronOf(fields.join(' '), timeZone);
  } catch (cause) {
    const fault = cronFault(fields, (each) => isCron(each, timeZone));
    const why = cause instanceof Error ? cause.message.replace(/^CronPattern: /, '').replace(/\.$/, '') : '';
    throw new TidemarkError(
      'bad-input',
      `The cron expression "${expression}" is not valid: ${fault?.why ?? why.charAt(0).toLowerCase() + why.slice(1)}.`,
      { hint: fault?.hint ?? cronHint, cause },
    );
  }
}

const cronOf = (expression: string, timezone: string): Cron =>
  new Cron(expression, { mode: '5-part', timezone, fixedTimeRule: 'no-wildcard', paused: true });

function isCron(expression: string, timeZone: string): boolean {
  try {
    cronOf(expression, timeZone);
    return true;
  } catch {
    return false;
  }
}

function unknownTimeZone(name: string): TidemarkError {
  return new TidemarkError('bad-input', `There is no time zone "${name}".`, {
    hint: 'Set a name from the IANA time zone database, for example Europe/Berlin, America/New_York or UTC, or omit it to use the time zone of this machine.',
  });
}

/** Whether it is a name of the IANA database, which plain offsets such as `+02:00` are not. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) {
    return false;
  }
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** It is a line of lists and the title of notifications. Throws 'bad-input'. */
function checkScheduleName(name: string): void {
  if (hasControls(name)) {
    throw new TidemarkError('bad-input', `A schedule cannot be named ${quoted(name)}.`, {
      hint: 'Give a name of one line without control characters.',
    });
  }
}
