/** The daemon's settings by the names that a person types, with how each is read and shown. */

import { InvalidArgumentError } from 'commander';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatCount, formatPercent } from '@tidemark/shared/format/numbers.ts';
import type { DaemonSettings, DaemonSettingsChange } from '@tidemark/shared/protocol/daemon/settings.ts';
import { bytesValue, durationBetween, durationText, shareValue, switchValue, wholeNumber } from './values.ts';

export interface Setting {
  readonly name: string;
  readonly what: string;
  readonly show: (settings: DaemonSettings) => string;
  /** What setting it to a typed value asks the daemon for. Throws an InvalidArgumentError. */
  readonly read: (value: string) => DaemonSettingsChange;
}

type Amount = 'idleUnloadSeconds' | 'memoryCeilingBytes' | 'retentionDays' | 'retentionRuns';

/** A setting whose 0 means that there is none of it, and is said so. */
function amount(
  name: string,
  what: string,
  key: Amount,
  { zero, show, read }: { zero: string; show: (value: number) => string; read: (value: string) => number },
): Setting {
  return {
    name,
    what: `${what}; or ${zero}`,
    show: (settings) => (settings[key] === 0 ? zero : show(settings[key])),
    read: (value) => ({ [key]: value.trim().toLowerCase() === zero ? 0 : read(value) }),
  };
}

function toggle(name: string, what: string, key: 'schedulesPaused' | 'notifications'): Setting {
  return {
    name,
    what,
    show: (settings) => (settings[key] ? 'yes' : 'no'),
    read: (value) => ({ [key]: switchValue(value) }),
  };
}

function alertShare(name: string, what: string, key: 'activeShare' | 'peakShare' | 'secondsShare'): Setting {
  return {
    name,
    what: `${what} so far above its level counts`,
    show: ({ alerts }) => formatPercent(alerts[key], { fractionDigits: 1 }).replace('.0%', '%'),
    read: (value) => ({ alerts: { [key]: shareValue(value) } }),
  };
}

function days(value: string): number {
  const seconds = durationBetween(86_400, 36_500 * 86_400)(value);
  if (seconds % 86_400 !== 0) {
    throw new InvalidArgumentError('Give whole days, as in 90d or 52w.');
  }
  return seconds / 86_400;
}

export const settingList: readonly Setting[] = [
  amount('idle-unload', 'after so long an idle host is ended', 'idleUnloadSeconds', {
    zero: 'never',
    show: durationText,
    read: durationBetween(1, 30 * 86_400),
  }),
  amount('memory-ceiling', 'the most that the host may weigh', 'memoryCeilingBytes', {
    zero: 'none',
    show: formatBytes,
    read: bytesValue,
  }),
  {
    name: 'host-timeout',
    what: 'a host that is silent for so long is ended',
    show: ({ hostTimeoutSeconds }) => durationText(hostTimeoutSeconds),
    read: (value) => ({ hostTimeoutSeconds: durationBetween(5, 86_400)(value) }),
  },
  amount('retention', 'how long runs are kept', 'retentionDays', {
    zero: 'forever',
    show: (value) => `${value}d`,
    read: days,
  }),
  amount('retention-runs', 'how many runs are kept', 'retentionRuns', {
    zero: 'all',
    show: formatCount,
    read: (value) => wholeNumber(1)(value.replaceAll(',', '')),
  }),
  toggle('schedules-paused', 'whether all schedules are paused', 'schedulesPaused'),
  toggle('notifications', 'whether alerts are notifications (macOS)', 'notifications'),
  alertShare('alert-active', 'active memory', 'activeShare'),
  alertShare('alert-peak', 'a peak', 'peakShare'),
  alertShare('alert-time', 'a time', 'secondsShare'),
  {
    name: 'alert-checks',
    what: 'so many checks in a row raise an alert',
    show: ({ alerts }) => formatCount(alerts.sustainedChecks),
    read: (value) => ({ alerts: { sustainedChecks: wholeNumber(1, 100)(value) } }),
  },
  {
    name: 'alert-cooldown',
    what: 'an alert is not raised again for so long',
    show: ({ alerts }) => durationText(alerts.cooldownSeconds),
    read: (value) => ({ alerts: { cooldownSeconds: durationBetween(0, 366 * 86_400)(value) } }),
  },
];
