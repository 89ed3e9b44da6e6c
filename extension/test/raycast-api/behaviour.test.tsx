/** The double's functions and navigation behave as Raycast's documentation says. */

import {
  Action,
  ActionPanel,
  Cache,
  Clipboard,
  confirmAlert,
  Detail,
  environment,
  getPreferenceValues,
  Keyboard,
  launchCommand,
  LaunchType,
  List,
  LocalStorage,
  MenuBarExtra,
  showToast,
  Toast,
  useNavigation,
} from '@raycast/api';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import { describe, expect, test } from 'vitest';
import { launch } from '../harness/launch.ts';
import { declarations } from './declarations.ts';
import * as double from './index.ts';
import { raycast } from './raycast.ts';

describe('functions', () => {
  test('a toast is refused in a background launch, and shown otherwise', async () => {
    raycast.restart({ command: 'quick-profile', launchType: 'background' });
    await expect(showToast({ title: 'Hello' })).rejects.toThrow(/background/);
    raycast.restart({ command: 'quick-profile' });
    const toast = await showToast({ title: 'Hello', style: Toast.Style.Animated });
    toast.title = 'Bye';
    toast.style = Toast.Style.Success;
    expect(raycast.toasts).toMatchObject([{ title: 'Bye', style: 'SUCCESS', isShown: true }]);
  });

  test('a command that is disabled, unknown or has a view in the background cannot be launched', async () => {
    raycast.restart({ command: 'runs', disabled: ['menu-bar'] });
    await expect(launchCommand({ name: 'menu-bar', type: LaunchType.Background })).rejects.toThrow(
      /disabled/,
    );
    await expect(launchCommand({ name: 'none', type: LaunchType.UserInitiated })).rejects.toThrow(
      /not exist/,
    );
    await expect(launchCommand({ name: 'runs', type: LaunchType.Background })).rejects.toThrow(/has a view/);
    await launchCommand({ name: 'runs', type: LaunchType.UserInitiated, context: { runId: 3 } });
    expect(raycast.launches).toEqual([{ name: 'runs', type: 'userInitiated', context: { runId: 3 } }]);
  });

  test("an alert is answered as the test's user answers, and its action runs", async () => {
    let deleted = 0;
    const alert = {
      title: 'Delete?',
      primaryAction: { title: 'Delete', onAction: () => void (deleted += 1) },
    };
    raycast.restart({ command: 'runs', confirm: () => false });
    expect(await confirmAlert(alert)).toBe(false);
    raycast.restart({ command: 'runs' });
    expect(await confirmAlert(alert)).toBe(true);
    expect(deleted).toBe(1);
  });

  test("preferences are the manifest's defaults, and the user's over them", () => {
    raycast.restart({ command: 'menu-bar', preferences: { unit: 'MiB' } });
    expect(getPreferenceValues()).toMatchObject({
      unit: 'MiB',
      defaultModel: 'bf16',
      menuBarTitle: 'active',
    });
    raycast.restart({ command: 'menu-bar', preferences: { units: 'MiB' } });
    expect(() => getPreferenceValues()).toThrow(/no preference units/);
  });

  test('what is stored outlives a command', async () => {
    raycast.restart({ command: 'runs' });
    new Cache().set('a', '1');
    await LocalStorage.setItem('b', 2);
    await Clipboard.copy('c');
    raycast.restart({ command: 'menu-bar', launchType: 'background' });
    expect([new Cache().get('a'), await LocalStorage.getItem('b'), await Clipboard.readText()]).toEqual([
      '1',
      2,
      'c',
    ]);
    expect([environment.launchType, environment.commandName]).toEqual(['background', 'menu-bar']);
  });

  test('a cache lets the least recently used go beyond its capacity', () => {
    const cache = new Cache({ namespace: 'small', capacity: 10 });
    cache.set('a', '12345');
    cache.set('b', '12345');
    cache.get('a');
    cache.set('c', '12345');
    expect([cache.has('a'), cache.has('b'), cache.has('c')]).toEqual([true, false, true]);
  });

  test('the common shortcuts are those of the declarations', () => {
    const common = declarations.names.flatMap(
      (name) => /^Keyboard\.Shortcut\.Common\.(.+)$/.exec(name)?.[1] ?? [],
    );
    expect(Object.keys(Keyboard.Shortcut.Common)).toEqual(common);
    expect(Keyboard.Shortcut.Common.Refresh).toEqual({ modifiers: ['cmd'], key: 'r' });
  });

  test('whatever the package exports is doubled, but what no command here uses', () => {
    const undoubled = declarations.names.filter((name) => !name.includes('.') && !(name in double));
    expect(undoubled.toSorted()).toEqual([
      'BrowserExtension',
      'OAuth',
      'WindowManagement',
      'getDefaultApplication',
      'getFrontmostApplication',
      'getSelectedFinderItems',
    ]);
  });
});

describe('a command', () => {
  function Second(): ReactElement {
    const { pop } = useNavigation();
    return (
      <Detail
        markdown="second"
        actions={
          <ActionPanel>
            <Action title="Go Back" onAction={pop} />
          </ActionPanel>
        }
      />
    );
  }

  function First(): ReactElement {
    const [count, setCount] = useState(0);
    return (
      <List>
        <List.Item
          title={`Item ${count}`}
          actions={
            <ActionPanel>
              <Action title="Add" onAction={() => setCount(count + 1)} />
              <Action.Push title="Open" target={<Second />} onPop={() => setCount(100)} />
            </ActionPanel>
          }
        />
      </List>
    );
  }

  test('is used through its actions, and views are pushed and popped', async () => {
    const screen = launch('runs', First);
    await screen.until('its item', () => screen.titles.includes('Item 0'));
    await screen.press('Add');
    expect(screen.titles).toEqual(['Item 1']);
    await screen.press('Open');
    expect(screen.get('Detail').props['markdown']).toBe('second');
    await screen.press('Go Back');
    expect(screen.titles).toEqual(['Item 100']);
  });

  test('for the menu bar is unloaded when it has loaded, and stays while its menu is open', async () => {
    let unmounts = 0;
    function Menu(): ReactElement {
      const [isLoading, setLoading] = useState(true);
      useEffect(() => {
        const timer = setTimeout(() => setLoading(false), 10);
        return () => {
          clearTimeout(timer);
          unmounts += 1;
        };
      }, []);
      return <MenuBarExtra isLoading={isLoading} title={isLoading ? 'loading' : 'done'} />;
    }
    const closed = launch('menu-bar', Menu);
    await closed.until('the end', () => closed.isClosed);
    expect([closed.drawn?.props['title'], unmounts]).toEqual(['done', 1]);
    const open = launch('menu-bar', Menu, { isMenuOpen: true });
    await open.until('it is done', () => open.top.props['title'] === 'done');
    await open.settle();
    expect([open.isClosed, unmounts]).toEqual([false, 1]);
    open.close();
    expect(unmounts).toBe(2);
  });
});
