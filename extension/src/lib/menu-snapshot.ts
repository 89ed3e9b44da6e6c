/** What the menu bar shows, collected apart from how it is shown: the daemon's status, or the last one that was seen. */

import * as v from 'valibot';
import type { DaemonClient } from '../../../shared/src/client/daemon-client.ts';
import { runRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { RunRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import { daemonStatus } from '../../../shared/src/protocol/daemon/status.ts';
import type { DaemonStatus } from '../../../shared/src/protocol/daemon/status.ts';
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
  readonly glance?: Glance;
  /** Absent where the glance is of now. */
  readonly trouble?: Trouble;
}

/** Raycast's own Cache, or anything like it. */
export interface GlanceCache {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

export interface SnapshotSources {
  /** Runs an action on a connection and closes it. */
  readonly ask: <Answer>(action: (client: DaemonClient) => Promise<Answer>) => Promise<Answer>;
  readonly cache: GlanceCache;
  readonly explain?: (error: unknown) => Trouble;
}

const key = 'glance';
const runsInMenu = 5;

/** Never throws: without a daemon there is the last glance, and the trouble that stood in the way of a new one. */
export async function loadSnapshot({ ask, cache, explain = toTrouble }: SnapshotSources): Promise<Snapshot> {
  try {
    const seen = await ask(async (client) => {
      const [status, { runs }] = await Promise.all([
        client.call('status', {}),
        client.call('listRuns', { limit: runsInMenu }),
      ]);
      return { status, runs };
    });
    cache.set(key, JSON.stringify(seen));
    return { glance: seen };
  } catch (error) {
    const trouble = explain(error);
    const last = cachedGlance(cache);
    return last === undefined ? { trouble } : { glance: last, trouble };
  }
}

/** The last glance, for the first moment; nothing where an older version of this extension kept something else. */
export function cachedGlance(cache: GlanceCache): Glance | undefined {
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
