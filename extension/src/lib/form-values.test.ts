import { describe, expect, test } from 'vitest';
import * as v from 'valibot';
import { exampleSchedule } from '@tidemark/client/testing/example-messages';
import { scheduleSettings } from '@tidemark/client/protocol/daemon/schedule';
import { newScheduleValues, scheduleSettingsOf, scheduleValues, timingPhrase } from './form-values.ts';

const fresh = newScheduleValues({
  defaultModel: 'bf16',
  voice: 'af_heart',
  text: undefined,
  engine: 'tidemark',
});

describe('the form of a schedule', () => {
  test('as it opens it is a schedule that the daemon takes', () => {
    expect(v.is(scheduleSettings, scheduleSettingsOf(fresh))).toBe(true);
  });

  test('a schedule that is opened and saved is the same', () => {
    for (const timing of [
      { kind: 'every', seconds: 5400 },
      { kind: 'cron', expression: '0 9 * * 1-5', timeZone: 'Europe/Berlin' },
    ] as const) {
      const schedule = exampleSchedule({
        ...{ timing, jitterSeconds: 120, paused: true },
        ...(timing.kind === 'every'
          ? { strategy: 'lean' as const }
          : { engine: 'mlx-audio' as const, python: '/usr/bin/python3' }),
      });
      const saved = scheduleSettingsOf(scheduleValues(schedule), schedule);
      expect(saved).toEqual(v.parse(scheduleSettings, schedule));
    }
  });

  test('another engine takes no strategy along, and Tidemark’s own no Python', () => {
    const lean = exampleSchedule({ strategy: 'lean' });
    const foreign = { ...scheduleValues(lean), engine: 'mlx-audio', python: ' ~/venv/bin/python ' };
    const saved = scheduleSettingsOf(foreign, lean);
    expect([saved.engine, saved.strategy]).toEqual(['mlx-audio', undefined]);
    expect(saved.python).toMatch(/^\/.*\/venv\/bin\/python$/);
    const own = scheduleSettingsOf({ ...foreign, engine: 'tidemark' }, lean);
    expect([own.engine, own.python, own.strategy]).toEqual([undefined, undefined, 'lean']);
  });

  test('without a time zone it is the one of the Mac', () => {
    const saved = scheduleSettingsOf({ ...fresh, every: 'cron', cron: ' @daily ', timeZone: ' ' });
    expect(saved.timing).toEqual({ kind: 'cron', expression: '@daily' });
  });

  test('no warm-up is a number too', () => {
    expect(scheduleSettingsOf({ ...fresh, warmupIterations: '0' }).warmupIterations).toBe(0);
  });

  test('intervals are said in the largest unit that fits', () => {
    expect(
      [60, 900, 3600, 21_600, 86_400, 604_800, 5400].map((seconds) =>
        timingPhrase({ kind: 'every', seconds }),
      ),
    ).toEqual([
      'every minute',
      'every 15 minutes',
      'every hour',
      'every 6 hours',
      'every day',
      'every week',
      'every 90 minutes',
    ]);
  });
});
