/** Every keyboard shortcut of the extension, from its sources: none is Raycast's own, and the README names them as they are. */

import { Keyboard } from '@raycast/api';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { combinationName, isReserved } from './raycast-api/semantics.ts';
import type { Combination } from './raycast-api/semantics.ts';

const folder = fileURLToPath(new URL('..', import.meta.url));

const sources = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.includes('.test.'))
  .map((name) => readFileSync(join(folder, 'src', name), 'utf8'));

/** How a shortcut is written: named by Raycast, or as modifiers and a key. */
const spelled =
  /shortcut(?:=\{|: )(?:Keyboard\.Shortcut\.Common\.(?<common>\w+)|\{{1,2}? ?modifiers: \[(?<modifiers>[^\]]*)\], key: '(?<key>[^']+)' \})/g;

function combinationOf({
  common,
  modifiers = '',
  key = '',
}: Record<string, string | undefined>): Combination {
  const named = Object.entries(Keyboard.Shortcut.Common).find(([name]) => name === common)?.[1];
  return (
    (named as Combination | undefined) ?? {
      modifiers: [...modifiers.matchAll(/'(\w+)'/g)].map(([, modifier = '']) => modifier),
      key,
    }
  );
}

const combinations = sources.flatMap((source) =>
  [...source.matchAll(spelled)].map(({ groups = {} }) => combinationOf(groups)),
);

test('every shortcut in the sources is seen', () => {
  const mentions = sources.flatMap((source) => source.match(/\bshortcut(=|: [{K])/g) ?? []).length;
  expect(combinations.length).toBe(mentions);
  expect(combinations.length).toBeGreaterThan(15);
});

test.each(combinations.map((combination) => [combinationName(combination), combination] as const))(
  "%s is not Raycast's own",
  (_name, combination) => {
    expect(isReserved(combination)).toBe(false);
    expect(combination.modifiers.length).toBeGreaterThan(0);
  },
);

describe('what is reserved', () => {
  test.each<Combination>([
    { modifiers: ['cmd'], key: 'return' },
    { modifiers: ['cmd'], key: 'enter' },
    { modifiers: [], key: 'return' },
    { modifiers: ['cmd'], key: 'p' },
    { modifiers: ['shift', 'cmd'], key: '/' },
    { modifiers: ['cmd'], key: 'backspace' },
  ])('is known by each of its names: %o', (combination) => {
    expect(isReserved(combination)).toBe(true);
  });
});

const signs: Readonly<Record<string, string>> = { cmd: '⌘', shift: '⇧', opt: '⌥', ctrl: '⌃' };

const inReadme = ({ modifiers, key }: Combination): string =>
  [...modifiers.map((modifier) => signs[modifier]), key.toUpperCase()].join(' ');

test('the README names shortcuts that there are', () => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const [, table = ''] = readme.split('## Keyboard Shortcuts');
  const named = [...(table.split('##')[0] ?? '').matchAll(/\| `([^`]+)` /g)].map(([, keys = '']) =>
    keys.trim(),
  );
  expect(named.length).toBeGreaterThan(5);
  // Raycast gives ⌘ ↵ to the second action itself.
  const known = ['⌘ ↵', ...combinations.map(inReadme)];
  expect(named.filter((keys) => !known.includes(keys))).toEqual([]);
});
