/** When schedules are due: through the changes of daylight-saving time, beside an independent judge, and what is refused. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { tzOffset } from '@date-fns/tz/tzOffset';
import type { ScheduleTiming } from '@tidemark/shared/protocol/daemon/schedule.ts';
import fc from 'fast-check';
import { checkTiming } from '../history/schedule-check.ts';
import { nextOccurrence } from './timing.ts';

/** What a wall clock shows, as the milliseconds since 1970 of a UTC clock that shows the same. */
const wallTimeAt = (timeZone: string, instant: number): number =>
  instant + Math.round(tzOffset(timeZone, new Date(instant)) * 60_000);

const cron = (expression: string, timeZone?: string): ScheduleTiming =>
  timeZone === undefined ? { kind: 'cron', expression } : { kind: 'cron', expression, timeZone };

/** The first so many due times after a moment, as ISO 8601 without seconds. */
function occurrences(timing: ScheduleTiming, after: string, count: number): string[] {
  const found: string[] = [];
  let moment = new Date(after);
  for (let place = 0; place < count; place += 1) {
    const next = nextOccurrence(timing, moment);
    assert.ok(next);
    found.push(next.toISOString().replace(':00.000Z', 'Z'));
    moment = next;
  }
  return found;
}

/** Expressions in zones of one year, the moment before and the due times that follow. */
type Cases = readonly (readonly [expression: string, zone: string, after: string, expected: string])[];

const dueTimes = (expression: string, zone: string, after: string, count: number): string =>
  occurrences(cron(expression, zone), `2026-${after}`, count)
    .map((each) => each.replace('2026-', ''))
    .join(' ');

describe('where clocks are set forward', () => {
  const cases: Cases = [
    // 02:00 becomes 03:00 at 01:00 UTC.
    ['30 2 * * *', 'Europe/Berlin', '03-27T12:00Z', '03-28T01:30Z 03-29T01:00Z 03-30T00:30Z'],
    // 02:00 becomes 03:00 at 07:00 UTC.
    ['15 2 * * *', 'America/New_York', '03-07T00:00Z', '03-07T07:15Z 03-08T07:00Z 03-09T06:15Z'],
    // 02:00 becomes 02:30 at 15:30 UTC of the day before, so 02:15 is skipped and 02:45 is not.
    ['15 2 * * *', 'Australia/Lord_Howe', '10-02T00:00Z', '10-02T15:45Z 10-03T15:30Z 10-04T15:15Z'],
    ['45 2 * * *', 'Australia/Lord_Howe', '10-03T00:00Z', '10-03T15:45Z 10-04T15:45Z'],
  ];
  for (const [expression, zone, after, expected] of cases) {
    test(`${expression} in ${zone} is due once, right when the gap ends`, () => {
      assert.equal(dueTimes(expression, zone, after, expected.split(' ').length), expected);
    });
  }

  test('a day that a zone leaves out, as Samoa did on a Friday in 2011, is not made up for', () => {
    assert.deepEqual(occurrences(cron('0 12 * * *', 'Pacific/Apia'), '2011-12-29T00:00Z', 3), [
      '2011-12-29T22:00Z',
      '2011-12-30T22:00Z',
      '2011-12-31T22:00Z',
    ]);
  });

  test('several times of a day that are skipped are due once together', () => {
    assert.equal(
      dueTimes('10,20,50 2,3 * * *', 'Europe/Berlin', '03-29T00:30Z', 3),
      '03-29T01:00Z 03-29T01:10Z 03-29T01:20Z',
    );
  });

  test('what is due every so often is not made up for', () => {
    const due = (expression: string, after: string, count: number): string =>
      dueTimes(expression, 'Europe/Berlin', after, count);
    assert.equal(
      due('*/30 * * * *', '03-29T00:10Z', 4),
      '03-29T00:30Z 03-29T01:00Z 03-29T01:30Z 03-29T02:00Z',
    );
    assert.equal(due('45 * * * *', '03-29T00:10Z', 2), '03-29T00:45Z 03-29T01:45Z');
    assert.equal(due('*/30 2 * * *', '03-28T12:00Z', 1), '03-30T00:00Z');
  });
});

describe('where clocks are set back', () => {
  const cases: Cases = [
    // 03:00 becomes 02:00 at 01:00 UTC.
    ['30 2 * * *', 'Europe/Berlin', '10-24T12:00Z', '10-25T00:30Z 10-26T01:30Z'],
    // 02:00 becomes 01:00 at 06:00 UTC.
    ['30 1 * * *', 'America/New_York', '10-31T12:00Z', '11-01T05:30Z 11-02T06:30Z'],
    // 02:00 becomes 01:30 at 15:00 UTC of the day before.
    ['45 1 * * *', 'Australia/Lord_Howe', '04-03T18:00Z', '04-04T14:45Z 04-05T15:15Z'],
  ];
  for (const [expression, zone, after, expected] of cases) {
    test(`${expression} in ${zone} is due the first time only`, () => {
      assert.equal(dueTimes(expression, zone, after, expected.split(' ').length), expected);
    });
  }

  test('what is due every so often goes on through the hour that comes twice', () => {
    assert.equal(
      dueTimes('*/30 * * * *', 'Europe/Berlin', '10-24T23:45Z', 6),
      '10-25T00:00Z 10-25T00:30Z 10-25T01:00Z 10-25T01:30Z 10-25T02:00Z 10-25T02:30Z',
    );
  });

  test('from within the second pass the next one is that of the next day', () => {
    assert.equal(dueTimes('30 2 * * *', 'Europe/Berlin', '10-25T01:10Z', 1), '10-26T01:30Z');
  });
});

describe('an interval', () => {
  test('is a whole one away where nothing anchors it', () => {
    assert.deepEqual(occurrences({ kind: 'every', seconds: 3600 }, '2026-03-29T00:10Z', 2), [
      '2026-03-29T01:10Z',
      '2026-03-29T02:10Z',
    ]);
  });

  test('keeps to its anchor, before and after it', () => {
    const timing = { kind: 'every', seconds: 5400 } as const;
    const anchor = new Date('2026-03-29T00:00Z');
    for (const [after, expected] of [
      ['2026-03-28T23:59Z', '2026-03-29T00:00:00.000Z'],
      ['2026-03-29T00:00Z', '2026-03-29T01:30:00.000Z'],
      ['2026-03-29T02:59:59.999Z', '2026-03-29T03:00:00.000Z'],
      ['2026-03-28T20:00Z', '2026-03-28T21:00:00.000Z'],
    ] as const) {
      assert.equal(nextOccurrence(timing, new Date(after), { anchor })?.toISOString(), expected);
    }
  });
});

test('an absent zone is the machine’s, whatever that is at the time', () => {
  const after = new Date('2026-07-01T00:00Z');
  const at = (machineTimeZone: string): string | undefined =>
    nextOccurrence(cron('0 9 * * *'), after, { machineTimeZone })?.toISOString();
  assert.equal(at('Europe/Berlin'), '2026-07-01T07:00:00.000Z');
  assert.equal(at('America/New_York'), '2026-07-01T13:00:00.000Z');
  assert.equal(
    nextOccurrence(cron('0 9 * * *', 'Asia/Tokyo'), after, { machineTimeZone: 'UTC' })?.toISOString(),
    '2026-07-02T00:00:00.000Z',
  );
});

describe('what cannot be is refused with a sentence and a hint', () => {
  const refused: readonly [ScheduleTiming, RegExp][] = [
    [
      cron('61 * * * *'),
      /^The cron expression "61 \* \* \* \*" is not valid: invalid value for minute: 61\.$/,
    ],
    [cron('a b c d e'), /is not valid/],
    [cron('0 3 * 13 *'), /invalid value for month: 13\.$/],
    [cron('0 3 * 0 *'), /invalid value for month: 0\.$/],
    [cron('0 3 * 1-13 *'), /invalid value for month: 13\.$/],
    [cron('0 3 * jan,Foo *'), /invalid value for month: foo\.$/],
    [cron('0 3 0 * *'), /invalid value for day of month: 0\.$/],
    [cron('0 3 32 * *'), /invalid value for day of month: 32\.$/],
    [cron('0 3 99999999999999999999 * *'), /invalid value for day of month: 99999999999999999999\.$/],
    [cron('0 3 1,,2 * *'), /the list for day of month has an empty item\.$/],
    [cron('0 3 */40 * *'), /invalid step for day of month: 40\.$/],
    [cron('0 24 * * *'), /invalid value for hour: 24\.$/],
    [cron('0 22-2 * * *'), /the range 22-2 of the hour goes backward\.$/],
    [cron('0 3 * nov-feb *'), /the range nov-feb of the month goes backward\.$/],
    [cron('0 3 * * 8'), /invalid value for day of week: 8\.$/],
    [cron('0 3 * * 6-2'), /the range 6-2 of the day of week goes backward\.$/],
    [cron('-5 3 * * *'), /invalid value for minute: -5\.$/],
    [cron('5/15 * * * *'), /the minute 5\/15 has a step but no range\.$/],
    [cron('0 3 31 4,6 *'), /names a date that never occurs\.$/],
    [cron('0 3 * *'), /does not have five fields\.$/],
    [cron('0 0 3 * * *'), /does not have five fields\.$/],
    [cron('2026-01-01T00:00:00'), /does not have five fields\.$/],
    [cron(''), /does not have five fields\.$/],
    [cron('@reboot'), /does not have five fields\.$/],
    [cron('@constructor'), /does not have five fields\.$/],
    [cron('constructor'), /does not have five fields\.$/],
    [cron('*/0 * * * *'), /is not valid: invalid step for minute: 0\.$/],
    [cron('0 0 30 2 *'), /names a date that never occurs\.$/],
    [cron('0 3 * * *', 'Europe/Berlyn'), /^There is no time zone "Europe\/Berlyn"\.$/],
    [cron('0 3 * * *', '+02:00'), /^There is no time zone "\+02:00"\.$/],
    [cron('0 3 * * *', ''), /^There is no time zone ""\.$/],
    [{ kind: 'every', seconds: 59 }, /too short/],
    [{ kind: 'every', seconds: 90.5 }, /90\.5 seconds/],
  ];
  for (const [timing, message] of refused) {
    test(JSON.stringify(timing), () => {
      assert.throws(
        () => checkTiming(timing),
        (error) =>
          error instanceof TidemarkError &&
          error.code === 'bad-input' &&
          message.test(error.message) &&
          /\.$/.test(error.hint ?? ''),
      );
    });
  }

  test('nicknames, names of days and aliases of zones are taken', () => {
    for (const timing of [
      cron('@daily'),
      cron('@HOURLY'),
      cron('@weekly'),
      cron('@monthly'),
      cron('  0  3 * * mon-fri '),
      cron('0 3 29 2 *'),
      cron('0 3 * * *', 'US/Eastern'),
      cron('0 3 * * *', 'UTC'),
    ]) {
      assert.doesNotThrow(() => checkTiming(timing));
    }
  });
});

describe('for any expression, zone and moment', () => {
  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'America/Sao_Paulo',
    'UTC',
  ];
  const field = (low: number, high: number): fc.Arbitrary<string> =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('*') },
      { weight: 3, arbitrary: fc.integer({ min: low, max: high }).map(String) },
      fc.integer({ min: 2, max: Math.min(12, high) }).map((step) => `*/${step}`),
      fc
        .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    );
  const expressions = fc
    .tuple(field(0, 59), field(0, 23), field(1, 28), fc.constant('*'), field(0, 6))
    .map((fields) => fields.join(' '));
  const moments = fc.oneof(
    fc.date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }),
    // Around the changes of 2026.
    fc
      .tuple(
        fc.constantFrom(
          '2026-03-29T01:00Z',
          '2026-10-25T01:00Z',
          '2026-03-08T07:00Z',
          '2026-11-01T06:00Z',
          '2026-04-04T15:00Z',
          '2026-10-03T15:30Z',
        ),
        fc.integer({ min: -7_200_000, max: 7_200_000 }),
      )
      .map(([change, apart]) => new Date(Date.parse(change) + apart)),
  );
  const cases = fc.tuple(
    expressions,
    fc.constantFrom(...zones),
    moments,
    fc.integer({ min: 0, max: 100_000_000 }),
  );

  test('the next due time is later, never skips one, and no two moments out of order get it out of order', () => {
    fc.assert(
      fc.property(cases, ([expression, zone, moment, later]) => {
        const timing = cron(expression, zone);
        const next = nextOccurrence(timing, moment);
        assert.ok(next !== undefined && next > moment);
        // From just before it, it is still the next; from a later moment nothing earlier is.
        assert.deepEqual(nextOccurrence(timing, new Date(next.getTime() - 1)), next);
        const fromLater = nextOccurrence(timing, new Date(moment.getTime() + later));
        assert.ok(fromLater !== undefined && fromLater >= next);
        if (moment.getTime() + later < next.getTime()) {
          assert.deepEqual(fromLater, next);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('at a due time the clock shows a minute that was asked for, or has just been set forward over it', () => {
    fc.assert(
      fc.property(cases, ([expression, zone, moment]) => {
        const next = nextOccurrence(cron(expression, zone), moment);
        assert.ok(next);
        const shown = wallTimeAt(zone, next.getTime());
        const before = wallTimeAt(zone, next.getTime() - 1);
        const [minutes = '', hours = ''] = expression.split(' ');
        const asked = (wall: number): boolean => {
          const date = new Date(wall);
          return takes(minutes, date.getUTCMinutes()) && takes(hours, date.getUTCHours());
        };
        assert.equal(shown % 60_000, 0);
        const skipped = Array.from(
          { length: (shown - before - 1) / 60_000 },
          (_, i) => before + 1 + i * 60_000,
        );
        assert.ok(asked(shown) || skipped.some(asked), `${expression} ${zone} ${next.toISOString()}`);
      }),
      { numRuns: 400 },
    );
  });

  function takes(text: string, value: number): boolean {
    const [low = '', high] = text.split('-');
    if (text.startsWith('*')) {
      return text === '*' || value % Number(text.slice(2)) === 0;
    }
    return high === undefined ? value === Number(text) : value >= Number(low) && value <= Number(high);
  }
});
