/** Whether the machine runs on battery or in a low power mode, as far as the system says. */

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatPercent } from '@tidemark/shared/format/numbers.ts';
import type { ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';

export interface PowerState {
  readonly source: 'mains' | 'battery' | 'unknown';
  /** Absent where the system says nothing of it. */
  readonly lowPowerMode?: boolean;
  /** The battery's charge, from 0 to 1. */
  readonly charge?: number;
}

export interface PowerOptions {
  readonly platform?: NodeJS.Platform;
  /** Where Linux's `sys` is; tests have their own. Default: the root of the file system. */
  readonly root?: string;
  /** Runs `pmset` and gives what it prints; rejects where it fails. */
  readonly pmset?: (programArguments: readonly string[]) => Promise<string>;
}

/** Why a schedule's check should not start now, as a sentence without its period; undefined where it may. */
export function powerObstacle(
  { skipOnBattery, skipInLowPowerMode }: Pick<ScheduleSettings, 'skipOnBattery' | 'skipInLowPowerMode'>,
  { source, lowPowerMode, charge }: PowerState,
): string | undefined {
  if (skipOnBattery && source === 'battery') {
    const left = charge === undefined ? '' : ` (${formatPercent(charge, { fractionDigits: 0 })})`;
    return `The machine was on battery${left}`;
  }
  return skipInLowPowerMode && lowPowerMode === true ? 'The machine was in low power mode' : undefined;
}

/** Never rejects: what cannot be found out is unknown, and unknown stops no check. */
export async function readPowerState({
  platform = process.platform,
  root = '/',
  pmset = runPmset,
}: PowerOptions = {}): Promise<PowerState> {
  if (platform === 'linux') {
    return await linuxPowerState(root);
  }
  if (platform !== 'darwin') {
    return { source: 'unknown' };
  }
  const [battery = '', settings = ''] = await Promise.all(
    [['-g', 'batt'], ['-g']].map((each) => pmset(each).catch(() => '')),
  );
  return macPowerState(battery, settings);
}

/**
 * From what `pmset -g batt` and `pmset -g` print. The first names the source in its first line; the second lists the
 * settings in use, with `lowpowermode 1` while it is on (older systems have no such line).
 */
export function macPowerState(battery: string, settings: string): PowerState {
  const source = /^Now drawing from '(?<source>[^']+)'/m.exec(battery)?.groups?.['source'];
  const charge = /-InternalBattery-\d+.*?\t(?<percent>\d{1,3})%;/.exec(battery)?.groups?.['percent'];
  const lowPowerMode = /^\s*(?:lowpowermode|powermode)\s+(?<value>\d)/m.exec(settings)?.groups?.['value'];
  return {
    source:
      source === 'AC Power'
        ? 'mains'
        : source === 'Battery Power' || source === 'UPS Power'
          ? 'battery'
          : 'unknown',
    ...(lowPowerMode === undefined ? {} : { lowPowerMode: lowPowerMode === '1' }),
    ...(charge === undefined ? {} : { charge: Number(charge) / 100 }),
  };
}

/** From /sys/class/power_supply and the firmware's platform profile, as the kernel's ABI documents them. */
async function linuxPowerState(root: string): Promise<PowerState> {
  const folder = join(root, 'sys/class/power_supply');
  const read = async (...path: string[]): Promise<string | undefined> => {
    try {
      return (await readFile(join(...path), 'utf8')).trim();
    } catch {
      return undefined;
    }
  };
  const supplies = await Promise.all(
    (await readdir(folder).catch(() => [])).sort().map(async (name) => ({
      type: await read(folder, name, 'type'),
      // A mouse has a battery too; it is of the scope `Device`.
      scope: await read(folder, name, 'scope'),
      online: await read(folder, name, 'online'),
      status: await read(folder, name, 'status'),
      capacity: await read(folder, name, 'capacity'),
    })),
  );
  const ours = supplies.filter(({ scope }) => scope !== 'Device');
  const batteries = ours.filter(({ type }) => type === 'Battery');
  const isPlugged = ours.some(({ type, online }) => type !== 'Battery' && type !== 'UPS' && online === '1');
  const isDischarging = batteries.some(({ status }) => status === 'Discharging');
  const charge = Number(batteries[0]?.capacity ?? Number.NaN);
  const profile = await read(root, 'sys/firmware/acpi/platform_profile');
  return {
    source: isPlugged ? 'mains' : isDischarging ? 'battery' : 'unknown',
    ...(profile === undefined ? {} : { lowPowerMode: profile === 'low-power' }),
    ...(Number.isFinite(charge) ? { charge: charge / 100 } : {}),
  };
}

const execute = promisify(execFile);

async function runPmset(programArguments: readonly string[]): Promise<string> {
  return (await execute('/usr/bin/pmset', programArguments, { timeout: 5000 })).stdout;
}
