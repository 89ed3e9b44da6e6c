/** What can be done to the daemon in a state that it is in. */

import { Action, Icon, openExtensionPreferences } from '@raycast/api';
import type { ReactNode } from 'react';
import { slowTimeoutMilliseconds, withClient } from '../lib/connection.ts';
import type { DaemonState } from '../lib/daemon-state.ts';
import { refreshMenuBar } from '../lib/deep-links.ts';
import { withToast } from '../lib/notify.ts';
import { installDaemon, restartDaemon, startDaemon, stopDaemon, uninstallDaemon } from '../lib/service.ts';
import { DoctorView, InstallPlanView, LogView } from './daemon-screens.tsx';

export interface Deed {
  readonly id: string;
  readonly title: string;
  readonly icon: Icon;
  readonly isOffered: boolean;
  readonly explanation: string;
  readonly action: ReactNode;
}

/** Those that make sense in this state, the one that resolves it first. */
export function deeds(state: DaemonState, onChange: () => void): readonly Deed[] {
  const { status, trouble, surroundings } = state;
  const { tidemarkPath, isServiceInstalled } = surroundings;
  const hasCommand = tidemarkPath !== undefined;
  const isUp = status !== undefined;
  const does = (
    id: string,
    title: string,
    icon: Icon,
    isOffered: boolean,
    explanation: string,
    work: () => Promise<unknown>,
    style: Action.Style = Action.Style.Regular,
  ): Deed => ({
    id,
    title,
    icon,
    isOffered,
    explanation,
    action: <Action title={title} icon={icon} style={style} onAction={() => void work().then(onChange)} />,
  });
  return [
    {
      id: 'path',
      title: 'Set Path of Tidemark',
      icon: Icon.Gear,
      isOffered: !hasCommand,
      explanation:
        'No `tidemark` was found in the usual places. Clone Tidemark and run `npm run setup` in it, then say in the preferences where `node_modules/.bin/tidemark` is.',
      action: <Action title="Open Preferences" icon={Icon.Gear} onAction={openExtensionPreferences} />,
    },
    does(
      'restart-first',
      'Restart Daemon',
      Icon.RotateClockwise,
      hasCommand && (trouble?.kind === 'other-version' || trouble?.kind === 'not-responding'),
      'Ends the daemon that runs and starts the version that is installed.',
      restartDaemon,
    ),
    does(
      'start',
      'Start Daemon',
      Icon.Play,
      hasCommand && isServiceInstalled && trouble?.kind === 'not-running',
      'Has launchd start the daemon.',
      startDaemon,
    ),
    does(
      'install',
      isServiceInstalled ? 'Install Again' : 'Install Daemon',
      Icon.Download,
      hasCommand,
      isServiceInstalled
        ? 'Writes the launchd agent anew, for instance after Tidemark was moved or updated. You are asked first.'
        : 'Adds a launchd agent that starts the daemon when you log in. You are asked first, and can remove it here.',
      installDaemon,
    ),
    {
      id: 'plan',
      title: 'Show What Installing Does',
      icon: Icon.List,
      isOffered: hasCommand && !isServiceInstalled,
      explanation: 'Every file and command, without doing any of it.',
      action: (
        <Action.Push
          title="Show Steps"
          icon={Icon.List}
          target={<InstallPlanView onInstalled={onChange} />}
        />
      ),
    },
    does(
      'unload',
      'Unload Model',
      Icon.Eject,
      status?.host.model !== undefined && status.current === undefined,
      'Ends the model host, which gives its memory back. The daemon stays.',
      unloadModel,
    ),
    does(
      'restart',
      'Restart Daemon',
      Icon.RotateClockwise,
      hasCommand && isServiceInstalled && isUp,
      'Ends the daemon in good order and starts it again. A run at work is interrupted, its samples are kept.',
      restartDaemon,
    ),
    does(
      'stop',
      'Stop Daemon',
      Icon.Stop,
      isUp,
      isServiceInstalled
        ? 'Ends the daemon until it is started here, or you log in again.'
        : 'Ends the daemon, which nothing starts again by itself.',
      () => stopDaemon(isServiceInstalled && hasCommand),
      Action.Style.Destructive,
    ),
    {
      id: 'logs',
      title: 'Show Logs',
      icon: Icon.Terminal,
      isOffered: true,
      explanation: 'The newest lines of the daemon’s log.',
      action: <Action.Push title="Show Logs" icon={Icon.Terminal} target={<LogView />} />,
    },
    {
      id: 'doctor',
      title: 'Run Doctor',
      icon: Icon.MedicalSupport,
      isOffered: isUp || hasCommand,
      explanation: 'Checks whether this Mac can measure, and says what to do where it cannot.',
      action: <Action.Push title="Run Doctor" icon={Icon.MedicalSupport} target={<DoctorView />} />,
    },
    does(
      'uninstall',
      'Remove Daemon',
      Icon.Trash,
      hasCommand && isServiceInstalled,
      'Removes the launchd agent and ends the daemon. What was measured is kept.',
      uninstallDaemon,
      Action.Style.Destructive,
    ),
  ];
}

async function unloadModel(): Promise<void> {
  await withToast({
    doing: 'Unloading the model',
    done: 'The model is unloaded',
    failed: 'The model was not unloaded',
    work: () =>
      withClient((client) => client.call('unload', {}, { timeoutMilliseconds: slowTimeoutMilliseconds })),
  });
  await refreshMenuBar();
}
