/** What the menu bar shows, collected apart from how it is shown: the daemon's status, or the last one that was seen. */

import type { Cache } from '@raycast/api';
import { realpathSync, statSync } from 'node:fs';
import * as v from 'valibot';
import { socketPathOf } from '@tidemark/client/client/locations';
import { runRecord } from '@tidemark/client/protocol/daemon/run-record';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import { daemonStatus } from '@tidemark/client/protocol/daemon/status';
import type { DaemonStatus } from '@tidemark/client/protocol/daemon/status';
import { protocolVersion } from '@tidemark/client/protocol/daemon/wire';
import { moment } from '@tidemark/client/protocol/quantities';
import { glanceTimeoutMilliseconds, withClient } from './connection.ts';
import { preferences } from './preferences.ts';
import { toTrouble } from './trouble.ts';
import type { Trouble } from './trouble.ts';

const keptGlance = v.object({ status: daemonStatus, runs: v.array(runRecord), seenAt: moment });

/** One look at the daemon. */
export interface Glance {
  /** By this machine's clock, when the daemon answered. */
  readonly seenAt: Date;
  readonly status: DaemonStatus;
  /** The newest runs, newest first. */
  readonly runs: readonly RunRecord[];
}

export interface Snapshot {
  /** Absent where there was never one. */
  readonly glance?: Glance | undefined;
  /** Why there is no glance of now; absent also while one is waited for. */
  readonly trouble?: Trouble;
}

const runsInMenu = 5;

/**
 * What is kept belongs to one data folder, whatever it is called: two of them have nothing in common, nor has one that was
 * removed and made again. Neither does what was kept of another protocol. Undefined for a folder that is not there.
 */
function keyOf(dataFolder: string): string | undefined {
  try {
    const { dev, ino } = statSync(dataFolder);
    return `glance ${protocolVersion} ${dev}:${ino} ${realpathSync(dataFolder)}`;
  } catch {
    return undefined;
  }
}

/** Never throws: without a daemon there is the last glance, and the trouble that stood in the way of a new one. */
export async function loadSnapshot(cache: Cache, signal: AbortSignal | undefined): Promise<Snapshot> {
  const { dataFolder } = preferences();
  try {
    const seen = await withClient(
      async (client) => {
        const [status, { runs }] = await Promise.all([
          client.call('status', {}),
          client.call('listRuns', { limit: runsInMenu }),
        ]);
        return { status, runs };
      },
      { socketPath: socketPathOf(dataFolder), timeoutMilliseconds: glanceTimeoutMilliseconds, signal },
    );
    const key = keyOf(dataFolder);
    if (key !== undefined) {
      cache.set(key, JSON.stringify({ ...seen, seenAt: new Date().toISOString() }));
    }
    return { glance: { ...seen, seenAt: new Date() } };
  } catch (error) {
    return { glance: cachedGlance(cache), trouble: toTrouble(error) };
  }
}

/** The last glance, for the first moment; nothing where an older version of this extension kept something else. */
export function cachedGlance(cache: Cache): Glance | undefined {
  const key = keyOf(preferences().dataFolder);
  const kept = key === undefined ? undefined : cache.get(key);
  if (kept === undefined) {
    return undefined;
  }
  try {
    const parsed = v.safeParse(keptGlance, JSON.parse(kept));
    return parsed.success ? { ...parsed.output, seenAt: new Date(parsed.output.seenAt) } : undefined;
  } catch {
    return undefined;
  }
}
