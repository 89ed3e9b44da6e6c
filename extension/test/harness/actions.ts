/** What happens when a person chooses one of Raycast's actions. */

import type { ReactNode } from 'react';
import { textOf } from '../raycast-api/functions.ts';
import { raycast } from '../raycast-api/raycast.ts';
import type { TreeNode } from './tree.ts';

type Callback = ((...args: unknown[]) => unknown) | undefined;

/** `view` is what the action's panel belongs to: its form's values are what is submitted. */
export async function runAction({ type, props }: TreeNode, view: TreeNode): Promise<void> {
  const callback = (name: string): Callback => props[name] as Callback;
  switch (type) {
    case 'Action':
      callback('onAction')?.();
      return;
    case 'Action.CopyToClipboard':
      raycast.clipboard = textOf(props['content']);
      raycast.windowCloses += 1;
      callback('onCopy')?.(props['content']);
      return;
    case 'Action.Paste':
      raycast.pasted.push(textOf(props['content']));
      callback('onPaste')?.(props['content']);
      return;
    case 'Action.OpenInBrowser':
      raycast.opened.push(String(props['url']));
      callback('onOpen')?.(props['url']);
      return;
    case 'Action.Open':
      raycast.opened.push(String(props['target']));
      callback('onOpen')?.(props['target']);
      return;
    case 'Action.ShowInFinder':
      raycast.opened.push(String(props['path']));
      callback('onShow')?.(props['path']);
      return;
    case 'Action.Trash':
      raycast.trashed.push(...[props['paths'] as string | string[]].flat());
      callback('onTrash')?.(props['paths']);
      return;
    case 'Action.Push':
      raycast.navigator?.push(props['target'] as ReactNode, callback('onPop') as (() => void) | undefined);
      callback('onPush')?.();
      return;
    case 'Action.SubmitForm':
      await callback('onSubmit')?.(valuesOf(view));
      return;
    default:
      throw new Error(`The harness does not know what ${type} does`);
  }
}

/** A form's values as Raycast hands them over. */
export function valuesOf(form: TreeNode): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { type, props, entered, children } of form.children) {
    const { id } = props;
    if (typeof id !== 'string') {
      continue;
    }
    values[id] = props['value'] ?? entered ?? props['defaultValue'] ?? emptyValue(type, children);
  }
  return values;
}

function emptyValue(type: string, children: readonly TreeNode[]): unknown {
  switch (type) {
    case 'Form.Checkbox':
      return false;
    case 'Form.DatePicker':
      return null;
    case 'Form.TagPicker':
    case 'Form.FilePicker':
      return [];
    case 'Form.Dropdown':
      return children.find((child) => child.type === 'Form.Dropdown.Item')?.props['value'] ?? '';
    default:
      return '';
  }
}
