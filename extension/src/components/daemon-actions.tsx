/** What can be done to the daemon in the state that it is in. */

import { Action, Icon, openExtensionPreferences } from '@raycast/api';
import type { ReactNode } from 'react';
import type { DaemonState } from '../lib/daemon-state.ts';
import {
  installDaemon,
  restartDaemon,
  startDaemon,
  stopDaemon,
  uninstallDaemon,
  unloadModel,
} from '../lib/service.ts';
import { canStartService } from '../lib/trouble.ts';
import { DoctorView, InstallPlanView, LogView } from './daemon-screens.tsx';
import { FirstSteps } from './trouble-screen.tsx';

interface DaemonAction {
  readonly id: string;
  readonly title: string;
  readonly icon: Icon;
  readonly isOffered: boolean;
  readonly explanation: string;
  /** What it does, or the screen that it opens. */
  readonly work?: () => Promise<unknown>;
  readonly target?: ReactNode;
  readonly style?: Action.Style;
}

interface DaemonActionProps {
  readonly action: DaemonAction;
  readonly onChange: () => void;
}

export function DaemonActionItem({ action, onChange }: DaemonActionProps): ReactNode {
  const { title, icon, work, target, style = Action.Style.Regular } = action;
  return work === undefined ? (
    <Action.Push title={title} icon={icon} target={target} />
  ) : (
    <Action title={title} icon={icon} style={style} onAction={() => void work().then(onChange)} />
  );
}

/** Those that make sense in this state, the one that resolves it first. */
export function daemonActions(
  { status, trouble, surroundings }: DaemonState,
  onChange: () => void,
): readonly DaemonAction[] {
  const { tidemarkPath, isServiceInstalled, wrongPath } = surroundings;
  const hasCommand = tidemarkPath !== undefined;
  const isService = canStartService(surroundings);
  const isUp = status !== undefined;
  const actions: readonly DaemonAction[] = [
    {
      id: 'path',
      title: wrongPath === undefined ? 'Set Path to Tidemark' : 'Correct the Path',
      icon: Icon.Gear,
      isOffered: !hasCommand || wrongPath !== undefined,
      explanation:
        wrongPath === undefined
          ? '`tidemark` was not found in the usual places. Set Tidemark up in a clone of its repository, then enter the path to its `node_modules/.bin/tidemark` in the preferences.'
          : `${wrongPath.message} ${wrongPath.hint}`,
      work: openExtensionPreferences,
    },
    {
      id: 'set-up',
      title: 'Show First Steps',
      icon: Icon.List,
      isOffered: !hasCommand,
      explanation: 'Five steps from nothing to a figure in the menu bar, each with its action.',
      target: <FirstSteps />,
    },
    {
      id: 'restart-first',
      title: 'Restart Daemon',
      icon: Icon.RotateClockwise,
      isOffered: isService && (trouble?.kind === 'other-version' || trouble?.kind === 'not-responding'),
      explanation: 'Stops the running daemon and starts the installed version.',
      work: restartDaemon,
    },
    {
      id: 'start',
      title: 'Start Daemon',
      icon: Icon.Play,
      isOffered: isService && trouble?.kind === 'not-running',
      explanation: 'Starts the daemon through launchd.',
      work: startDaemon,
    },
    {
      id: 'install',
      title: isServiceInstalled ? 'Reinstall Daemon' : 'Install Daemon',
      icon: Icon.Download,
      isOffered: hasCommand,
      explanation: isServiceInstalled
        ? 'Writes the launchd agent again, for example after Tidemark was moved or updated. Asks for confirmation first.'
        : 'Adds a launchd agent that starts the daemon when you log in. Asks for confirmation first, and can be removed here.',
      work: installDaemon,
    },
    {
      id: 'plan',
      title: 'Show Installation Steps',
      icon: Icon.List,
      isOffered: hasCommand && !isServiceInstalled,
      explanation: 'Lists every file and command of an installation without changing anything.',
      target: <InstallPlanView onInstalled={onChange} />,
    },
    {
      id: 'unload',
      title: 'Unload Model',
      icon: Icon.Eject,
      isOffered: status?.host.model !== undefined && status.current === undefined,
      explanation: 'Stops the model host, which frees its memory. The daemon keeps running.',
      work: unloadModel,
    },
    {
      id: 'restart',
      title: 'Restart Daemon',
      icon: Icon.RotateClockwise,
      isOffered: isService && isUp,
      explanation:
        'Shuts the daemon down cleanly and starts it again. A run in progress is interrupted and its samples are kept.',
      work: restartDaemon,
    },
    {
      id: 'stop',
      title: 'Stop Daemon',
      icon: Icon.Stop,
      isOffered: isUp,
      explanation: isServiceInstalled
        ? 'Stops the daemon until you start it here or log in again.'
        : 'Stops the daemon. Nothing restarts it automatically.',
      work: () => stopDaemon(isService),
      style: Action.Style.Destructive,
    },
    {
      id: 'logs',
      title: 'Show Logs',
      icon: Icon.Terminal,
      isOffered: true,
      explanation: "Shows the newest lines of the daemon's log.",
      target: <LogView />,
    },
    {
      id: 'doctor',
      title: 'Run Doctor',
      icon: Icon.MedicalSupport,
      isOffered: isUp || hasCommand,
      explanation: 'Checks whether this Mac can measure, and how to fix what is wrong.',
      target: <DoctorView />,
    },
    {
      id: 'uninstall',
      title: 'Remove Daemon',
      icon: Icon.Trash,
      isOffered: hasCommand && isServiceInstalled,
      explanation: 'Stops the daemon and removes the launchd agent. Your measurements are kept.',
      work: uninstallDaemon,
      style: Action.Style.Destructive,
    },
  ];
  return actions.filter(({ isOffered }) => isOffered);
}
