/** What a person can set of the daemon; kept in its history's database. */

import * as v from 'valibot';
import { bytes, count } from '../quantities.ts';

const share = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(10));

export const daemonSettings = v.object({
  /** A host that did nothing for so long is ended, which gives its memory back; 0 for never. */
  idleUnloadSeconds: v.pipe(count, v.maxValue(30 * 86_400)),
  /** The most that the host's process may weigh: beyond it a run is refused or ended; 0 for no ceiling. */
  memoryCeilingBytes: bytes,
  /** A host that has not answered for so long is hung, and is ended. */
  hostTimeoutSeconds: v.pipe(count, v.minValue(5), v.maxValue(86_400)),
  /** Runs older than this go; 0 for never. A run that an open alert rests on stays. */
  retentionDays: v.pipe(count, v.maxValue(36_500)),
  /** At most so many runs are kept, the newest; 0 for all. */
  retentionRuns: count,
  /** Stops every schedule, without changing any. */
  schedulesPaused: v.boolean(),
  /** Whether alerts are shown as notifications of the system. */
  notifications: v.boolean(),
  /** The person's own interpreter for mlx-audio, as an absolute path; empty for the environment that Tidemark makes. */
  python: v.pipe(v.string(), v.maxLength(4096), v.regex(/^(?:\/.*)?$/u, 'it is not an absolute path')),
  alerts: v.object({
    /** From which share above its own baseline a level counts. */
    activeShare: share,
    peakShare: share,
    secondsShare: share,
    /** For so many checks in a row before an alert is raised, and as many below before it is resolved. */
    sustainedChecks: v.pipe(count, v.minValue(1), v.maxValue(100)),
    /** An alert of the same kind and schedule is not raised again for so long. */
    cooldownSeconds: v.pipe(count, v.maxValue(366 * 86_400)),
  }),
});

export type DaemonSettings = v.InferOutput<typeof daemonSettings>;

export const defaultDaemonSettings: DaemonSettings = {
  idleUnloadSeconds: 15 * 60,
  memoryCeilingBytes: 0,
  hostTimeoutSeconds: 120,
  retentionDays: 365,
  retentionRuns: 10_000,
  schedulesPaused: false,
  notifications: true,
  python: '',
  alerts: {
    activeShare: 0.02,
    peakShare: 0.05,
    secondsShare: 0.5,
    sustainedChecks: 3,
    cooldownSeconds: 86_400,
  },
};

/** Some of them, to be changed. */
export const daemonSettingsChange = v.partial(
  v.strictObject({
    ...daemonSettings.entries,
    alerts: v.partial(v.strictObject(daemonSettings.entries.alerts.entries)),
  }),
);

export type DaemonSettingsChange = v.InferOutput<typeof daemonSettingsChange>;
