/** Which component goes where: Raycast's types take any React node as a child, its documentation does not. */

import { WrongUse } from './check.ts';

/** A component, or with `#` one of its props that takes elements. */
export type Place = string;

const actions = [
  'Action',
  'Action.CopyToClipboard',
  'Action.CreateQuicklink',
  'Action.CreateSnippet',
  'Action.InstallMCPServer',
  'Action.Open',
  'Action.OpenInBrowser',
  'Action.OpenWith',
  'Action.Paste',
  'Action.PickDate',
  'Action.Push',
  'Action.ShowInFinder',
  'Action.SubmitForm',
  'Action.ToggleQuickLook',
  'Action.Trash',
];

const metadataItems = (prefix: string): string[] =>
  ['Label', 'Separator', 'Link', 'TagList'].map((name) => `${prefix}.${name}`);

const dropdown = (name: string): Record<Place, readonly string[]> => ({
  [name]: [`${name}.Item`, `${name}.Section`],
  [`${name}.Section`]: [`${name}.Item`],
});

const collection = (name: 'List' | 'Grid'): Record<Place, readonly string[]> => ({
  [name]: [`${name}.Item`, `${name}.Section`, `${name}.EmptyView`],
  [`${name}#actions`]: ['ActionPanel'],
  [`${name}#searchBarAccessory`]: [`${name}.Dropdown`],
  [`${name}.Section`]: [`${name}.Item`],
  [`${name}.Item#actions`]: ['ActionPanel'],
  [`${name}.EmptyView#actions`]: ['ActionPanel'],
  ...dropdown(`${name}.Dropdown`),
});

const menuItems = ['MenuBarExtra.Item', 'MenuBarExtra.Section', 'MenuBarExtra.Submenu'];

const children: Readonly<Record<Place, readonly string[]>> = {
  view: ['List', 'Grid', 'Detail', 'Form'],
  'menu-bar': ['MenuBarExtra'],
  ...collection('List'),
  ...collection('Grid'),
  'List.Item#detail': ['List.Item.Detail'],
  'List.Item.Detail#metadata': ['List.Item.Detail.Metadata'],
  'List.Item.Detail.Metadata': metadataItems('List.Item.Detail.Metadata'),
  'List.Item.Detail.Metadata.TagList': ['List.Item.Detail.Metadata.TagList.Item'],
  'Detail#actions': ['ActionPanel'],
  'Detail#metadata': ['Detail.Metadata'],
  'Detail.Metadata': metadataItems('Detail.Metadata'),
  'Detail.Metadata.TagList': ['Detail.Metadata.TagList.Item'],
  Form: [
    'Form.Checkbox',
    'Form.DatePicker',
    'Form.Description',
    'Form.Dropdown',
    'Form.FilePicker',
    'Form.PasswordField',
    'Form.Separator',
    'Form.TagPicker',
    'Form.TextArea',
    'Form.TextField',
  ],
  'Form#actions': ['ActionPanel'],
  'Form#searchBarAccessory': ['Form.LinkAccessory'],
  ...dropdown('Form.Dropdown'),
  'Form.TagPicker': ['Form.TagPicker.Item'],
  ActionPanel: [...actions, 'ActionPanel.Section', 'ActionPanel.Submenu'],
  'ActionPanel.Section': [...actions, 'ActionPanel.Submenu'],
  'ActionPanel.Submenu': [...actions, 'ActionPanel.Section', 'ActionPanel.Submenu'],
  MenuBarExtra: menuItems,
  'MenuBarExtra.Section': ['MenuBarExtra.Item', 'MenuBarExtra.Submenu'],
  'MenuBarExtra.Submenu': menuItems,
  'MenuBarExtra.Item#alternate': ['MenuBarExtra.Item'],
};

/** Every component that may be somewhere. */
export const placeable = new Set(Object.values(children).flat());

/** Throws where a component stands in a place that Raycast shows nothing of, or refuses. */
export function checkPlace(component: string, place: Place): void {
  const allowed = children[place] ?? [];
  if (!allowed.includes(component)) {
    const where =
      place === 'view' ? 'a view' : place === 'menu-bar' ? 'a menu-bar command' : place.replace('#', "'s ");
    throw new WrongUse(
      `<${component}> cannot be in ${where}, which takes ${allowed.length === 0 ? 'nothing' : allowed.join(', ')}.`,
    );
  }
}
