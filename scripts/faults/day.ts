/** A home with a day's worth of runs, as a daemon would have left it, and files for imports. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { openHistory } from '../../daemon/src/history/history.ts';
import { exampleAlert, finishedRun, scheduleTrigger } from '../../daemon/test/example-histories.ts';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { writeTinyKokoro } from '../../daemon/test/tiny-kokoro.ts';
import { scheduleKey, settingKey, settingsOf } from './ledger.ts';
import type { Ledger } from './ledger.ts';

/** A check every five minutes. */
export const checksOfADay = 288;

export interface Models {
  /** Says a sentence in some milliseconds. */
  readonly sound: string;
  /** There is none: a check of it fails. */
  readonly missing: string;
}

export const checkOf = (
  model: string,
  name: string,
  changes: Partial<ScheduleSettings> = {},
): ScheduleSettings => ({
  name,
  timing: { kind: 'every', seconds: 3600 },
  model,
  voice: 'af_tiny',
  text: 'a b c.',
  iterations: 1,
  warmupIterations: 0,
  jitterSeconds: 0,
  skipOnBattery: false,
  skipInLowPowerMode: false,
  paused: false,
  ...changes,
});

/** Fills `home`, and has the ledger know all of it. */
export function layOutDay(home: string, ledger: Ledger, checks: number): Models {
  const sound = join(home, 'tiny');
  const missing = join(home, 'missing');
  writeTinyKokoro(sound);
  let now = Date.now() - 86_400_000;
  // Between the checks of a day: each asks the clock about ten times.
  const step = Math.floor(86_000_000 / (checks * 12));
  using history = openHistory(home, { now: () => new Date((now += step)) }).history;
  const settings: Partial<DaemonSettings> = {
    notifications: false,
    retentionRuns: 600,
    alerts: { ...defaultDaemonSettings.alerts, sustainedChecks: 1, cooldownSeconds: 0 },
  };
  history.settings.change(settings);
  for (const [name, value] of Object.entries(settings)) {
    ledger.note({ kind: 'set', key: settingKey(name as keyof DaemonSettings), value });
  }
  const schedules = ['Nightly', 'Hourly', 'Often'].map((name, index) => {
    const schedule = history.schedules.add(checkOf(index === 1 ? missing : sound, name));
    ledger.note({ kind: 'set', key: scheduleKey(schedule.id), value: settingsOf(schedule) });
    return schedule.id;
  });
  for (let check = 0; check < checks; check += 1) {
    const scheduleId = schedules[check % schedules.length] ?? 1;
    const record = finishedRun(history, { run: { trigger: scheduleTrigger(scheduleId) } });
    ledger.note({ kind: 'run', id: record.id, uid: record.uid });
    ledger.note({ kind: 'ended', record });
    if (check % 40 === 39) {
      const alert = exampleAlert({
        scheduleId,
        state: check % 80 === 39 ? 'open' : 'resolved',
        runIds: [record.id],
      });
      ledger.note({ kind: 'alert', alert: history.alerts.add(alert) });
    }
  }
  return { sound, missing };
}

/** Writes an export of another history with so many runs, and returns what identifies them. */
export function writeExport(file: string, runs: number): string[] {
  using history = openHistory(temporaryFolder()).history;
  const uids = Array.from({ length: runs }, () => finishedRun(history, { document: exampleProfile() }).uid);
  writeFileSync(file, [...history.exportLines(), ''].join('\n'));
  return uids;
}
