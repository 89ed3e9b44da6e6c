/** The architecture as docs/architecture.md draws it, compared with the folders and imports that there are. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layoutOf } from '../setup/layout.js';
import { floors } from './floors.js';
import { circlesIn, readReferences } from './imports.ts';

const { root } = layoutOf();
const houses = ['daemon/src', 'shared/src'];

/** The drawing's floors, top first. A cell that goes on in the next line ends with a dot. */
function drawnFloors(): string[][] {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const drawing = page.split('## Floors')[1]?.split('```')[1] ?? '';
  const drawn: string[][] = [];
  let house = '';
  for (const line of drawing.split('\n')) {
    house = houses.find((name) => line.trim() === name) ?? house;
    if (line.includes('┌') || line.includes('├')) {
      drawn.push([]);
    }
    const cell = /^ │ ([^│]*)│/.exec(line)?.[1] ?? '';
    const names = cell.split('·').map((name) => name.trim());
    drawn.at(-1)?.push(...names.filter((name) => name !== '').map((name) => `${house}/${name}`));
  }
  return drawn;
}

const withoutEnding = (room: string): string => room.replace(/\.ts$/, '');
const floorOf = (file: string, drawn: readonly string[][]): number =>
  drawn.findIndex((rooms) => rooms.some((room) => file === `${room}.ts` || file.startsWith(`${room}/`)));
const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file);

const { imports, starts } = await readReferences(root, [
  ...houses,
  'shared/test',
  'daemon/test',
  'scripts',
  'extension/src',
  'extension/test',
  'extension/scripts',
]);

test('the drawing shows the floors that ESLint holds', () => {
  assert.deepEqual(
    drawnFloors(),
    floors.map((rooms) => rooms.map(withoutEnding)),
  );
});

test('the drawing has every folder and file of the sources, and nothing else', () => {
  const found = houses.flatMap((house) => readdirSync(join(root, house)).map((name) => `${house}/${name}`));
  const rooms = found.filter((path) => !isTest(path)).map(withoutEnding);
  assert.deepEqual(rooms.sort(), drawnFloors().flat().sort());
});

test('no room imports one beside or above it, or starts a process of one', () => {
  const drawn = drawnFloors();
  const upward = [...imports, ...starts].flatMap(([file, targets]) => {
    const floor = floorOf(file, drawn);
    return targets
      .filter((target) => {
        const below = floorOf(target, drawn);
        return floor !== -1 && below !== -1 && below <= floor && !sameRoom(file, target, drawn[floor]);
      })
      .map((target) => `${file} → ${target}`);
  });
  assert.deepEqual(upward, []);
});

function sameRoom(file: string, target: string, rooms: readonly string[] = []): boolean {
  return rooms.some((room) =>
    [file, target].every((path) => path.startsWith(`${room}/`) || path === `${room}.ts`),
  );
}

test('sources import no scripts and no tests, and the extension imports nothing of the daemon', () => {
  const stray = [...imports].flatMap(([file, targets]) =>
    isTest(file) || !/^(daemon|shared|extension)\/src\//.test(file)
      ? []
      : targets.filter((target) => !isAllowed(file, target)).map((target) => `${file} → ${target}`),
  );
  assert.deepEqual(stray, []);
});

function isAllowed(file: string, target: string): boolean {
  const [house = ''] = file.split('/');
  return target.startsWith('shared/src/') || target.startsWith(`${house}/src/`);
}

test('no files import each other in a circle, types included', () => {
  assert.ok(imports.size > 500, 'the sources were read');
  assert.deepEqual(circlesIn(imports), []);
});

test('a circle is found, through however many files', () => {
  const circle = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['a', 'd']],
    ['d', []],
  ]);
  assert.deepEqual(circlesIn(circle), [['a', 'b', 'c']]);
});
