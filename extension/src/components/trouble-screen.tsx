/** The screen of each thing that can stand between a command and its answer, with the action that resolves it. */

import {
  Action,
  ActionPanel,
  Color,
  environment,
  Icon,
  Keyboard,
  List,
  openExtensionPreferences,
} from '@raycast/api';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { openCommand } from '../lib/deep-links.ts';
import { installDaemon, restartDaemon, startDaemon } from '../lib/service.ts';
import { passesByItself, troubleTitles } from '../lib/trouble.ts';
import type { Trouble, TroubleKind } from '../lib/trouble.ts';

const icons: Readonly<Record<TroubleKind, { source: Icon; tintColor: Color }>> = {
  'no-tidemark': { source: Icon.Download, tintColor: Color.SecondaryText },
  'not-installed': { source: Icon.Download, tintColor: Color.SecondaryText },
  'not-running': { source: Icon.Power, tintColor: Color.SecondaryText },
  starting: { source: Icon.Hourglass, tintColor: Color.Blue },
  'other-version': { source: Icon.Switch, tintColor: Color.Orange },
  'not-responding': { source: Icon.Clock, tintColor: Color.Orange },
  busy: { source: Icon.CircleProgress50, tintColor: Color.Blue },
  'host-crashed': { source: Icon.Bolt, tintColor: Color.Orange },
  interrupted: { source: Icon.BoltDisabled, tintColor: Color.Orange },
  'offline-model': { source: Icon.WifiDisabled, tintColor: Color.Orange },
  gone: { source: Icon.QuestionMarkCircle, tintColor: Color.SecondaryText },
  failed: { source: Icon.Warning, tintColor: Color.Red },
};

export interface TroubleProps {
  readonly trouble: Trouble;
  /** Asks again. */
  readonly onRetry: () => void;
}

export function TroubleScreen({
  trouble,
  onRetry,
  isLoading = false,
}: TroubleProps & { readonly isLoading?: boolean }): ReactNode {
  return (
    <List isLoading={isLoading || trouble.kind === 'starting'} searchBarPlaceholder="">
      <TroubleEmptyView trouble={trouble} onRetry={onRetry} />
    </List>
  );
}

/** For a list that has its own search bar. */
export function TroubleEmptyView({ trouble, onRetry }: TroubleProps): ReactNode {
  useRetryWhileStarting(trouble, onRetry);
  return (
    <List.EmptyView
      icon={icons[trouble.kind]}
      title={troubleTitles[trouble.kind]}
      description={trouble.hint === undefined ? trouble.message : `${trouble.message}\n${trouble.hint}`}
      actions={
        <ActionPanel>
          <TroubleActions trouble={trouble} onRetry={onRetry} />
        </ActionPanel>
      }
    />
  );
}

/** What starts by itself is looked for again by itself. */
function useRetryWhileStarting(trouble: Trouble, onRetry: () => void): void {
  const isPassing = passesByItself(trouble);
  useEffect(() => {
    if (!isPassing) {
      return undefined;
    }
    const timer = setTimeout(onRetry, 1000);
    return () => clearTimeout(timer);
  }, [isPassing, trouble, onRetry]);
}

/** The action that resolves it comes first. */
export function TroubleActions({ trouble, onRetry }: TroubleProps): ReactNode {
  const retryIf = async (done: Promise<boolean>): Promise<void> => {
    if (await done) {
      onRetry();
    }
  };
  const retry = (
    <Action
      key="retry"
      title="Try Again"
      icon={Icon.ArrowClockwise}
      shortcut={Keyboard.Shortcut.Common.Refresh}
      onAction={onRetry}
    />
  );
  const preferences = (
    <Action
      key="preferences"
      title="Open Preferences"
      icon={Icon.Gear}
      shortcut={{ modifiers: ['cmd', 'shift'], key: ',' }}
      onAction={openExtensionPreferences}
    />
  );
  const start = (
    <Action key="start" title="Start Daemon" icon={Icon.Play} onAction={() => void retryIf(startDaemon())} />
  );
  const restart = (
    <Action
      key="restart"
      title="Restart Daemon"
      icon={Icon.RotateClockwise}
      onAction={() => void retryIf(restartDaemon())}
    />
  );
  const logs = (
    <Action
      key="logs"
      title="Show Daemon Logs"
      icon={Icon.Terminal}
      onAction={() => void openCommand('daemon', { show: 'logs' })}
    />
  );
  const doctor = (
    <Action
      key="doctor"
      title="Run Doctor"
      icon={Icon.MedicalSupport}
      onAction={() => void openCommand('daemon', { show: 'doctor' })}
    />
  );
  switch (trouble.kind) {
    case 'no-tidemark':
      return [
        <Action
          key="set-path"
          title="Set Path of Tidemark"
          icon={Icon.Gear}
          onAction={openExtensionPreferences}
        />,
        <Action.CopyToClipboard key="copy" title="Copy Set-Up Command" content="npm run setup" />,
        retry,
      ];
    case 'not-installed':
      return [
        <Action
          key="install"
          title="Install Daemon"
          icon={Icon.Download}
          onAction={() => void retryIf(installDaemon())}
        />,
        <Action.CopyToClipboard
          key="copy"
          title="Copy Command to Run It in a Terminal"
          content="tidemark daemon"
        />,
        retry,
        preferences,
      ];
    case 'not-running':
      return [start, retry, logs, preferences];
    case 'starting':
      return [retry, logs];
    case 'other-version':
      return trouble.daemonIsOlder === false
        ? [
            <Action.Open
              key="update"
              title="Show This Extension in the Store"
              icon={Icon.Download}
              target={`raycast://extensions/${environment.ownerOrAuthorName}/${environment.extensionName}`}
            />,
            restart,
            retry,
          ]
        : [restart, retry, logs];
    case 'not-responding':
      return [retry, restart, logs];
    case 'busy':
      return [
        <Action
          key="runs"
          title="Show Runs"
          icon={Icon.List}
          onAction={() => void openCommand('runs', {})}
        />,
        retry,
      ];
    case 'host-crashed':
      return [retry, doctor, logs];
    case 'offline-model':
      return [
        <Action
          key="other"
          title="Profile the Built-in Bf16 Model"
          icon={Icon.Gauge}
          onAction={() => void openCommand('profile-memory', { model: 'bf16' })}
        />,
        retry,
        preferences,
      ];
    case 'interrupted':
      return [retry, logs];
    case 'gone':
      return [retry];
    case 'failed':
      return [retry, logs, doctor, preferences];
  }
}
