/** When a schedule is due: cron expressions in a time zone, and plain intervals. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ScheduleTiming } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { Cron } from 'croner';
import { isTimeZone, machineTimeZone } from './machine-time-zone.ts';
import { firstChange, instantOf, offsetAt, wallTime, wallTimeAt } from './wall-time.ts';
import type { WallTime } from './wall-time.ts';

export interface OccurrenceOptions {
  /** For a cron expression without a zone of its own. Default: the machine's, as it is now. */
  readonly machineTimeZone?: string;
  /** A moment at which an interval was due. Default: `after` itself, so that the next one is a whole interval away. */
  readonly anchor?: Date;
}

/**
 * The first moment after `after` at which it is due; undefined where none ever comes.
 *
 * Where clocks are set forward, a time of day that is skipped is due once, right when the gap ends; where they are set
 * back, a time of day that comes twice is due the first time only. An expression whose hours begin with `*` asks for no
 * time of day but for every so often: it is due on both passes through the hour that comes twice, and what is
 * skipped needs no making up, as cron(8) of Vixie and its heirs has it.
 *
 * Throws as {@link checkTiming} does.
 */
export function nextOccurrence(
  timing: ScheduleTiming,
  after: Date,
  options: OccurrenceOptions = {},
): Date | undefined {
  if (timing.kind === 'every') {
    const period = timing.seconds * 1000;
    const anchor = (options.anchor ?? after).getTime();
    return new Date(anchor + (Math.floor((after.getTime() - anchor) / period) + 1) * period);
  }
  const pattern = patternOf(timing.expression);
  const timeZone = timing.timeZone ?? options.machineTimeZone ?? machineTimeZone();
  if (!isTimeZone(timeZone)) {
    throw unknownTimeZone(timeZone);
  }
  const next = pattern.everyHour
    ? nextOfEveryHour(pattern, timeZone, after.getTime())
    : nextTimeOfDay(pattern, timeZone, after.getTime());
  return next === undefined ? undefined : new Date(next);
}

/** Throws 'bad-input' with what is wrong in a sentence, for an expression, a zone or an interval that cannot be used. */
export function checkTiming(timing: ScheduleTiming): void {
  if (timing.kind === 'every') {
    if (!Number.isSafeInteger(timing.seconds) || timing.seconds < 60) {
      throw new TidemarkError(
        'bad-input',
        `An interval of ${timing.seconds} seconds is too short for checks.`,
        {
          hint: 'Give a whole number of seconds, 60 or more.',
        },
      );
    }
    return;
  }
  if (timing.timeZone !== undefined && !isTimeZone(timing.timeZone)) {
    throw unknownTimeZone(timing.timeZone);
  }
  if (patternOf(timing.expression).next(wallTime(Date.UTC(2026, 0, 1))) === undefined) {
    throw new TidemarkError(
      'bad-input',
      `The cron expression "${timing.expression}" names a day that never comes.`,
      { hint: cronHint },
    );
  }
}

interface Pattern {
  /** Whether its hours begin with `*`. */
  readonly everyHour: boolean;
  /** The first match after a time on the wall. */
  next(after: WallTime): WallTime | undefined;
}

const nicknames: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
]);

const cronHint =
  'Give minute, hour, day of month, month and day of week, as in "0 3 * * *" for each night at 3:00, or one of ' +
  `${[...nicknames.keys()].join(', ')}.`;

const patterns = new Map<string, Pattern>();

function patternOf(expression: string): Pattern {
  const known = patterns.get(expression);
  if (known !== undefined) {
    return known;
  }
  const pattern = parsePattern(expression);
  if (patterns.size >= 100) {
    patterns.clear();
  }
  patterns.set(expression, pattern);
  return pattern;
}

function parsePattern(expression: string): Pattern {
  const trimmed = expression.trim().toLowerCase();
  const fields = (nicknames.get(trimmed) ?? trimmed).split(/\s+/);
  if (fields.length !== 5) {
    throw new TidemarkError('bad-input', `The cron expression "${expression}" does not have five fields.`, {
      hint: cronHint,
    });
  }
  // Croner matches what the wall clock shows, as if it were UTC; which instant that is, is decided here.
  let cron: Cron;
  try {
    cron = new Cron(fields.join(' '), { mode: '5-part', timezone: 'UTC', paused: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^CronPattern: /, '').replace(/\.$/, '') : '';
    throw new TidemarkError(
      'bad-input',
      `The cron expression "${expression}" cannot be read: ${why.charAt(0).toLowerCase()}${why.slice(1)}.`,
      { hint: cronHint, cause },
    );
  }
  return {
    everyHour: fields[1]?.startsWith('*') === true,
    next: (after) => {
      const next = cron.nextRun(new Date(after))?.getTime();
      return next === undefined ? undefined : wallTime(next);
    },
  };
}

/** In the hour that comes twice, wall times go back, and give instants of the first pass; those are over. */
function nextTimeOfDay(pattern: Pattern, timeZone: string, after: number): number | undefined {
  let wall = pattern.next(wallTimeAt(timeZone, after));
  while (wall !== undefined) {
    const instant = instantOf(timeZone, wall);
    if (instant > after) {
      return instant;
    }
    wall = pattern.next(wall);
  }
  return undefined;
}

/** Any instant at which the wall clock shows a match: by one offset up to the next change of it, then by the other. */
function nextOfEveryHour(pattern: Pattern, timeZone: string, after: number): number | undefined {
  let start = after;
  for (;;) {
    const offset = offsetAt(timeZone, start);
    // Strictly after `after`, but a change of the clocks may itself be a match.
    const wall = pattern.next(wallTime(start + offset - (start === after ? 0 : 1)));
    if (wall === undefined) {
      return undefined;
    }
    const instant = wall - offset;
    const change = firstChange(timeZone, start, instant);
    if (change === undefined) {
      return instant;
    }
    start = change;
  }
}

function unknownTimeZone(name: string): TidemarkError {
  return new TidemarkError('bad-input', `There is no time zone "${name}".`, {
    hint: 'Give a name of the IANA database, such as Europe/Berlin, America/New_York or UTC, or leave it out for the zone of this machine.',
  });
}
