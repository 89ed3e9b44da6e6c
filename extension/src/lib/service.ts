/** What the `tidemark` command says of the service and of this Mac, and what a person has it do to the daemon. */

import { confirmAlert, Icon } from '@raycast/api';
import * as v from 'valibot';
import { connectWhenReady } from '@tidemark/client/client/connect-when-ready';
import { TidemarkError } from '@tidemark/client/errors';
import { doctorDocument } from '@tidemark/client/protocol/command-documents';
import type { DoctorDocument } from '@tidemark/client/protocol/command-documents';
import { serviceDocument } from '@tidemark/client/protocol/daemon-documents';
import type { ServiceDocument, ServiceState } from '@tidemark/client/protocol/daemon-documents';
import { clientIdentity, slowTimeoutMilliseconds, socketPath, withClient } from './connection.ts';
import { refreshMenuBar } from './deep-links.ts';
import { confirmDestructive, withToast } from './notify.ts';
import type { ToastTitles } from './notify.ts';
import { preferences } from './preferences.ts';
import { findTidemark, runTidemark } from './tidemark-command.ts';
import type { CommandOptions } from './tidemark-command.ts';

/** What launchd or systemd knows of the daemon. Throws what stood in the way of asking. */
export const serviceFacts = (signal?: AbortSignal): Promise<ServiceDocument> =>
  ask(serviceDocument, ['service', 'status'], { signal });

/** What installing would do, without doing it. Throws what stood in the way of asking. */
export const installPlan = (signal?: AbortSignal): Promise<ServiceDocument> =>
  ask(serviceDocument, ['service', 'install', '--dry-run'], { signal });

/** From the daemon where it is running, since its setup is the one that measures; else from the command. */
export async function examine(signal?: AbortSignal): Promise<DoctorDocument> {
  const slow = { timeoutMilliseconds: slowTimeoutMilliseconds, signal };
  try {
    return await withClient((client) => client.call('doctor', {}, slow), { signal });
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'no-daemon') {
      throw error;
    }
  }
  return await ask(doctorDocument, ['doctor'], slow);
}

/** The document that the command prints: where something is wrong, it has an exit code of its own, and is printed all the same. */
async function ask<Schema extends v.GenericSchema>(
  schema: Schema,
  parameters: readonly string[],
  options: CommandOptions = {},
): Promise<v.InferOutput<Schema>> {
  const { stdout } = await runTidemark([...parameters, '--json'], { ...options, acceptFailure: true });
  try {
    return v.parse(schema, JSON.parse(stdout));
  } catch (error) {
    throw new TidemarkError(
      'bad-document',
      `The output of \`tidemark ${parameters.join(' ')}\` cannot be read.`,
      {
        hint: `Check that ${findTidemark() ?? 'the path in the preferences'} is Tidemark's command, and of the same version as this extension.`,
        cause: error,
      },
    );
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
  unsupported: 'No Service Manager',
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
    lastSignal === undefined ? '' : `The last process was ended by ${lastSignal}.`,
    lastSignal === undefined && lastExitCode !== undefined && lastExitCode !== 0
      ? `The last process ended with exit code ${lastExitCode}.`
      : '',
    ...differences.map((difference) => `- ${difference}`),
  ]
    .filter((line) => line !== '')
    .join('\n\n');

/** Each step of a plan on a line of its own. */
export const planText = ({ steps, program, notices }: ServiceDocument): string =>
  [
    'Nothing has been changed yet. Installing takes these steps, as your user:',
    ...steps.map(stepText).filter((line) => line !== ''),
    `Program to start: \`${program.join(' ')}\``,
    ...notices.map((notice) => `> ${notice}`),
  ].join('\n\n');

function stepText(step: ServiceDocument['steps'][number]): string {
  switch (step.kind) {
    case 'command':
      return step.asks ? '' : `- Run \`${step.words.join(' ')}\``;
    case 'make-folder':
      return `- Create the folder \`${step.path}\``;
    case 'write':
      return `- Write \`${step.path}\``;
    case 'rename':
      return `- Move \`${step.path}\` into place`;
    case 'remove':
      return `- Remove \`${step.path}\``;
    case 'wait':
      return `- Wait for ${step.for}`;
  }
}

/** Loading Node and opening the database takes a second; a Mac that just woke takes longer. */
const appearsWithinMilliseconds = 15_000;

/** Resolves when the daemon answers. Throws what stood in the way at the last attempt. */
async function waitForDaemon(): Promise<void> {
  const options = { socketPath: socketPath(), client: clientIdentity, timeoutMilliseconds: 1000 };
  const client = await connectWhenReady(options, appearsWithinMilliseconds);
  await client.close();
}

/** Each of these resolves with whether the person agreed, where asked, and it worked. A toast says what went wrong. */
export const startDaemon = (): Promise<boolean> =>
  run('start', {
    doing: 'Starting the daemon',
    done: 'The daemon is running',
    failed: 'Could not start the daemon',
  });

export const restartDaemon = (): Promise<boolean> =>
  run('restart', {
    doing: 'Restarting the daemon',
    done: 'The daemon is running again',
    failed: 'Could not restart the daemon',
  });

/** Asks before anything is put where the system starts it, in words that say what that is. */
export async function installDaemon(): Promise<boolean> {
  const path = findTidemark();
  const isAgreed = await confirmAlert({
    icon: Icon.Download,
    title: 'Install the Background Service?',
    message:
      'This adds a launchd agent, ~/Library/LaunchAgents/dev.tidemark.daemon.plist, which starts ' +
      `${path === undefined ? 'the Tidemark daemon' : `the daemon of ${path}`} when you log in and restarts it if it ` +
      'crashes. It runs as your user, listens on a private socket on this Mac only, and sends nothing over the network. ' +
      'You can remove it here at any time; your measurements are kept.',
    primaryAction: { title: 'Install' },
    dismissAction: { title: 'Cancel' },
  });
  const titles = {
    doing: 'Installing the daemon',
    done: 'The daemon is installed and running',
    failed: 'Could not install the daemon',
  };
  return isAgreed && (await run('install', titles));
}

/** A daemon that is no service, but was started in a terminal, is asked to end over its socket. */
export async function stopDaemon(isService: boolean): Promise<boolean> {
  const isAgreed = await confirmDestructive({
    icon: Icon.Stop,
    title: 'Stop the Daemon?',
    message:
      'A run in progress is interrupted and its samples so far are kept. No checks run until you start the daemon again.',
    action: 'Stop',
  });
  const titles = {
    doing: 'Stopping the daemon',
    done: 'The daemon is stopped',
    failed: 'Could not stop the daemon',
  };
  const shutDown = (): Promise<unknown> => withClient((client) => client.call('shutdown', {}));
  return isAgreed && (isService ? await run('stop', titles) : await doing(titles, shutDown));
}

export async function uninstallDaemon(): Promise<boolean> {
  const isAgreed = await confirmDestructive({
    title: 'Remove the Background Service?',
    message: 'This stops the daemon and removes its launchd agent. Your measurements are kept.',
    action: 'Remove',
  });
  const titles = {
    doing: 'Removing the daemon',
    done: 'The daemon is removed',
    failed: 'Could not remove the daemon',
  };
  return isAgreed && (await run('uninstall', titles));
}

/** A stopped host gives its memory back. */
export const unloadModel = (): Promise<boolean> =>
  doing(
    { doing: 'Unloading the model', done: 'The model is unloaded', failed: 'Could not unload the model' },
    () => withClient((client) => client.call('unload', {}, { timeoutMilliseconds: slowTimeoutMilliseconds })),
  );

type Verb = 'install' | 'uninstall' | 'start' | 'stop' | 'restart';

const run = (verb: Verb, titles: ToastTitles): Promise<boolean> => doing(titles, () => askService(verb));

/** The command itself waits 20 s for the daemon that it starts, and says what it came to. */
const serviceTimeoutMilliseconds = 60_000;

/** Resolves when the daemon answers again, where it is to. Throws what stood in the way, with what helps. */
export async function askService(verb: Verb): Promise<void> {
  const options = { timeoutMilliseconds: serviceTimeoutMilliseconds };
  try {
    const { stdout } = await runTidemark(['service', verb, '--json'], options);
    if (verb === 'install' || verb === 'start' || verb === 'restart') {
      expectSameData(stdout);
      await waitForDaemon();
    }
  } catch (error) {
    throw verb === 'start' || verb === 'restart' ? await withDifferences(error) : error;
  }
}

/** A service may have been installed for another data folder: its daemon would never be found here. */
function expectSameData(stdout: string): void {
  const { success, output } = v.safeParse(v.pipe(v.string(), v.parseJson(), serviceDocument), stdout);
  const { dataFolder } = preferences();
  if (success && output.dataFolder !== dataFolder) {
    throw new TidemarkError(
      'service',
      `The service keeps its data in ${output.dataFolder}, and this extension looks in ${dataFolder}.`,
      { hint: `Choose ${output.dataFolder} as the data folder in the preferences.` },
    );
  }
}

/** A service that is not as it would be installed now may be of another data folder or of a Tidemark that was moved. */
async function withDifferences(error: unknown): Promise<unknown> {
  const facts = await serviceFacts().catch(() => undefined);
  return error instanceof TidemarkError && facts?.state === 'outdated' && facts.differences.length > 0
    ? new TidemarkError(error.code, error.message, {
        hint: `The service was installed differently (${facts.differences.join('; ')}): choose Reinstall Daemon in the Daemon command.`,
        cause: error,
      })
    : error;
}

async function doing(titles: ToastTitles, work: () => Promise<unknown>): Promise<boolean> {
  const isDone = await withToast({ ...titles, work: () => work().then(() => true) });
  await refreshMenuBar();
  return isDone === true;
}
