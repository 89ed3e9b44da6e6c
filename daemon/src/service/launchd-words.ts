/** The state of an agent of launchd, and the sentences that a person is told about it. */

import type { ServiceFacts, ServiceState } from '@tidemark/shared/protocol/service-document.ts';
import type { Loaded } from './launchctl.ts';
import type { Job } from './launchd-job.ts';

export function stateOf(facts: {
  readonly isInstalled: boolean;
  readonly isDisabled: boolean;
  readonly isOutdated: boolean;
  readonly job: Job | undefined;
}): ServiceState {
  const { isInstalled, isDisabled, isOutdated, job } = facts;
  if (!isInstalled) {
    return 'not-installed';
  }
  if (isDisabled && job?.pid === undefined) {
    return 'disabled';
  }
  // Before a crash, which an older definition with a Node that has gone is a common reason of.
  if (isOutdated) {
    return 'outdated';
  }
  if (job === undefined) {
    return 'installed-not-loaded';
  }
  if (job.pid !== undefined) {
    return 'running';
  }
  return failureOf(job) === undefined ? 'loaded-not-running' : 'crashed';
}

/** How it failed, as the end of a sentence; undefined where it runs, never ran, or ended in good order. */
export function failureOf({ pid, lastExitCode, lastSignal }: Job): string | undefined {
  if (pid !== undefined) {
    return undefined;
  }
  if (lastSignal !== undefined) {
    return `was ended by a signal (${lastSignal})`;
  }
  // 78 is launchd's own EX_CONFIG: the program is not there, or its output file cannot be opened.
  return lastExitCode === undefined || lastExitCode === 0
    ? undefined
    : lastExitCode === 78
      ? 'could not be started by launchd (exit code 78)'
      : `ended with exit code ${lastExitCode}`;
}

export function wordsFor(
  state: ServiceState,
  loaded: Loaded,
  { isOlder, otherPid }: { readonly isOlder: boolean; readonly otherPid: number | undefined },
): Pick<ServiceFacts, 'message' | 'hint'> {
  const job = loaded.kind === 'loaded' ? loaded.job : undefined;
  const other =
    otherPid === undefined ? '' : ` Another daemon, process ${otherPid}, answers; launchd did not start it.`;
  const ended = job === undefined ? undefined : failureOf(job);
  switch (state) {
    case 'not-installed':
      return job === undefined
        ? {
            message: `The service is not installed.${other}`,
            hint: 'Install it with `tidemark service install`.',
          }
        : {
            message: 'The service is loaded, and its property list is gone.',
            hint: 'Run `tidemark service install`, or `tidemark service uninstall` to end it.',
          };
    case 'installed-not-loaded':
      return loaded.kind === 'no-session'
        ? { message: `The service is installed, and starts when you log in at the screen.${other}` }
        : {
            message: `The service is installed and stopped; it starts at the next login.${other}`,
            hint: 'Start it now with `tidemark service start`.',
          };
    case 'loaded-not-running':
      return {
        message: `The service is loaded, and the daemon does not run.${other}`,
        hint: 'Start it with `tidemark service start`.',
      };
    case 'running':
      return { message: `The daemon runs as process ${job?.pid ?? 0}.${other}` };
    case 'crashed':
      return {
        message: `The daemon ${ended ?? 'failed'}${job?.state === 'spawn scheduled' ? '; launchd starts it again in a while' : ''}.${other}`,
        hint: '`tidemark service logs` shows why; `tidemark service restart` tries again.',
      };
    case 'outdated':
      return isOlder
        ? {
            message: 'The daemon that runs is of another version.',
            hint: 'Run `tidemark service restart`.',
          }
        : {
            message: 'The property list is not the one that this version of Tidemark would install.',
            hint: 'Run `tidemark service install` to put the present one in its place.',
          };
    case 'disabled':
      return {
        message: `The service is disabled, by \`launchctl disable\` or in System Settings.${other}`,
        hint: 'Enable and start it with `tidemark service start`.',
      };
    case 'unsupported':
      return { message: 'There is no launchd here.' };
  }
}
