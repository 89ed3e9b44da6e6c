/** What the `tidemark` command says of the service and of this Mac, and what a person has it do to the daemon. */

import * as v from 'valibot';
import { Alert, confirmAlert, Icon } from '@raycast/api';
import { connectWhenReady } from '../../../shared/src/client/connect-when-ready.ts';
import { TidemarkError } from '../../../shared/src/errors.ts';
import { serviceDocument } from '../../../shared/src/protocol/service-document.ts';
import type { ServiceDocument, ServiceState } from '../../../shared/src/protocol/service-document.ts';
import { doctorDocument } from '../../../shared/src/protocol/doctor-document.ts';
import type { DoctorDocument } from '../../../shared/src/protocol/doctor-document.ts';
import { clientIdentity, slowTimeoutMilliseconds, socketPath, withClient } from './connection.ts';
import { refreshMenuBar } from './deep-links.ts';
import { withToast } from './notify.ts';
import { findTidemark, runTidemark } from './tidemark-command.ts';

/** What launchd or systemd knows of the daemon. Throws what stood in the way of asking. */
export const serviceFacts = (): Promise<ServiceDocument> => ask(['service', 'status']);

/** What installing would do, without doing it. */
export const installPlan = (): Promise<ServiceDocument> => ask(['service', 'install', '--dry-run']);

async function ask(parameters: readonly string[]): Promise<ServiceDocument> {
  // A state that is not a good one has an exit code of its own, and is told all the same.
  const { stdout } = await runTidemark([...parameters, '--json'], { acceptFailure: true });
  return readServiceDocument(stdout);
}

export function readServiceDocument(text: string): ServiceDocument {
  try {
    return v.parse(serviceDocument, JSON.parse(text));
  } catch (error) {
    throw new TidemarkError('bad-document', 'What the tidemark command said of the service cannot be read.', {
      hint: 'Bring Tidemark and this extension to the same version.',
      cause: error,
    });
  }
}

export const serviceWords: Readonly<Record<ServiceState, string>> = {
  'not-installed': 'Not Installed',
  'installed-not-loaded': 'Installed, Not Loaded',
  'loaded-not-running': 'Loaded, Not Running',
  running: 'Running',
  crashed: 'Crashed',
  outdated: 'Outdated',
  disabled: 'Disabled',
  unsupported: 'No Service Manager Here',
};

/** The state in sentences, with what differs from what would be installed. */
export const serviceText = ({
  message,
  hint,
  differences,
  lastExitCode,
  lastSignal,
}: ServiceDocument): string =>
  [
    message,
    hint ?? '',
    lastSignal === undefined ? '' : `It last ended by ${lastSignal}.`,
    lastSignal === undefined && lastExitCode !== undefined && lastExitCode !== 0
      ? `It last ended with exit code ${lastExitCode}.`
      : '',
    ...differences.map((difference) => `- ${difference}`),
  ]
    .filter((line) => line !== '')
    .join('\n\n');

/** Each step of a plan on a line of its own. */
export const planText = ({ steps, program, notices }: ServiceDocument): string =>
  [
    'Nothing has been done yet. Installing does this, as you:',
    ...steps
      .map((step) => {
        switch (step.kind) {
          case 'command':
            return step.asks ? '' : `- runs \`${step.words.join(' ')}\``;
          case 'make-folder':
            return `- makes the folder \`${step.path}\``;
          case 'write':
            return `- writes \`${step.path}\``;
          case 'rename':
            return `- puts \`${step.path}\` in place`;
          case 'remove':
            return `- removes \`${step.path}\``;
          case 'wait':
            return `- waits for ${step.for}`;
        }
      })
      .filter((line) => line !== ''),
    `What is started: \`${program.join(' ')}\``,
    ...notices.map((notice) => `> ${notice}`),
  ].join('\n\n');

/** Throws what stood in the way. */
export async function examine(): Promise<DoctorDocument> {
  try {
    return await withClient((client) =>
      client.call('doctor', {}, { timeoutMilliseconds: slowTimeoutMilliseconds }),
    );
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'no-daemon') {
      throw error;
    }
  }
  const { stdout } = await runTidemark(['doctor', '--json'], {
    timeoutMilliseconds: slowTimeoutMilliseconds,
    // It fails where a check fails, and says which on standard output all the same.
    acceptFailure: true,
  });
  return readDoctorDocument(stdout);
}

export function readDoctorDocument(text: string): DoctorDocument {
  try {
    return v.parse(doctorDocument, JSON.parse(text));
  } catch (error) {
    throw new TidemarkError('bad-document', 'What the doctor said cannot be read.', {
      hint: 'Run `tidemark doctor` in a terminal.',
      cause: error,
    });
  }
}

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
