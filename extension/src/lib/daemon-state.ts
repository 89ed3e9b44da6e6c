/** The exact state of the daemon: what answers, what the service manager knows, and what is on the disk. */

import type { DaemonStatus } from '@tidemark/client/protocol/daemon/status';
import { withClient } from './connection.ts';
import { hinted, lookAround, toTrouble } from './trouble.ts';
import type { Surroundings, Trouble, TroubleKind } from './trouble.ts';

export interface DaemonState {
  /** Absent where none answers. */
  readonly status?: DaemonStatus;
  readonly trouble?: Trouble;
  readonly surroundings: Surroundings;
}

/** Never throws. */
export async function daemonState(signal?: AbortSignal): Promise<DaemonState> {
  try {
    const status = await withClient((client) => client.call('status', {}), { signal });
    return { status, surroundings: lookAround() };
  } catch (error) {
    const surroundings = lookAround();
    return {
      trouble: hinted(
        toTrouble(error, () => surroundings),
        surroundings,
      ),
      surroundings,
    };
  }
}

/** In a word or two: whether it is running, and whether it starts at login. */
export function stateWord({ status, trouble, surroundings }: DaemonState): string {
  if (status !== undefined) {
    return surroundings.isServiceInstalled ? 'Running' : 'Running, Not Installed';
  }
  return (trouble && troubleWords[trouble.kind]) ?? 'Unknown';
}

/** Of those that tell what the daemon is like. */
const troubleWords: Readonly<Partial<Record<TroubleKind, string>>> = {
  'no-tidemark': 'Not Set Up',
  'wrong-path': 'Wrong Path in Preferences',
  'not-installed': 'Not Installed',
  'not-running': 'Stopped',
  starting: 'Starting',
  'other-version': 'Different Version',
  'not-responding': 'Not Responding',
};

const hostWords: Readonly<Record<DaemonStatus['host']['state'], string>> = {
  none: 'None',
  starting: 'Starting',
  loading: 'Loading a Model',
  idle: 'Idle, Model Loaded',
  busy: 'Measuring',
  ending: 'Stopping',
  'backing-off': 'Crashed, Restarting Soon',
};

export const hostWord = ({ host }: DaemonStatus): string => hostWords[host.state];
