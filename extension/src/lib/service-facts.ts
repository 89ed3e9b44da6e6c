/** What the `tidemark` command says of the service: the exact state, and what it would do. */

import * as v from 'valibot';
import { TidemarkError } from '../../../shared/src/errors.ts';
import { serviceDocument } from '../../../shared/src/protocol/service-document.ts';
import type { ServiceDocument, ServiceState } from '../../../shared/src/protocol/service-document.ts';
import { runTidemark } from './tidemark-command.ts';

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
