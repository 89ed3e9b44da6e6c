import { expect, test } from 'vitest';
import { everything, filterChoices, filterParameters } from './run-filters.ts';

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
