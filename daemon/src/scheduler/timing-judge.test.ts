/** Due times of cron expressions, beside a judge that shares no code with them: Python's zoneinfo, minute by minute. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { nextOccurrence } from './timing.ts';

/**
 * Walks over each minute of a window. Minutes or hours with a wildcard or a step: whatever the wall clock shows counts. Times of
 * day: what it shows the second time does not, and what it was set forward over that day counts when that has just happened.
 */
const judge = `
import json, sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

def field(text, low, high):
    taken = set()
    for part in text.split(','):
        span, _, step = part.partition('/')
        if span == '*':
            first, last = low, high
        else:
            first, _, last = span.partition('-')
            first = int(first)
            last = int(last) if last else first
        taken.update(range(first, last + 1, int(step or 1)))
    return taken

def due(expression, zone, start, end):
    minutes, hours, days, months, weekdays = expression.split()
    taken = [field(minutes, 0, 59), field(hours, 0, 23), field(days, 1, 31), field(months, 1, 12)]
    week = {each % 7 for each in field(weekdays, 0, 7)}
    def asked(wall):
        parts = (wall.minute, wall.hour, None, wall.month)
        if any(part is not None and part not in among for part, among in zip(parts, taken)):
            return False
        on_day, on_weekday = wall.day in taken[2], wall.isoweekday() % 7 in week
        if days != '*' and weekdays != '*':
            return on_day or on_weekday
        return on_day and on_weekday
    found = []
    minute = timedelta(minutes=1)
    now = datetime.fromisoformat(start).replace(tzinfo=timezone.utc)
    last = datetime.fromisoformat(end).replace(tzinfo=timezone.utc)
    tz = ZoneInfo(zone)
    before = (now - minute).astimezone(tz).replace(tzinfo=None)
    while now < last:
        local = now.astimezone(tz)
        wall = local.replace(tzinfo=None)
        is_due = asked(wall)
        if not any(sign in minutes + hours for sign in '*?/'):
            is_due = is_due and local.fold == 0
            skipped = before + minute
            while skipped < wall:
                is_due = is_due or (asked(skipped) and skipped.date() == wall.date())
                skipped += minute
        if is_due:
            found.append(now.strftime('%Y-%m-%dT%H:%M:00.000Z'))
        before = wall
        now += minute
    return found

json.dump([due(*case) for case in json.load(sys.stdin)], sys.stdout)
`;

const windows: readonly [zone: string, start: string, end: string][] = [
  ['Europe/Berlin', '2026-03-27T00:00', '2026-03-31T00:00'],
  ['Europe/Berlin', '2026-10-23T00:00', '2026-10-27T00:00'],
  ['America/New_York', '2026-03-06T00:00', '2026-03-10T00:00'],
  ['America/New_York', '2026-10-30T00:00', '2026-11-03T00:00'],
  ['Australia/Lord_Howe', '2026-04-02T00:00', '2026-04-06T00:00'],
  ['Australia/Lord_Howe', '2026-10-01T00:00', '2026-10-05T00:00'],
  // Set forward at midnight, so that a day begins at 01:00.
  ['Africa/Cairo', '2024-04-24T00:00', '2024-04-28T00:00'],
  // Left out a whole Friday.
  ['Pacific/Apia', '2011-12-28T00:00', '2012-01-02T00:00'],
  ['Asia/Kathmandu', '2026-05-01T00:00', '2026-05-03T00:00'],
];

const expressions = [
  '30 2 * * *',
  '0 0 * * *',
  '15,45 1-3 * * *',
  '0 1,2,3 * * *',
  '*/10 2 * * *',
  '*/7 * * * *',
  '0 */2 * * *',
  '59 23 * * 6',
  '5 2 25 * 0',
  '30 1 1-7 * *',
];

function judged(cases: readonly (readonly string[])[]): string[][] | undefined {
  try {
    const options = { input: JSON.stringify(cases), encoding: 'utf8', maxBuffer: 2 ** 26 } as const;
    return JSON.parse(execFileSync('python3', ['-c', judge], options)) as string[][];
  } catch (error) {
    if (/ENOENT|ZoneInfoNotFoundError|No module named 'zoneinfo'/.test(String(error))) {
      return undefined;
    }
    throw error;
  }
}

test('they are the minutes that a walk over all minutes finds', (context) => {
  const cases = windows.flatMap(([zone, start, end]) =>
    expressions.map((expression) => [expression, zone, start, end] as const),
  );
  const expected = judged(cases);
  if (expected === undefined) {
    context.skip('python3 with the time zone database is not here');
    return;
  }
  let compared = 0;
  for (const [place, [expression, timeZone, start, end]] of cases.entries()) {
    const found: string[] = [];
    const last = new Date(`${end}Z`);
    let moment = nextOccurrence(
      { kind: 'cron', expression, timeZone },
      new Date(Date.parse(`${start}Z`) - 1),
    );
    while (moment !== undefined && moment < last) {
      found.push(moment.toISOString());
      moment = nextOccurrence({ kind: 'cron', expression, timeZone }, moment);
    }
    assert.deepEqual(found, expected[place], `${expression} in ${timeZone} from ${start}`);
    compared += found.length;
  }
  assert.ok(compared > 5000, `${compared} due times`);
});
