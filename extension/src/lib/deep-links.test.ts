import { describe, expect, test } from 'vitest';
import { argumentOf, fallbackTextOf, launchContextOf } from './deep-links.ts';
import type { LaunchContexts } from './deep-links.ts';

const commands = [
  'profile-memory',
  'quick-profile',
  'runs',
  'compare-models',
  'leak-checks',
  'daemon',
  'menu-bar',
] as const satisfies readonly (keyof LaunchContexts)[];

/** What is no context at all; Raycast itself hands over the first two. */
const nonsense: readonly unknown[] = [null, undefined, 'text', 7, true, Number.NaN, [], [1], () => undefined];

describe.each(commands)('the launch context of %s', (name) => {
  test.each(nonsense)('is as if empty where it is %s', (launchContext) => {
    expect(Object.values(launchContextOf(name, { launchContext }))).not.toContainEqual(expect.anything());
  });

  test('is as if empty without any properties', () => {
    for (const props of [undefined, null, {}]) {
      expect(Object.values(launchContextOf(name, props))).not.toContainEqual(expect.anything());
    }
  });
});

const fields: readonly (readonly [keyof LaunchContexts, string, unknown, readonly unknown[]])[] = [
  ['profile-memory', 'followRunId', 7, ['7', 0, -1, 1.5, null, {}, Number.NaN, Infinity, 2 ** 60]],
  ['profile-memory', 'model', 'bf16', ['', '  ', 7, null, {}, ['bf16']]],
  ['profile-memory', 'voice', 'af_heart', ['', '\n', false, null, []]],
  ['profile-memory', 'text', ' Hello. ', ['', ' \t\n', 7, null, {}]],
  ['profile-memory', 'iterations', 20, [0, -5, 'many', null, 2.5]],
  ['profile-memory', 'engine', 'mlx-audio', ['', 'MLX', 7, null, ['mlx-audio']]],
  // Whose interpreter runs is no link's to say.
  ['profile-memory', 'python', undefined, ['/tmp/python']],
  ['profile-memory', 'startAtOnce', true, ['true', 1, null, {}]],
  ['runs', 'runId', 1, ['1', 0, null, [1]]],
  ['compare-models', 'studyId', 3, ['3', 0, null]],
  ['compare-models', 'followRunId', 3, [{}, -3, null]],
  ['leak-checks', 'alertId', 2, ['2', 0, null]],
  ['leak-checks', 'scheduleId', 2, [true, 0.5, null]],
  ['daemon', 'show', 'logs', ['everything', '', null, 7, ['logs']]],
];

test.each(fields)('%s understands %s, and ignores what makes no sense', (name, field, sense, wrong) => {
  const read = (value: unknown): unknown =>
    (launchContextOf(name, { launchContext: { [field]: value, unknown: 1 } }) as Record<string, unknown>)[
      field
    ];
  expect(read(sense)).toBe(sense);
  for (const value of wrong) {
    expect(read(value)).toBeUndefined();
  }
});

test('one field that makes no sense takes nothing from the others', () => {
  const launchContext = { model: 'bf16', voice: 7, followRunId: null };
  expect(launchContextOf('profile-memory', { launchContext })).toMatchObject({ model: 'bf16' });
});

test('an argument is what was typed, without the space around it', () => {
  expect(argumentOf({ arguments: { model: ' bf16 ' } }, 'model')).toBe('bf16');
  for (const given of [null, undefined, '', 7, [], {}, { model: '' }, { model: null }, { model: 7 }]) {
    expect(argumentOf({ arguments: given }, 'model')).toBeUndefined();
  }
  expect(argumentOf(undefined, 'model')).toBeUndefined();
});

test('the text of a fallback is what was typed', () => {
  expect(fallbackTextOf({ fallbackText: 'Good morning.' })).toBe('Good morning.');
  for (const fallbackText of [null, undefined, '', '  ', 7, {}]) {
    expect(fallbackTextOf({ fallbackText })).toBeUndefined();
  }
  expect(fallbackTextOf(null)).toBeUndefined();
});
