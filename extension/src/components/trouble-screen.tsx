/** The screen of each thing that can stand between a command and its answer, with the action that resolves it. */

import { Action, ActionPanel, Color, environment, Icon, List, openExtensionPreferences } from '@raycast/api';
import { Fragment, useEffect, useMemo } from 'react';
import type { ReactNode } from 'react';
import { openCommand } from '../lib/deep-links.ts';
import { installDaemon, restartDaemon, startDaemon } from '../lib/service.ts';
import { setUpCommand, updateCommand } from '../lib/set-up.ts';
import { terminalCommand } from '../lib/tidemark-command.ts';
import { canStartService, hinted, lookAround, passesByItself, troubleTitles } from '../lib/trouble.ts';
import type { Surroundings, Trouble, TroubleKind } from '../lib/trouble.ts';
import { PreferencesAction, RefreshAction } from './actions.tsx';
import { SetUpView } from './set-up-view.tsx';

interface Look {
  readonly icon: Icon;
  readonly color: Color;
  /** The one that resolves it first. */
  readonly remedies: readonly Remedy[];
}

const looks: Readonly<Record<TroubleKind, Look>> = {
  'no-tidemark': {
    icon: Icon.Download,
    color: Color.SecondaryText,
    remedies: ['set-up', 'set-path', 'copy-set-up', 'retry'],
  },
  'wrong-path': { icon: Icon.Gear, color: Color.Orange, remedies: ['preferences', 'retry', 'set-up'] },
  'not-installed': {
    icon: Icon.Download,
    color: Color.SecondaryText,
    remedies: ['install', 'set-up', 'copy-daemon', 'retry', 'preferences'],
  },
  'not-running': {
    icon: Icon.Power,
    color: Color.SecondaryText,
    remedies: ['start', 'retry', 'logs', 'preferences'],
  },
  starting: { icon: Icon.Hourglass, color: Color.Blue, remedies: ['retry', 'logs'] },
  'other-version': { icon: Icon.Switch, color: Color.Orange, remedies: ['restart', 'retry', 'logs'] },
  'not-responding': { icon: Icon.Clock, color: Color.Orange, remedies: ['retry', 'restart', 'logs'] },
  busy: { icon: Icon.CircleProgress50, color: Color.Blue, remedies: ['runs', 'retry'] },
  'host-crashed': { icon: Icon.Bolt, color: Color.Orange, remedies: ['retry', 'doctor', 'logs'] },
  interrupted: { icon: Icon.BoltDisabled, color: Color.Orange, remedies: ['retry', 'logs'] },
  'offline-model': {
    icon: Icon.WifiDisabled,
    color: Color.Orange,
    remedies: ['other-model', 'retry', 'preferences'],
  },
  'no-python': { icon: Icon.Plug, color: Color.Orange, remedies: ['retry', 'doctor', 'logs', 'preferences'] },
  gone: { icon: Icon.QuestionMarkCircle, color: Color.SecondaryText, remedies: ['retry'] },
  'not-comparable': { icon: Icon.Switch, color: Color.SecondaryText, remedies: ['runs'] },
  failed: { icon: Icon.Warning, color: Color.Red, remedies: ['retry', 'logs', 'doctor', 'preferences'] },
};

interface TroubleProps {
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
  const { kind, message } = trouble;
  const { icon, color } = looks[kind];
  const { remedies, hint } = useMemo(() => {
    const surroundings = lookAround();
    return { remedies: remediesOf(trouble, surroundings), ...hinted(trouble, surroundings) };
  }, [trouble]);
  return (
    <List.EmptyView
      icon={{ source: icon, tintColor: color }}
      title={troubleTitles[kind]}
      description={hint === undefined ? message : `${message}\n${hint}`}
      actions={
        <ActionPanel>
          {remedies.map((remedy) => (
            <Fragment key={remedy}>{remedyActions[remedy](onRetry)}</Fragment>
          ))}
        </ActionPanel>
      }
    />
  );
}

/** Those that do what they say here: only a service can be started and restarted, and only by its command. */
function remediesOf(trouble: Trouble, surroundings: Surroundings): readonly Remedy[] {
  // A newer daemon is as it should be: it is the extension that is too old.
  const isExtensionOld = trouble.kind === 'other-version' && trouble.daemonIsOlder === false;
  const remedies: readonly Remedy[] = isExtensionOld
    ? ['update', 'restart', 'retry']
    : looks[trouble.kind].remedies;
  if (canStartService(surroundings)) {
    return remedies;
  }
  const instead = surroundings.tidemarkPath === undefined ? 'set-path' : 'copy-daemon';
  return remedies.map((remedy) => (remedy === 'start' || remedy === 'restart' ? instead : remedy));
}

/** A daemon that is starting is looked for again without being asked. */
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

/** Made from weights that Tidemark's setup brings along. Its name keeps its case. */
const builtInModel = 'bf16';

type Remedy =
  | 'copy-daemon'
  | 'copy-set-up'
  | 'doctor'
  | 'install'
  | 'logs'
  | 'other-model'
  | 'preferences'
  | 'restart'
  | 'retry'
  | 'runs'
  | 'set-path'
  | 'set-up'
  | 'start'
  | 'update';

/** An action that asks again when its work is done. */
const resolving =
  (title: string, icon: Icon, work: () => Promise<boolean>) =>
  (onRetry: () => void): ReactNode => (
    <Action
      title={title}
      icon={icon}
      onAction={() => void work().then((isDone) => (isDone ? onRetry() : undefined))}
    />
  );

const remedyActions: Readonly<Record<Remedy, (onRetry: () => void) => ReactNode>> = {
  retry: (onRetry) => <RefreshAction title="Try Again" onAction={onRetry} />,
  preferences: () => <PreferencesAction />,
  install: resolving('Install Daemon', Icon.Download, installDaemon),
  start: resolving('Start Daemon', Icon.Play, startDaemon),
  restart: resolving('Restart Daemon', Icon.RotateClockwise, restartDaemon),
  logs: () => (
    <Action
      title="Show Daemon Logs"
      icon={Icon.Terminal}
      onAction={() => void openCommand('daemon', { show: 'logs' })}
    />
  ),
  doctor: () => (
    <Action
      title="Run Doctor"
      icon={Icon.MedicalSupport}
      onAction={() => void openCommand('daemon', { show: 'doctor' })}
    />
  ),
  runs: () => <Action title="Show Runs" icon={Icon.List} onAction={() => void openCommand('runs', {})} />,
  'other-model': () => (
    <Action
      title={`Profile the Built-in Model ${builtInModel}`}
      icon={Icon.Gauge}
      onAction={() => void openCommand('profile-memory', { model: builtInModel })}
    />
  ),
  'set-path': () => (
    <Action title="Set Path to Tidemark" icon={Icon.Gear} onAction={openExtensionPreferences} />
  ),
  'set-up': () => <Action.Push title="Show First Steps" icon={Icon.List} target={<FirstSteps />} />,
  'copy-set-up': () => <Action.CopyToClipboard title="Copy Setup Command" content={setUpCommand()} />,
  'copy-daemon': () => (
    <Action.CopyToClipboard title="Copy Terminal Command" content={terminalCommand('daemon')} />
  ),
  update: () =>
    environment.isDevelopment ? (
      <Action.CopyToClipboard title="Copy Update Command" content={updateCommand()} />
    ) : (
      <Action.Open
        title="Show This Extension in the Store"
        icon={Icon.Download}
        target={`raycast://extensions/${environment.ownerOrAuthorName}/${environment.extensionName}`}
      />
    ),
};

/** The way from nothing to a figure in the menu bar, each step with the action that does it. */
export function FirstSteps({ isRoot = false }: { readonly isRoot?: boolean }): ReactNode {
  return (
    <SetUpView
      isRoot={isRoot}
      remedyOf={(trouble, onRetry) => {
        const [first] = remediesOf(trouble, lookAround());
        // The steps look again by themselves, and have an action for that.
        return first === undefined || first === 'retry' ? null : remedyActions[first](onRetry);
      }}
    />
  );
}
