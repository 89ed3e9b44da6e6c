/** What can stand between a command and its answer, told apart so that each has its own screen and its own remedy. */

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { OtherVersionError } from '@tidemark/client/client/daemon-error';
import { daemonOf } from '@tidemark/client/client/daemon-note';
import type { HeldFolder } from '@tidemark/client/client/daemon-note';
import { startHint } from '@tidemark/client/client/open-socket';
import { TidemarkError } from '@tidemark/client/errors';
import type { ErrorCode } from '@tidemark/client/errors';
import { formatDateTime } from '@tidemark/client/format/dates';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import { fromErrorRecord } from '@tidemark/client/protocol/quantities';
import { wrongPath } from './chosen-paths.ts';
import type { WrongPath } from './chosen-paths.ts';
import { preferences } from './preferences.ts';
import { findTidemark, setUpHint } from './tidemark-command.ts';

export const troubleKinds = [
  /** There is no `tidemark` on this machine, as far as can be seen. */
  'no-tidemark',
  /** A path in the preferences leads nowhere. */
  'wrong-path',
  /** There is a `tidemark`, but no service that starts its daemon. */
  'not-installed',
  /** The service is installed, and nothing runs. */
  'not-running',
  /** A daemon's process is there, and does not listen yet. */
  'starting',
  'other-version',
  /** It runs, and does not answer in time. */
  'not-responding',
  'busy',
  'host-crashed',
  /** A run that was ended from outside, its host being as well as before. */
  'interrupted',
  /** A model that is not on this machine, and no way to download it. */
  'offline-model',
  /** There is no Python, or none that can run mlx-audio. */
  'no-python',
  /** Whatever was asked for is no longer there. */
  'gone',
  /** Two runs that did other work, of which nothing can be said. */
  'not-comparable',
  'failed',
] as const;

export type TroubleKind = (typeof troubleKinds)[number];

export interface Trouble {
  readonly kind: TroubleKind;
  /** What happened, as a sentence. */
  readonly message: string;
  /** What to do next, as a sentence. */
  readonly hint?: string | undefined;
  /** Of which version a daemon is that speaks another protocol: it decides which side has to be brought up to date. */
  readonly daemonIsOlder?: boolean | undefined;
}

/** What this machine says without asking a daemon. */
export interface Surroundings {
  readonly tidemarkPath: string | undefined;
  readonly isServiceInstalled: boolean;
  /** The process that holds the data folder, where it is alive. */
  readonly daemon: HeldFolder | undefined;
  readonly wrongPath: WrongPath | undefined;
}

export function lookAround(): Surroundings {
  const { dataFolder } = preferences();
  return {
    tidemarkPath: findTidemark(),
    isServiceInstalled: serviceFiles().some((path) => existsSync(path)),
    daemon: daemonOf(dataFolder),
    wrongPath: wrongPath(),
  };
}

/** Whether the daemon can be started and restarted from here: it is a service, and there is the command that asks for that. */
export const canStartService = ({ tidemarkPath, isServiceInstalled }: Surroundings): boolean =>
  tidemarkPath !== undefined && isServiceInstalled;

/** Where `tidemark service install` leaves its file. */
const serviceFiles = (): readonly string[] => [
  join(homedir(), 'Library', 'LaunchAgents', 'dev.tidemark.daemon.plist'),
  join(homedir(), '.config', 'systemd', 'user', 'tidemark.service'),
];

/** Any error as a trouble. `look` is asked only where no daemon answered. */
export function toTrouble(error: unknown, look: () => Surroundings = lookAround): Trouble {
  if (!(error instanceof TidemarkError)) {
    return {
      kind: 'failed',
      message: error instanceof Error && error.message !== '' ? error.message : String(error),
    };
  }
  const { code, message, hint } = error;
  const kind = kindOf(code);
  // A socket that is another user's says so itself.
  const isExplained = hint !== undefined && hint !== startHint;
  return kind === 'no-daemon'
    ? isExplained
      ? { kind: 'failed', message, hint }
      : withoutDaemon(look())
    : {
        kind,
        message,
        hint,
        daemonIsOlder: error instanceof OtherVersionError ? error.daemonIsOlder : undefined,
      };
}

function kindOf(code: ErrorCode): TroubleKind | 'no-daemon' {
  switch (code) {
    case 'no-daemon':
      return 'no-daemon';
    case 'protocol-version':
      return 'other-version';
    case 'timeout':
      return 'not-responding';
    case 'busy':
      return 'busy';
    case 'shutting-down':
      return 'not-running';
    case 'host-died':
    case 'host-timeout':
      return 'host-crashed';
    case 'interrupted':
      return 'interrupted';
    case 'network':
      return 'offline-model';
    case 'python':
      return 'no-python';
    case 'not-found':
      return 'gone';
    case 'not-comparable':
      return 'not-comparable';
    default:
      return 'failed';
  }
}

function withoutDaemon({
  tidemarkPath,
  isServiceInstalled,
  daemon,
  wrongPath: wrong,
}: Surroundings): Trouble {
  if (daemon?.isStarting === true) {
    return {
      kind: 'starting',
      message: `The daemon is starting (process ${daemon.pid}) and does not accept connections yet.`,
      hint: 'This takes a second or two.',
    };
  }
  if (wrong !== undefined) {
    return { kind: 'wrong-path', ...wrong };
  }
  if (daemon !== undefined) {
    return {
      kind: 'not-responding',
      message: `The daemon (process ${daemon.pid}) was started ${formatDateTime(new Date(daemon.startedAt))} and accepts no connections.`,
      hint: isServiceInstalled ? "Restart it, or see the daemon's log." : byHandHint,
    };
  }
  if (isServiceInstalled) {
    return {
      kind: 'not-running',
      message: 'The daemon is installed but not running.',
      hint:
        tidemarkPath === undefined
          ? `The tidemark command, which starts it, was not found. ${setUpHint}`
          : 'Start it to measure models and to see past measurements.',
    };
  }
  return tidemarkPath === undefined
    ? { kind: 'no-tidemark', message: 'The tidemark command was not found on this Mac.', hint: setUpHint }
    : {
        kind: 'not-installed',
        message: 'The daemon is not installed and not running.',
        hint: 'Install it as a background service, or run `tidemark daemon` in a terminal.',
      };
}

/** With a hint that helps here: the daemon and its client speak of the service, and the daemon may be none. */
export function hinted(trouble: Trouble, surroundings: Surroundings): Trouble {
  const isRestartHelp =
    trouble.kind === 'not-responding' ||
    (trouble.kind === 'other-version' && trouble.daemonIsOlder !== false);
  return isRestartHelp && !surroundings.isServiceInstalled ? { ...trouble, hint: byHandHint } : trouble;
}

const byHandHint =
  'It is not installed as a service: if it runs in a terminal, stop it there with Ctrl-C and start it again.';

/** The heading of a trouble's screen. */
export const troubleTitles: Readonly<Record<TroubleKind, string>> = {
  'no-tidemark': 'Tidemark Is Not Set Up',
  'wrong-path': 'A Path in the Preferences Is Wrong',
  'not-installed': 'The Daemon Is Not Installed',
  'not-running': 'The Daemon Is Not Running',
  starting: 'The Daemon Is Starting',
  'other-version': 'The Daemon Is a Different Version',
  'not-responding': 'The Daemon Is Not Responding',
  busy: 'The Daemon Is Busy',
  'host-crashed': 'The Model Host Crashed',
  interrupted: 'The Run Was Interrupted',
  'offline-model': 'The Model Could Not Be Downloaded',
  'no-python': 'mlx-audio Cannot Be Run',
  gone: 'Not Found',
  'not-comparable': 'These Runs Cannot Be Compared',
  failed: 'Something Went Wrong',
};

/** Whether asking again soon is likely to help. */
export const passesByItself = ({ kind }: Trouble): boolean => kind === 'starting';

export const troubleText = ({ message, hint }: Trouble): string =>
  hint === undefined ? message : `${message} ${hint}`;

/** A run that ended without its result, as the trouble that it is; nothing for one that is complete, open or canceled. */
export function resultTrouble({ state, error, reason, signal }: RunRecord): Trouble | undefined {
  switch (state) {
    case 'queued':
    case 'running':
    case 'complete':
    case 'cancelled':
      return undefined;
    case 'interrupted': {
      const by = signal === undefined ? '' : `The process was ended by ${signal}. `;
      return {
        kind: isDaemonsEnd(reason) ? 'interrupted' : 'host-crashed',
        message: reason ?? 'The run was interrupted.',
        hint: `${by}Run it again, or see the daemon's logs for details.`,
      };
    }
    case 'failed':
      return error === undefined
        ? { kind: 'failed', message: reason ?? 'The run failed.' }
        : toTrouble(fromErrorRecord(error));
  }
}

/** A run that the daemon's own end interrupted says so; any other lost its host. */
const isDaemonsEnd = (reason: string | undefined): boolean => reason?.includes('daemon') === true;
