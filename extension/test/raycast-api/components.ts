/**
 * Raycast's components: each checks its place and what its props mean, and leaves an element of its name. Raycast's types take any
 * React node as a child, its documentation does not.
 */

import { createContext, createElement, useContext, useImperativeHandle } from 'react';
import type { FunctionComponent, ReactNode, Ref } from 'react';
import { declarations } from './declarations.ts';
import { checkMeaning, WrongUse } from './semantics.ts';

/** A component, or with `#` one of its props that takes elements. */
type Place = string;

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

const allowedIn: Readonly<Record<Place, readonly string[]>> = {
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
export const placeable = new Set(Object.values(allowedIn).flat());

/** Throws where a component stands in a place that Raycast shows nothing of, or refuses. */
function checkPlace(component: string, place: Place): void {
  const allowed = allowedIn[place] ?? [];
  if (!allowed.includes(component)) {
    const where =
      place === 'view' ? 'a view' : place === 'menu-bar' ? 'a menu-bar command' : place.replace('#', "'s ");
    throw new WrongUse(
      `<${component}> cannot be in ${where}, which takes ${allowed.length === 0 ? 'nothing' : allowed.join(', ')}.`,
    );
  }
}

/** Where the next component will stand; what renders the tree sets it for the root. */
export const PlaceContext = createContext<Place>('nowhere');

type Props = Readonly<Record<string, unknown>> & { children?: ReactNode; ref?: Ref<unknown> };

/** The component of a name in the declarations, such as `List.Item.Detail`. */
export function component(name: string): FunctionComponent<Props> {
  if (!declarations.components.includes(name)) {
    throw new Error(`@raycast/api declares no component ${name}`);
  }
  const slots = Object.keys(allowedIn).flatMap((place) =>
    place.startsWith(`${name}#`) ? place.slice(name.length + 1) : [],
  );
  const isFormItem = allowedIn['Form']?.includes(name);

  const Component: FunctionComponent<Props> = ({ ref, ...props }) => {
    const place = useContext(PlaceContext);
    checkPlace(name, place);
    checkMeaning(name, props);
    checkItself(name, props);
    useImperativeHandle(isFormItem ? ref : undefined, () => ({
      focus: () => undefined,
      reset: () => undefined,
    }));
    const { children, ...own } = props;
    for (const slot of slots) {
      delete (own as Record<string, unknown>)[slot];
    }
    return createElement(
      name,
      own,
      createElement(PlaceContext.Provider, { value: name }, children),
      ...shown(slots, props).map((slot) =>
        createElement(
          PlaceContext.Provider,
          { key: slot, value: `${name}#${slot}` },
          createElement('slot', { name: slot }, props[slot] as ReactNode),
        ),
      ),
    );
  };
  Component.displayName = name;
  return Component;
}

/** The slots that hold something. */
const shown = (slots: readonly string[], props: Props): string[] =>
  slots.filter((slot) => props[slot] !== undefined && props[slot] !== null);

/** What the documentation says of single components, beyond their types. */
function checkItself(name: string, props: Props): void {
  switch (name) {
    case 'MenuBarExtra.Item': {
      const alternate = props['alternate'] as { props: Props } | undefined;
      if (alternate === undefined) {
        return;
      }
      if (alternate.props['shortcut'] !== undefined || alternate.props['alternate'] !== undefined) {
        throw new WrongUse('<MenuBarExtra.Item>: an alternate has no shortcut and no alternate of its own.');
      }
      return;
    }
    case 'Detail':
    case 'List.Item.Detail': {
      const { markdown } = props;
      if (
        typeof markdown === 'string' &&
        /\]\((?!https?:|data:|raycast:|mailto:|file:|#|\/)[^)]*\)/.test(markdown)
      ) {
        throw new WrongUse(`<${name}>: its markdown links to what is neither an address nor data.`);
      }
    }
  }
}
