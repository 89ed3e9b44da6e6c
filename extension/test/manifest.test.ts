/** The manifest, held against Raycast's documentation: `ray build` itself misses most of what is wrong with one. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { repository } from './harness/repository.ts';
import { raycast } from './raycast-api/raycast.ts';
import type { PreferenceDeclaration } from './raycast-api/raycast.ts';

const { manifest } = raycast;
const folder = fileURLToPath(new URL('..', import.meta.url));
const packageJson = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;

/** Of the page "Prepare an Extension for Store". */
const categories = [
  'Applications',
  'Communication',
  'Data',
  'Documentation',
  'Design Tools',
  'Developer Tools',
  'Finance',
  'Fun',
  'Media',
  'News',
  'Productivity',
  'Security',
  'System',
  'Web',
  'Other',
];

const smallWords = new Set([
  'a',
  'an',
  'and',
  'as',
  'at',
  'by',
  'for',
  'from',
  'in',
  'of',
  'on',
  'or',
  'the',
  'to',
  'with',
]);

function isTitleCase(title: string): boolean {
  const words = title.split(/[\s:…]+/).filter((word) => word !== '' && !/^[^A-Za-z]/.test(word));
  return words.every((word, place) => /^[A-Z]/.test(word) || (place > 0 && smallWords.has(word)));
}

/** Width and height of a PNG, in pixels. */
function sizeOf(path: string): [number, number] {
  const content = readFileSync(path);
  expect(content.subarray(1, 4).toString()).toBe('PNG');
  return [content.readUInt32BE(16), content.readUInt32BE(20)];
}

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

describe('the extension', () => {
  test('has what the store asks for', () => {
    expect(manifest.name).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(isTitleCase(manifest.title)).toBe(true);
    expect(packageJson['license']).toBe('MIT');
    expect(packageJson['platforms']).toEqual(['macOS']);
    expect(manifest.categories.length).toBeGreaterThan(0);
    for (const category of manifest.categories) {
      expect(categories).toContain(category);
    }
  });

  test.skipIf(repository === undefined)('has the version and the address of the repository', () => {
    const { version, repository: address } = JSON.parse(
      readFileSync(join(repository ?? '', 'package.json'), 'utf8'),
    ) as Record<string, unknown>;
    expect(packageJson).toMatchObject({ version, repository: address });
  });

  test('has its icon for light and dark in 512 by 512 pixels', () => {
    for (const name of [manifest.icon, manifest.icon.replace('.png', '@dark.png')]) {
      expect(sizeOf(join(folder, 'assets', name))).toEqual([512, 512]);
    }
  });

  test('has a lock file of its own, a readme and a change log as the store wants it', () => {
    expect(existsSync(join(folder, 'package-lock.json'))).toBe(true);
    expect(existsSync(join(folder, 'README.md'))).toBe(true);
    const headings = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8').match(/^## .*$/gm) ?? [];
    expect(headings.length).toBeGreaterThan(0);
    for (const heading of headings) {
      expect(heading).toMatch(/^## \[.+\] - (\{PR_MERGE_DATE\}|\d{4}-\d\d-\d\d)$/);
    }
  });

  test('holds no assets but those that its code or its manifest names', () => {
    const sources = ['src', 'src/lib', 'src/components', 'src/tools']
      .map((each) => join(folder, each))
      .filter((each) => existsSync(each))
      .flatMap((each) => readdirSync(each).map((name) => join(each, name)))
      .filter((path) => /\.tsx?$/.test(path))
      .map((path) => readFileSync(path, 'utf8'));
    const text = [JSON.stringify(packageJson), ...sources].join('\n');
    const named = (name: string): boolean => text.includes(name.replace('@dark', ''));
    expect(readdirSync(join(folder, 'assets')).filter((name) => !named(name))).toEqual([]);
  });

  test('pins every dependency exactly', () => {
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      for (const [name, version] of Object.entries(packageJson[kind] as Record<string, string>)) {
        const isVendored = name === '@tidemark/client';
        expect(version).toMatch(isVendored ? /^file:vendor\/[\w.-]+-\d+\.\d+\.\d+\.tgz$/ : /^\d+\.\d+\.\d+$/);
      }
    }
  });
});

describe.each(manifest.commands)('the command $name', (command) => {
  test('has its file, and words as the store wants them', () => {
    const files = ['ts', 'tsx'].map((extension) => join(folder, 'src', `${command.name}.${extension}`));
    expect(files.filter((file) => existsSync(file))).toHaveLength(1);
    expect(isTitleCase(command.title)).toBe(true);
    expect(command.description).toMatch(/^[A-Z].*\.$/);
    expect(['view', 'no-view', 'menu-bar']).toContain(command.mode);
    if (command.icon !== undefined) {
      expect(sizeOf(join(folder, 'assets', command.icon))).toEqual([512, 512]);
    }
  });

  test('is refreshed in the background only by a mode and an interval that allow it', () => {
    if (command.interval === undefined) {
      return;
    }
    expect(['no-view', 'menu-bar']).toContain(command.mode);
    const [, count, unit] = /^(\d+)([smhd])$/.exec(command.interval) ?? [];
    expect(Number(count) * seconds[unit as keyof typeof seconds]).toBeGreaterThanOrEqual(60);
  });
});

test('the commands have different names and titles', () => {
  for (const key of ['name', 'title'] as const) {
    const values = manifest.commands.map((command) => command[key]);
    expect(new Set(values).size).toBe(values.length);
  }
});

test.each(manifest.tools ?? [])(
  'the tool $name has its file and a description',
  ({ name, title, description }) => {
    expect(['ts', 'tsx'].some((each) => existsSync(join(folder, 'src', 'tools', `${name}.${each}`)))).toBe(
      true,
    );
    expect(isTitleCase(title)).toBe(true);
    expect(description).toMatch(/\.$/);
  },
);

const preferences = [
  ...(manifest.preferences ?? []),
  ...manifest.commands.flatMap((command) => command.preferences ?? []),
];

test.each(preferences)('the preference $name is whole', (preference: PreferenceDeclaration) => {
  expect(['textfield', 'password', 'checkbox', 'dropdown', 'appPicker', 'file', 'directory']).toContain(
    preference.type,
  );
  expect(isTitleCase(preference.title ?? 'Untitled')).toBe(true);
  // A default is what lets a command open at once.
  expect(preference.required).toBe(false);
  if (preference.type === 'dropdown') {
    const values = (preference.data ?? []).map(({ value }) => value);
    expect(new Set(values).size).toBe(values.length);
    expect(values).toContain(preference.default);
  }
});
