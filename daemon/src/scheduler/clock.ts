/** The time of day and one-shot timers, behind an interface, so that tests own them. */

export interface Timer {
  clear(): void;
}

export interface Clock {
  now(): Date;
  /** Calls `fire` once after so many milliseconds, or later: timers stand still while the machine sleeps. */
  setTimer(milliseconds: number, fire: () => void): Timer;
}

/** The machine's own. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => new Date(),
  setTimer: (milliseconds, fire) => {
    const timer = setTimeout(fire, milliseconds);
    timer.unref();
    return { clear: () => clearTimeout(timer) };
  },
};
