/** Memory in Menu Bar: connects, asks and closes, and shows the last figures where no daemon answers. */

import {
  Cache,
  Clipboard,
  environment,
  LaunchType,
  MenuBarExtra,
  openExtensionPreferences,
  showHUD,
} from '@raycast/api';
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { slowTimeoutMilliseconds, withClient } from './lib/connection.ts';
import { openCommand } from './lib/deep-links.ts';
import { cachedGlance, loadSnapshot } from './lib/menu-snapshot.ts';
import type { Snapshot } from './lib/menu-snapshot.ts';
import { emptyMenu, menuModel } from './lib/menu-model.ts';
import type { MenuAction, MenuItem, MenuSection } from './lib/menu-sections.ts';
import { preferences } from './lib/preferences.ts';
import { requestCancel } from './lib/cancel-run.ts';
import { askService } from './lib/service.ts';
import { toTrouble, troubleText } from './lib/trouble.ts';

export default function Command(): ReactNode {
  const [cache] = useState(() => new Cache({ namespace: 'menu-bar' }));
  const [snapshot, setSnapshot] = useState<Snapshot | undefined>(() => {
    // What was seen last is there at once, so that the menu does not open empty.
    const glance = cachedGlance(cache);
    return glance === undefined ? undefined : { glance };
  });
  const [isLoading, setIsLoading] = useState(true);
  const [failure, setFailure] = useState<string>();

  const load = async (signal?: AbortSignal): Promise<void> => {
    const next = await loadSnapshot(cache, signal);
    if (signal?.aborted !== true) {
      setSnapshot(next);
      setIsLoading(false);
    }
  };

  useEffect(() => {
    const controller = new AbortController();
    void load(controller.signal);
    return () => controller.abort();
  }, []);

  /** Raycast unloads the command when it no longer loads, so an action counts as loading. */
  const act = async (action: MenuAction): Promise<void> => {
    setIsLoading(true);
    try {
      await carryOut(action);
      setFailure(undefined);
    } catch (error) {
      // A menu bar has no place for a toast: the first item says it.
      setFailure(troubleText(toTrouble(error)));
    } finally {
      await load();
    }
  };

  const model =
    snapshot === undefined
      ? emptyMenu
      : menuModel(snapshot, { preferences: preferences(), now: new Date(), failure });
  return (
    <MenuBarExtra
      isLoading={isLoading}
      icon={
        model.color === undefined ? { source: model.icon } : { source: model.icon, tintColor: model.color }
      }
      tooltip={model.tooltip}
      {...(model.title === undefined ? {} : { title: model.title })}
    >
      <MenuItems sections={model.sections} onAction={(action) => void act(action)} />
    </MenuBarExtra>
  );
}

async function carryOut(action: MenuAction): Promise<void> {
  const slow = { timeoutMilliseconds: slowTimeoutMilliseconds };
  switch (action.kind) {
    case 'open': {
      const { command, context } = action;
      if (!(await openCommand(command, context))) {
        await say("The command is disabled in Raycast's settings");
      }
      break;
    }
    case 'cancel':
      await requestCancel(action.runId);
      await say(`Canceled run ${action.runId}`);
      break;
    case 'unload':
      await withClient((client) => client.call('unload', {}, slow));
      await say('Unloaded the model');
      break;
    case 'load':
      await withClient((client) => client.call('load', { model: action.model, voice: action.voice }, slow));
      await say(`Loaded ${action.model}`);
      break;
    case 'check': {
      const run = await withClient((client) => client.call('checkNow', {}));
      await say(`Started a leak check as run ${run.id}`);
      break;
    }
    case 'service':
      await askService(action.verb);
      await say('The daemon is running');
      break;
    case 'copy':
      await Clipboard.copy(action.text);
      await say(`Copied ${action.text}`);
      break;
    case 'preferences':
      await openExtensionPreferences();
      break;
  }
}

async function say(words: string): Promise<void> {
  if (environment.launchType !== LaunchType.Background) {
    await showHUD(words);
  }
}

interface MenuItemsProps {
  readonly sections: readonly MenuSection[];
  readonly onAction: (action: MenuAction) => void;
}

function MenuItems({ sections, onAction }: MenuItemsProps): ReactNode {
  return sections.map(({ key, title, items }) => {
    const shown = items.filter((item) => item !== false);
    return (
      shown.length > 0 && (
        <MenuBarExtra.Section key={key} {...(title === undefined ? {} : { title })}>
          {shown.map((item) => (
            <MenuBarExtra.Item key={item.key} {...propsOf(item, onAction)} />
          ))}
        </MenuBarExtra.Section>
      )
    );
  });
}

function propsOf(
  { title, subtitle, icon, color, tooltip, action }: MenuItem,
  onAction: (action: MenuAction) => void,
): MenuBarExtra.Item.Props {
  return {
    title,
    ...(subtitle === undefined ? {} : { subtitle }),
    ...(icon === undefined ? {} : { icon: color === undefined ? icon : { source: icon, tintColor: color } }),
    ...(tooltip === undefined ? {} : { tooltip }),
    ...(action === undefined ? {} : { onAction: () => onAction(action) }),
  };
}
