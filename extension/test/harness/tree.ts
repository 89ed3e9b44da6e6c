/** What a command has rendered, as a tree of Raycast's components. */

import { isValidElement } from 'react';

export interface TreeNode {
  /** A component's name, such as `List.Item`; `slot` for a prop that holds elements; `view` for one on the stack. */
  type: string;
  props: Readonly<Record<string, unknown>>;
  children: TreeNode[];
  parent: TreeNode | undefined;
  /** What a person put into a form's field. */
  entered?: unknown;
}

/** Itself and everything below, in order. */
export function* walk(node: TreeNode): Generator<TreeNode> {
  yield node;
  for (const child of node.children) {
    yield* walk(child);
  }
}

export const ancestor = (node: TreeNode, type: string): TreeNode | undefined => {
  for (let each = node.parent; each !== undefined; each = each.parent) {
    if (each.type === type) {
      return each;
    }
  }
  return undefined;
};

/** The elements of a node's prop, such as the `actions` of a `List`. */
export const slot = (node: TreeNode, name: string): TreeNode[] =>
  node.children.find(({ type, props }) => type === 'slot' && props['name'] === name)?.children ?? [];

/** As text, a component a line, for people and for messages of failed tests. */
export function describe(node: TreeNode, depth = 0): string {
  const props = Object.entries(node.props)
    .filter(([, value]) => value !== undefined && typeof value !== 'function')
    .map(
      ([name, value]) => `${name}=${isValidElement(value) ? 'an element' : shorten(JSON.stringify(value))}`,
    );
  const line = `${'  '.repeat(depth)}${[node.type, ...props].join(' ')}`;
  return [line, ...node.children.map((child) => describe(child, depth + 1))].join('\n');
}

const shorten = (text: string | undefined): string =>
  text === undefined ? '' : text.length > 200 ? `${text.slice(0, 200)}…` : text;

/** Everything in it that a person reads: titles, texts, tooltips, markdown. */
export function wording(node: TreeNode): string {
  const words: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') {
      words.push(value);
    } else if (value instanceof Date) {
      words.push(value.toISOString());
    } else if (Array.isArray(value)) {
      value.forEach(collect);
    } else if (typeof value === 'object' && value !== null && !isValidElement(value)) {
      Object.values(value).forEach(collect);
    }
  };
  for (const { type, props } of walk(node)) {
    if (type === 'slot') {
      continue;
    }
    for (const [name, value] of Object.entries(props)) {
      if (
        !['icon', 'keywords', 'shortcut', 'id', 'value', 'style', 'source', 'tintColor', 'color'].includes(
          name,
        )
      ) {
        collect(value);
      }
    }
  }
  return words.join('\n');
}
