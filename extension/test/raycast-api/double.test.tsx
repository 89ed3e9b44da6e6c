/** The double refuses what Raycast's documentation refuses, beyond what its types do. */

import { Action, ActionPanel, Color, Detail, Form, Icon, List, MenuBarExtra } from '@raycast/api';
import type { Keyboard } from '@raycast/api';
import { createElement } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { describe, expect, test } from 'vitest';
import { launch } from '../harness/launch.ts';
import { placeable } from './components.ts';
import { declarations } from './declarations.ts';

/** Renders an element as a command with a view, or for the menu bar, and gives what it threw. */
async function failureOf(element: ReactNode, command = 'runs'): Promise<string> {
  const screen = launch(command, () => element, { isMenuOpen: true });
  try {
    await screen.settle();
    return 'none';
  } catch (error) {
    return (error as Error).message;
  } finally {
    screen.close();
  }
}

const inList = (props: Partial<List.Item.Props>): ReactElement => (
  <List>
    <List.Item title="One" {...props} />
  </List>
);

const withAction = (action: ReactNode): ReactElement => (
  <Detail markdown="" actions={<ActionPanel>{action}</ActionPanel>} />
);

const reserved: Keyboard.Shortcut = { modifiers: ['cmd'], key: 'k' };

const menu = (...items: ReactNode[]): ReactElement =>
  createElement(MenuBarExtra, { title: 'Menu' }, ...items);

describe('props', () => {
  test('a right tree is let be', async () => {
    const tree = (
      <List isLoading searchBarPlaceholder="Search">
        <List.Item
          title="One"
          subtitle={{ value: 'Two', tooltip: 'Three' }}
          icon={{ source: Icon.MemoryChip, tintColor: Color.Green }}
          accessories={[
            { text: '4 MB', tooltip: 'Five' },
            { date: new Date(0) },
            { tag: { value: 'leak', color: Color.Red } },
          ]}
          actions={
            <ActionPanel>
              <Action title="Do" shortcut={{ modifiers: ['cmd'], key: 'd' }} onAction={() => undefined} />
              <ActionPanel.Section title="More">
                <Action.CopyToClipboard content="it" />
              </ActionPanel.Section>
            </ActionPanel>
          }
        />
      </List>
    );
    expect(await failureOf(tree)).toBe('none');
  });

  test.each<[string, () => ReactNode, RegExp]>([
    ['NaN for a number', () => <Detail markdown={Number.NaN as unknown as string} />, /Detail\.markdown/],
    ['an icon that is no picture', () => inList({ icon: 'no-such-picture.png' }), /no file in the assets/],
    ['an unknown icon as an object', () => inList({ icon: { source: 'x-16' } }), /no file in the assets/],
    [
      'an unknown icon with a tooltip',
      () => inList({ icon: { value: 'x-16', tooltip: 'X' } }),
      /no file in the assets/,
    ],
    [
      'an unknown icon for the dark',
      () => inList({ icon: { source: { light: Icon.Dot, dark: 'x' } } }),
      /no file in the assets/,
    ],
    ['a color that is none', () => inList({ icon: { source: Icon.Dot, tintColor: '#12' } }), /no color/],
    ['a date that is none', () => inList({ accessories: [{ date: new Date('x') }] }), /accessories/],
    ["Raycast's own shortcut", () => withAction(<Action title="Do" shortcut={reserved} />), /Raycast's own/],
    [
      'a shortcut that names a modifier twice',
      () => withAction(<Action title="Do" shortcut={{ modifiers: ['cmd', 'cmd'], key: 'd' }} />),
      /twice/,
    ],
    [
      'a shortcut without a modifier',
      () => withAction(<Action title="Do" shortcut={{ modifiers: [], key: 'd' }} />),
      /types into the search field/,
    ],
    [
      'a picture of the markdown that is no file',
      () => <Detail markdown="![x](chart.svg)" />,
      /neither an address/,
    ],
  ])('%s is refused', async (_what, tree, message) => {
    expect(await failureOf(tree())).toMatch(message);
  });

  test('an alternate with an alternate is refused in the menu bar', async () => {
    const tree = menu(
      <MenuBarExtra.Item
        title="One"
        alternate={<MenuBarExtra.Item title="Two" alternate={<MenuBarExtra.Item title="Three" />} />}
      />,
    );
    expect(await failureOf(tree, 'menu-bar')).toMatch(/alternate/);
  });

  test('an icon that Raycast does not have throws where it is named', () => {
    expect(() => (Icon as unknown as Record<string, unknown>)['NoSuchIcon']).toThrow(/no Icon\.NoSuchIcon/);
  });
});

describe('nesting', () => {
  test.each<[string, () => ReactNode, RegExp]>([
    [
      'an action outside a panel',
      () => <List actions={<Action title="Do" />} />,
      /<Action> cannot be in List's actions/,
    ],
    [
      'a list item in a detail',
      () => <Detail markdown="" actions={<List.Item title="One" />} />,
      /<List\.Item>/,
    ],
    ['a detail within a list', () => <List>{<Detail markdown="" />}</List>, /<Detail> cannot be in List/],
    [
      'a section in a section',
      () => (
        <List>
          <List.Section>
            <List.Section />
          </List.Section>
        </List>
      ),
      /<List\.Section>/,
    ],
    ['a panel in a panel', () => withAction(<ActionPanel />), /<ActionPanel> cannot be in ActionPanel/],
    ['a text in a list', () => <List>{'words'}</List>, /no text outside/],
    [
      "a list's metadata in a detail",
      () => <Detail markdown="" metadata={<List.Item.Detail.Metadata>{[]}</List.Item.Detail.Metadata>} />,
      /List\.Item\.Detail\.Metadata/,
    ],
    [
      'a form field in a list',
      () => (
        <List>
          <Form.TextField id="a" />
        </List>
      ),
      /<Form\.TextField>/,
    ],
    ['a menu in a view', () => <MenuBarExtra />, /<MenuBarExtra> cannot be in a view/],
  ])('%s is refused', async (_what, tree, message) => {
    expect(await failureOf(tree())).toMatch(message);
  });

  test('a list is refused in the menu bar', async () => {
    expect(await failureOf(<List />, 'menu-bar')).toMatch(/<List> cannot be in a menu-bar command/);
  });

  test('every component of the declarations has a place', () => {
    const named = declarations.components;
    expect(named.filter((name) => !placeable.has(name))).toEqual([]);
    expect([...placeable].filter((name) => !named.includes(name))).toEqual([]);
  });

  test.each<[string, () => ReactNode, string, RegExp]>([
    [
      'two identical menu items',
      () => menu(<MenuBarExtra.Item key="1" title="A" />, <MenuBarExtra.Item key="2" title="A" />),
      'menu-bar',
      /same item twice/,
    ],
    [
      'two list items of one id',
      () => (
        <List>
          <List.Item id="1" title="A" />
          <List.Item id="1" title="B" />
        </List>
      ),
      'runs',
      /two List\.Item with the id 1/,
    ],
    [
      'one shortcut for two actions',
      () =>
        withAction([
          <Action key="1" title="A" shortcut={{ modifiers: ['cmd'], key: 'd' }} />,
          <Action key="2" title="B" shortcut={{ modifiers: ['cmd'], key: 'd' }} />,
        ]),
      'runs',
      /cmd\+d to two actions/,
    ],
    [
      'two fields of one id',
      () => (
        <Form>
          <Form.TextField id="a" />
          <Form.TextArea id="a" />
        </Form>
      ),
      'runs',
      /two fields/,
    ],
  ])('%s are refused', async (_what, tree, command, message) => {
    expect(await failureOf(tree(), command)).toMatch(message);
  });
});
