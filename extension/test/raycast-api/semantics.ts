/**
 * What Raycast makes of props and trees that have the right types: pictures have to exist, colors have to be colors, and siblings
 * have to differ.
 */

import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isValidElement } from 'react';
import { walk } from '../harness/tree.ts';
import type { TreeNode } from '../harness/tree.ts';
import { declarations } from './declarations.ts';
import { raycast } from './raycast.ts';

/** Something that Raycast's types or documentation do not allow. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse';
}

/** What is wrong with a value, or undefined. */
type Check = (value: unknown) => string | undefined;

const cssColor = /^(#[\da-f]{3}|#[\da-f]{6}|#[\da-f]{8}|(rgb|rgba|hsl|hsla)\([^()]*\)|[a-z]+)$/i;

const picture: Check = (value) => {
  if (typeof value !== 'string') {
    return undefined;
  }
  if (Object.values(declarations.enums['Icon'] ?? {}).includes(value)) {
    return undefined;
  }
  if (/^(https?|file|data):/.test(value)) {
    return undefined;
  }
  const isEmoji = /^\p{Extended_Pictographic}/u.test(value) && [...value].length <= 8;
  if (isEmoji) {
    return undefined;
  }
  const path = isAbsolute(value) ? value : join(raycast.assetsPath, value);
  return existsSync(path) ? undefined : 'no icon, no address, and no file in the assets';
};

const color: Check = (value) => {
  if (typeof value !== 'string') {
    return undefined;
  }
  return value.startsWith('raycast-')
    ? Object.values(declarations.enums['Color'] ?? {}).includes(value)
      ? undefined
      : 'no color of Raycast'
    : cssColor.test(value)
      ? undefined
      : 'no color';
};

/** Raycast's own everywhere, as its ESLint rule no-reserved-shortcut knows them, and what edits text in a search field. */
const reserved = [
  'enter',
  'cmd+enter',
  'escape',
  'cmd+escape',
  'cmd+k',
  'cmd+p',
  'cmd+shift+/',
  'cmd+,',
  'cmd+w',
  'cmd+q',
  'cmd+a',
  'cmd+c',
  'cmd+v',
  'cmd+x',
  'cmd+z',
  'cmd+shift+z',
  'delete',
  'cmd+delete',
  'opt+delete',
  'deleteForward',
];

/** In a form, whose first action has ⌘ ↵, Raycast's second action has this one. */
const reservedInForms = 'cmd+shift+enter';

const synonyms: Readonly<Record<string, string>> = { return: 'enter', backspace: 'delete' };

/** A combination by one name, in whatever order and by whatever of two names of a key it was written. */
export const combinationName = ({ modifiers, key }: Combination): string =>
  [...modifiers]
    .sort()
    .concat(synonyms[key] ?? key)
    .join('+');

export const isReserved = (combination: Combination): boolean =>
  reserved.includes(combinationName(combination));

const shortcut: Check = (value) => {
  for (const combination of combinationsOf(value)) {
    const { modifiers, key } = combination;
    if (isReserved(combination)) {
      return `${combinationName(combination)} is Raycast's own`;
    }
    if (new Set(modifiers).size < modifiers.length) {
      return 'a modifier is named twice';
    }
    if (modifiers.length === 0 && /^[a-z0-9]$/.test(key)) {
      return 'a key alone types into the search field';
    }
  }
  return undefined;
};

export interface Combination {
  readonly modifiers: readonly string[];
  readonly key: string;
}

/** A shortcut's combination, or those for each platform. */
function combinationsOf(value: unknown): Combination[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  if ('key' in value) {
    return [value as unknown as Combination];
  }
  return Object.values(value) as Combination[];
}

const checks: Readonly<Record<string, Check>> = {
  icon: picture,
  source: picture,
  fallback: picture,
  color,
  tintColor: color,
  shortcut,
};

/** Keys under which a value has its parent's meaning: `{ light, dark }` for each appearance, `{ value, tooltip }`. */
const transparent = ['light', 'dark', 'value'];

/** Throws where a value has no meaning, `name` being the component or the path to what is within its props. */
export function checkMeaning(name: string, props: object, meaning?: Check): void {
  for (const [key, value] of Object.entries(props) as [string, unknown][]) {
    const path = `${name}.${key}`;
    const check = transparent.includes(key) ? meaning : checks[key];
    const problem = check?.(value) ?? (isNothing(value) ? 'no date or number' : undefined);
    if (problem !== undefined) {
      throw new WrongUse(`${path} is ${JSON.stringify(value)}: ${problem}.`);
    }
    if (typeof value === 'object' && value !== null && !isValidElement(value)) {
      checkMeaning(path, value, check);
    }
  }
}

const isNothing = (value: unknown): boolean => Number.isNaN(value instanceof Date ? value.getTime() : value);

/** What is wrong with a whole tree, which no single component can see of itself, as sentences. */
export function brokenRules(root: TreeNode): string[] {
  return [...walk(root)].flatMap((node) => [
    ...repeatedMenuItems(node),
    ...repeated(node, 'List', 'List.Item', 'id'),
    ...repeated(node, 'Grid', 'Grid.Item', 'id'),
    ...repeated(node, 'List.Dropdown', 'List.Dropdown.Item', 'value'),
    ...repeated(node, 'Form.Dropdown', 'Form.Dropdown.Item', 'value'),
    ...repeatedFields(node),
    ...repeatedShortcuts(node),
    ...secondActionsShortcut(node),
    ...doubleEmptyViews(node),
  ]);
}

/** Identical items at one level: "their onAction handlers will not be executed correctly". */
function repeatedMenuItems(node: TreeNode): string[] {
  if (!['MenuBarExtra', 'MenuBarExtra.Submenu', 'MenuBarExtra.Section'].includes(node.type)) {
    return [];
  }
  const items = node.children.filter(({ type }) => type === 'MenuBarExtra.Item');
  return twice(
    items.map(({ props }) => JSON.stringify([props['title'], props['subtitle'], props['icon']])),
  ).map((item) => `${node.type} has the same item twice: ${item}`);
}

function repeated(node: TreeNode, within: string, type: string, prop: string): string[] {
  if (node.type !== within) {
    return [];
  }
  const values = [...walk(node)].filter((each) => each.type === type).map(({ props }) => props[prop]);
  return twice(values.filter((value) => value !== undefined)).map(
    (value) => `${within} has two ${type} with the ${prop} ${String(value)}`,
  );
}

function repeatedFields(node: TreeNode): string[] {
  if (node.type !== 'Form') {
    return [];
  }
  const ids = node.children.map(({ props }) => props['id']).filter((id) => id !== undefined);
  return twice(ids).map((id) => `Form has two fields with the id ${String(id)}`);
}

function repeatedShortcuts(node: TreeNode): string[] {
  if (node.type !== 'ActionPanel') {
    return [];
  }
  const shortcuts = [...walk(node)].flatMap(({ props }) =>
    combinationsOf(props['shortcut']).map(combinationName),
  );
  return twice(shortcuts).map((shortcut) => `ActionPanel gives the shortcut ${shortcut} to two actions`);
}

function secondActionsShortcut(node: TreeNode): string[] {
  return node.type === 'Form' &&
    [...walk(node)].some(({ props }) =>
      combinationsOf(props['shortcut']).some((each) => combinationName(each) === reservedInForms),
    )
    ? [`Form gives the shortcut of its second action, ${reservedInForms}, to an action`]
    : [];
}

function doubleEmptyViews(node: TreeNode): string[] {
  const empty = node.children.filter(({ type }) => type === 'List.EmptyView');
  return empty.length > 1 ? [`${node.type} has ${empty.length} empty views`] : [];
}

const twice = <T>(values: readonly T[]): T[] =>
  values.filter((value, place) => values.indexOf(value) !== place);
