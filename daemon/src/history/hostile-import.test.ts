/** Exports that were made to do harm, or by another program: what does not fit is refused line by line, and the rest comes in. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import {
  exampleAlert,
  exampleSchedule,
  finishedRun,
  importLines,
  withHistory,
} from '../../test/example-histories.ts';

type Line = Record<string, unknown>;

const [header = '', schedule = '', run = '', alert = ''] = withHistory((history) => {
  const { id } = history.schedules.add(exampleSchedule());
  finishedRun(history);
  history.alerts.add(exampleAlert({ scheduleId: id }));
  return [...history.exportLines()];
});

/** The line with another value at a path; undefined removes it. */
function changed(line: string, path: string, value: unknown): string {
  const whole = JSON.parse(line) as Line;
  const names = path.split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce<Line>((at, name) => at[name] as Line, whole);
  parent[last] = value;
  return JSON.stringify(whole);
}

const long = 'x'.repeat(1_000_000);

const bad: readonly (readonly [what: string, line: string])[] = [
  ...['now', '61 3 * * *', '0 0 31 2 *', '0 3 * 13 *', '* * * *'].map(
    (expression) =>
      [`cron ${expression}`, changed(schedule, 'settings.timing.expression', expression)] as const,
  ),
  ['an impossible time zone', changed(schedule, 'settings.timing.timeZone', 'Mars/Olympus')],
  ['an interval of a second', changed(schedule, 'settings.timing', { kind: 'every', seconds: 1 })],
  ['an unknown voice', changed(schedule, 'settings.voice', 'nobody')],
  ['a name with a line break', changed(schedule, 'settings.name', 'a\nb')],
  ['texts and a text', changed(changed(schedule, 'settings.text', 'a'), 'settings.texts', ['b'])],
  ...['record.text', 'record.voice', 'record.finding', 'record.reason', 'record.signal', 'hostInstance'].map(
    (path) => [`a megabyte as ${path}`, changed(run, path, long)] as const,
  ),
  ['a megabyte as a model', changed(run, 'record.models', [long])],
  [
    'forty models',
    changed(
      run,
      'record.models',
      Array.from({ length: 40 }, () => 'bf16'),
    ),
  ],
  ['a megabyte as a client', changed(run, 'record.trigger', { kind: 'request', client: long })],
  ['a megabyte as an error', changed(run, 'record.error', { code: 'internal', message: long })],
  ['a megabyte in a document', changed(run, 'document.settings.text', long)],
  ['a megabyte as a name of a field', changed(run, 'document.model.bytesByDtype', { [long]: 1 })],
  ['a megabyte as a reason of an alert', changed(alert, 'alert.reason', long)],
  ['a megabyte as a name of an alert', changed(alert, 'alert.scheduleName', long)],
  ['a request that the socket does not take', changed(run, 'request.parameters.iterations', -1)],
  [
    'a request that nests deeply',
    run
      .replace('"request":{', `"request":{"x":${'['.repeat(50_000)}${']'.repeat(50_000)},`)
      .replace('"kind":"profile","parameters"', '"kind":"x","parameters"'),
  ],
  ['a number without end', run.replace(/"iterations":\d+/u, '"iterations":1e999')],
  ['a number beyond 2^53', run.replace(/"iterations":\d+/u, '"iterations":9007199254740993')],
  ['a number below 0', run.replace(/"iterations":\d+/u, '"iterations":-1')],
  ['an id below 0', changed(run, 'record.id', -4)],
  ['NaN', run.replace(/"iterations":\d+/u, '"iterations":NaN')],
  ['a month 13', changed(run, 'record.queuedAt', '2026-13-01T00:00:00.000Z')],
  ['an offset that is none', changed(run, 'record.queuedAt', '2026-01-01T00:00:00+5')],
  ['a document of a bad date', changed(run, 'document.startedAt', '2026-01-01T00:00:00+5')],
  ['deep nesting', '['.repeat(1_000_000)],
  ...['1,', '[],', '{},', '"",'].map(
    (value) =>
      [`values without end: ${value}`, `{"kind":"profile","a":[${value.repeat(8_000_000)}1]}`] as const,
  ),
  ['an unknown kind', '{"kind":"wish"}'],
  ['a prototype for a kind', '{"__proto__":{"kind":"run"}}'],
];

test('what a line may not hold is refused with its number, and its neighbors come in', () => {
  withHistory((history) => {
    const { refused, added, schedules, alerts } = importLines(history, [
      header,
      ...bad.map(([, line]) => line),
      schedule,
      run,
      alert,
    ]);
    const lines = refused.map(({ line }) => line);
    const missing = bad.filter((_, place) => !lines.includes(place + 2)).map(([what]) => what);
    assert.deepEqual([missing, refused.length], [[], bad.length]);
    assert.deepEqual([added, schedules, alerts], [1, 1, 1]);
    assert.ok(refused.every(({ reason }) => reason.length < 1000 && !reason.includes('\n')));
    assert.deepEqual([history.runs.list().unreadable, history.schedules.unreadable()], [undefined, []]);
  });
});

test('a field twice counts as the last one, and a prototype changes nothing', () => {
  withHistory((history) => {
    const twice = run.replace('"voice":', '"voice":"first","voice":');
    const odd = `${twice.slice(0, -1)},"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`;
    assert.equal(importLines(history, [header, odd]).added, 1);
    assert.equal(history.runs.need(1).voice, 'af_heart');
    assert.equal('polluted' in {}, false);
  });
});

test('a document by itself has the same limits', () => {
  withHistory((history) => {
    const { settings, ...document } = exampleProfile();
    const line = JSON.stringify({ ...document, settings: { ...settings, voice: 'v'.repeat(2000) } });
    const { refused, added } = importLines(history, [header, line]);
    assert.deepEqual([refused.length, added], [1, 0]);
    assert.throws(() => importLines(history, ['{', `"a":[${'1,'.repeat(8_000_000)}1]`, '}']), {
      code: 'bad-document',
      message: 'It has more than 8,000,000 values.',
    });
    assert.throws(
      () =>
        importLines(
          history,
          JSON.stringify({ ...document, settings: { ...settings, text: long } }, undefined, 2).split('\n'),
        ),
      { code: 'bad-document' },
    );
  });
});

test('refused lines are named up to a thousand, and counted beyond', () => {
  withHistory((history) => {
    const { refused, moreRefused } = importLines(history, [
      header,
      ...Array.from({ length: 1500 }, () => '{'),
    ]);
    assert.deepEqual([refused.length, moreRefused], [1000, 500]);
  });
});

test('no more schedules come in than one answer holds', () => {
  withHistory((history) => {
    const many = Array.from({ length: 210 }, (_, place) =>
      changed(schedule, 'uid', `00000000-0000-4000-8000-${String(place).padStart(12, '0')}`),
    );
    const { schedules, refused } = importLines(history, [header, ...many]);
    assert.deepEqual([schedules, refused.length], [200, 10]);
    assert.throws(() => history.schedules.add(exampleSchedule()), { code: 'bad-input' });
  });
});
