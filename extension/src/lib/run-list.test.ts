import { expect, test } from 'vitest';
import { exampleRun } from '@tidemark/client/testing/example-messages';
import { everything, filterChoices, filterParameters, groupByDay } from './run-list.ts';

test('each choice asks the daemon for one thing', () => {
  const asked = filterChoices(['bf16']).map(({ value }) => filterParameters(value));
  expect(asked.every((parameters) => Object.keys(parameters).length === 1)).toBe(true);
  expect(asked).toContainEqual({ leak: 'no-leak' });
});

test('a model may have a colon in its name', () => {
  expect(filterParameters('model:C:/kokoro')).toEqual({ model: 'C:/kokoro' });
});

test('a model that several runs name is offered once', () => {
  const choices = filterChoices(['bf16', 'bf16', 'fp32']).map(({ value }) => value);
  expect(new Set(choices).size).toBe(choices.length);
});

test('everything, and what an older version of the extension kept, ask for nothing in particular', () => {
  expect(filterParameters(everything)).toEqual({});
  expect(filterParameters('colour:blue')).toEqual({});
});

test('runs are grouped by the day that a person would name', () => {
  const now = new Date(2026, 10, 24, 0, 30);
  const at = (...moment: [number, number, number, number]): string => new Date(...moment).toISOString();
  const runs = [
    exampleRun(5, { state: 'running' }),
    exampleRun(4, { endedAt: at(2026, 10, 24, 0) }),
    // Minutes before, and yesterday all the same.
    exampleRun(3, { endedAt: at(2026, 10, 23, 23) }),
    exampleRun(2, { endedAt: at(2026, 10, 19, 12) }),
    exampleRun(1, { endedAt: at(2026, 9, 1, 12) }),
  ];
  expect(groupByDay(runs, now).map(({ title }) => title)).toEqual([
    'Now',
    'Today',
    'Yesterday',
    'Thursday',
    '1 October 2026',
  ]);
});
