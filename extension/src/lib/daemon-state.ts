/** The exact state of the daemon: what answers, what the service's manager knows, and what lies on the disk. */

import type { DaemonClient } from '../../../shared/src/client/daemon-client.ts';
import type { DaemonStatus } from '../../../shared/src/protocol/daemon/status.ts';
import { lookAround, toTrouble } from './trouble.ts';
import type { Surroundings, Trouble } from './trouble.ts';

export interface DaemonState {
  /** Absent where none answers. */
  readonly status?: DaemonStatus;
  readonly trouble?: Trouble;
  readonly surroundings: Surroundings;
}

export interface DaemonStateSources {
  readonly ask: <Answer>(action: (client: DaemonClient) => Promise<Answer>) => Promise<Answer>;
  readonly look?: () => Surroundings;
}

/** Never throws. */
export async function daemonState({ ask, look = lookAround }: DaemonStateSources): Promise<DaemonState> {
  try {
    const status = await ask((client) => client.call('status', {}));
    return { status, surroundings: look() };
  } catch (error) {
    const surroundings = look();
    return { trouble: toTrouble(error, () => surroundings), surroundings };
  }
}

/** In a word or two: whether it runs, and whether it would by itself. */
export function stateWord({ status, trouble, surroundings }: DaemonState): string {
  if (status !== undefined) {
    return surroundings.isServiceInstalled ? 'Running' : 'Running, Not Installed';
  }
  switch (trouble?.kind) {
    case 'no-tidemark':
      return 'Not Set Up';
    case 'not-installed':
      return 'Not Installed';
    case 'not-running':
      return 'Stopped';
    case 'starting':
      return 'Starting';
    case 'other-version':
      return 'Another Version';
    case 'not-responding':
      return 'Not Answering';
    case 'busy':
    case 'host-crashed':
    case 'offline-model':
    case 'interrupted':
    case 'gone':
    case 'failed':
    case undefined:
      return 'Unclear';
  }
}

const hostWords: Readonly<Record<DaemonStatus['host']['state'], string>> = {
  none: 'None',
  starting: 'Starting',
  loading: 'Loading a Model',
  idle: 'Idle, Model Loaded',
  busy: 'Measuring',
  ending: 'Ending',
  'backing-off': 'Crashed, Waits to Start Again',
};

export const hostWord = ({ host }: DaemonStatus): string => hostWords[host.state];
