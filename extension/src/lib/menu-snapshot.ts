/** What the menu bar shows, collected apart from how it is shown: the daemon's status, or the last one that was seen. */

import type { Cache } from '@raycast/api';
import * as v from 'valibot';
import { runRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { RunRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import { daemonStatus } from '../../../shared/src/protocol/daemon/status.ts';
import type { DaemonStatus } from '../../../shared/src/protocol/daemon/status.ts';
import { glanceTimeoutMilliseconds, withClient } from './connection.ts';
import { toTrouble } from './trouble.ts';
import type { Trouble } from './trouble.ts';

const glance = v.object({ status: daemonStatus, runs: v.array(runRecord) });

/** One look at the daemon. */
export interface Glance {
  readonly status: DaemonStatus;
  /** The newest runs, newest first. */
  readonly runs: readonly RunRecord[];
}

export interface Snapshot {
  /** Absent where there was never one. */
  readonly glance?: Glance | undefined;
  /** Absent where the glance is of now. */
  readonly trouble?: Trouble;
}

const key = 'glance';
const runsInMenu = 5;

/** Never throws: without a daemon there is the last glance, and the trouble that stood in the way of a new one. */
export async function loadSnapshot(cache: Cache, signal: AbortSignal | undefined): Promise<Snapshot> {
  try {
    const seen = await withClient(
      async (client) => {
        const [status, { runs }] = await Promise.all([
          client.call('status', {}),
          client.call('listRuns', { limit: runsInMenu }),
        ]);
        return { status, runs };
      },
      { timeoutMilliseconds: glanceTimeoutMilliseconds, signal },
    );
    cache.set(key, JSON.stringify(seen));
    return { glance: seen };
  } catch (error) {
    return { glance: cachedGlance(cache), trouble: toTrouble(error) };
  }
}

/** The last glance, for the first moment; nothing where an older version of this extension kept something else. */
export function cachedGlance(cache: Cache): Glance | undefined {
  const kept = cache.get(key);
  if (kept === undefined) {
    return undefined;
  }
  try {
    const parsed = v.safeParse(glance, JSON.parse(kept));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
