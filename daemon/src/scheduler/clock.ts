/** The time of day, one-shot timers and the machine's time zone, behind interfaces, so that tests own them. */

import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

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
    const timer = setTimeout(fire, milliseconds);
    timer.unref();
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

/** Whether it is a name of the IANA database, which plain offsets such as `+02:00` are not. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) {
    return false;
  }
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
