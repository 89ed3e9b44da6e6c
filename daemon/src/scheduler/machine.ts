/** What the scheduler asks of the machine, behind interfaces, so that tests own it: the time of day, timers, time zone, power. */

import { execFile } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { formatPercent } from '@tidemark/shared/format/numbers.ts';
import type { ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { later } from '../background.ts';
import { isTimeZone } from '../history/schedule-check.ts';

export interface Timer {
  clear(): void;
}

export interface Clock {
  now(): Date;
  /** Calls `fire` once after this many milliseconds, or later: timers stand still while the machine sleeps. */
  setTimer(milliseconds: number, fire: () => void): Timer;
}

/** The machine's clock. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => new Date(),
  setTimer: (milliseconds, fire) => {
    const timer = later('looking for due checks', milliseconds, fire).unref();
    return { clear: () => clearTimeout(timer) };
  },
};

export interface MachineTimeZoneOptions {
  /** Where the system's files are; tests have their own. Default: the root of the file system. */
  readonly root?: string;
  /** Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * The machine's own time zone at this moment, as an IANA name: a laptop that travels changes it while the daemon runs. `TZ`
 * decides where it is set to a name, then the link that macOS and most Linux systems keep at /etc/localtime, then Debian's
 * /etc/timezone, and last what V8 found when the process began: V8 looks only once.
 */
export function machineTimeZone({
  root = '/',
  environment = process.env,
}: MachineTimeZoneOptions = {}): string {
  const candidates = [
    () => environment['TZ']?.replace(/^:/, ''),
    () =>
      /zoneinfo(?:\.default)?\/(?<name>.+)$/.exec(readlinkSync(join(root, 'etc/localtime')))?.groups?.[
        'name'
      ],
    () => readFileSync(join(root, 'etc/timezone'), 'utf8').trim(),
  ];
  for (const candidate of candidates) {
    const name = attempt(candidate);
    if (name !== undefined && isTimeZone(name)) {
      return name;
    }
  }
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function attempt(candidate: () => string | undefined): string | undefined {
  try {
    return candidate();
  } catch {
    return undefined;
  }
}

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

/** How long the system may take to say what it runs on: a driver can hang. */
const powerMilliseconds = 5000;

/** Never rejects: what cannot be found out in 5 s is unknown, and unknown stops no check. */
export async function readPowerState({
  platform = process.platform,
  root = '/',
  pmset = runPmset,
}: PowerOptions = {}): Promise<PowerState> {
  if (platform === 'linux') {
    const given = new AbortController();
    return await Promise.race([
      linuxPowerState(root).finally(() => given.abort()),
      wait(powerMilliseconds, { source: 'unknown' } as const, { signal: given.signal, ref: false }),
    ]);
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
  // One that is stopped takes no other signal.
  const options = { timeout: powerMilliseconds, killSignal: 'SIGKILL' } as const;
  return (await execute('/usr/bin/pmset', programArguments, options)).stdout;
}
