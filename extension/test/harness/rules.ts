/** What Raycast's documentation forbids of a whole tree, which no single component can see of itself. */

import { combinationsOf } from '../raycast-api/semantics.ts';
import { walk } from './tree.ts';
import type { TreeNode } from './tree.ts';

/** The sentences of what is wrong; none for a tree that is all right. */
export function brokenRules(root: TreeNode): string[] {
  return [...walk(root)].flatMap((node) => [
    ...repeatedMenuItems(node),
    ...repeated(node, 'List', 'List.Item', 'id'),
    ...repeated(node, 'Grid', 'Grid.Item', 'id'),
    ...repeated(node, 'List.Dropdown', 'List.Dropdown.Item', 'value'),
    ...repeated(node, 'Form.Dropdown', 'Form.Dropdown.Item', 'value'),
    ...repeatedFields(node),
    ...repeatedShortcuts(node),
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
    combinationsOf(props['shortcut']).map(({ modifiers, key }) =>
      [...modifiers].sort().concat(key).join('+'),
    ),
  );
  return twice(shortcuts).map((shortcut) => `ActionPanel gives the shortcut ${shortcut} to two actions`);
}

function doubleEmptyViews(node: TreeNode): string[] {
  const empty = node.children.filter(({ type }) => type === 'List.EmptyView');
  return empty.length > 1 ? [`${node.type} has ${empty.length} empty views`] : [];
}

const twice = <T>(values: readonly T[]): T[] =>
  values.filter((value, place) => values.indexOf(value) !== place);
