/** What subscribers are told, by topic. */

import * as v from 'valibot';
import { alert } from './alert.ts';
import { runProgress } from './run-progress.ts';
import { daemonStatus } from './status.ts';
import type { Topic } from './wire.ts';

export const eventData = {
  /** Each step of a run. */
  progress: runProgress,
  /** Whenever something in it changes, four times a second at most. */
  status: daemonStatus,
  /** An alert that was raised, acknowledged or resolved. */
  alerts: alert,
} as const satisfies Record<Topic, v.GenericSchema>;

export type EventData<T extends Topic> = v.InferOutput<(typeof eventData)[T]>;
