/** Actions that several screens have. */

import { Action, Icon, Keyboard, openExtensionPreferences } from '@raycast/api';
import type { ReactNode } from 'react';

interface RefreshActionProps {
  readonly title?: string;
  readonly onAction: () => void;
}

export function RefreshAction({ title = 'Refresh', onAction }: RefreshActionProps): ReactNode {
  return (
    <Action
      title={title}
      icon={Icon.ArrowClockwise}
      shortcut={Keyboard.Shortcut.Common.Refresh}
      onAction={onAction}
    />
  );
}

export function PreferencesAction(): ReactNode {
  return (
    <Action
      title="Open Preferences"
      icon={Icon.Gear}
      shortcut={{ modifiers: ['cmd', 'shift'], key: ',' }}
      onAction={openExtensionPreferences}
    />
  );
}
