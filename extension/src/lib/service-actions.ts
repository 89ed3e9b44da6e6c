/** The service's commands as a person uses them: asked for, told of, and done when the daemon answers. */

import { Alert, confirmAlert, Icon } from '@raycast/api';
import { connectWhenReady } from '../../../shared/src/client/connect-when-ready.ts';
import { clientIdentity, socketPath, withClient } from './connection.ts';
import { refreshMenuBar } from './deep-links.ts';
import { withToast } from './notify.ts';
import { findTidemark, runTidemark } from './tidemark-command.ts';

export type ServiceVerb = 'install' | 'uninstall' | 'start' | 'stop' | 'restart';

/** Loading Node and opening the database takes a second; a Mac that just woke takes longer. */
const appearsWithinMilliseconds = 15_000;

/** Resolves when the daemon answers. Throws what stood in the way at the last attempt. */
export async function waitForDaemon(): Promise<void> {
  const options = { socketPath: socketPath(), client: clientIdentity, timeoutMilliseconds: 1000 };
  const client = await connectWhenReady(options, appearsWithinMilliseconds);
  await client.close();
}

/**
 * Asks before anything is put where the system starts it by itself, in words that say what that is. Whether the person agreed
 * and it worked.
 */
export async function installDaemon(): Promise<boolean> {
  const path = findTidemark();
  const agreed = await confirmAlert({
    icon: Icon.Download,
    title: 'Install the Background Service?',
    message:
      'This adds a launchd agent, ~/Library/LaunchAgents/dev.tidemark.daemon.plist, which starts ' +
      `${path === undefined ? 'the Tidemark daemon' : `the daemon of ${path}`} when you log in and starts it again if it ` +
      'crashes. It runs as you, listens on a private socket on this Mac only, and sends nothing anywhere. ' +
      'You can remove it here at any time; what was measured is kept.',
    primaryAction: { title: 'Install' },
    dismissAction: { title: 'Cancel' },
  });
  if (!agreed) {
    return false;
  }
  return await run('install', {
    doing: 'Installing the daemon',
    done: 'The daemon is installed and runs',
    failed: 'The daemon was not installed',
  });
}

export const startDaemon = (): Promise<boolean> =>
  run('start', {
    doing: 'Starting the daemon',
    done: 'The daemon runs',
    failed: 'The daemon did not start',
  });

export const restartDaemon = (): Promise<boolean> =>
  run('restart', {
    doing: 'Restarting the daemon',
    done: 'The daemon runs again',
    failed: 'The daemon did not restart',
  });

/**
 * Asks first, since a run at work would be interrupted. One that is no service, but was begun in a terminal, is asked to end
 * over its socket.
 */
export async function stopDaemon(isService: boolean): Promise<boolean> {
  const agreed = await confirmAlert({
    icon: Icon.Stop,
    title: 'Stop the Daemon?',
    message:
      'A run at work is interrupted, its samples so far are kept, and no check runs until it is started.',
    primaryAction: { title: 'Stop', style: Alert.ActionStyle.Destructive },
  });
  const words = {
    doing: 'Stopping the daemon',
    done: 'The daemon is stopped',
    failed: 'The daemon was not stopped',
  };
  return (
    agreed &&
    (isService
      ? await run('stop', words)
      : await told(words, () => withClient((client) => client.call('shutdown', {}))))
  );
}

export async function uninstallDaemon(): Promise<boolean> {
  const agreed = await confirmAlert({
    icon: Icon.Trash,
    title: 'Remove the Background Service?',
    message: 'The launchd agent is removed and the daemon ends. What was measured is kept.',
    primaryAction: { title: 'Remove', style: Alert.ActionStyle.Destructive },
  });
  return (
    agreed &&
    (await run('uninstall', {
      doing: 'Removing the daemon',
      done: 'The daemon is removed',
      failed: 'The daemon was not removed',
    }))
  );
}

interface Words {
  readonly doing: string;
  readonly done: string;
  readonly failed: string;
}

const run = (verb: ServiceVerb, words: Words): Promise<boolean> =>
  told(words, async () => {
    await runTidemark(['service', verb, '--json']);
    if (verb === 'install' || verb === 'start' || verb === 'restart') {
      await waitForDaemon();
    }
  });

async function told(words: Words, work: () => Promise<unknown>): Promise<boolean> {
  const done = await withToast({
    ...words,
    work: async () => {
      await work();
      return true;
    },
  });
  await refreshMenuBar();
  return done === true;
}
