/**
 * The time by which runs age. A machine's clock may be wrong by years for an hour, after a flat battery or a slip of the hand,
 * and what is removed for its age then does not come back. So a jump is believed only after it has held for a day of uptime.
 */

import type { Marks, MarksContent } from './marks.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** How far a clock may be ahead of what was expected, as after a holiday with the machine off, and how far behind. */
const mostAhead = 30 * day;
const mostBehind = day;
/** For how long a jump beyond that has to hold, of uptime: over several starts where need be. */
const secondsToHold = 86_400;
/** Before there was a Tidemark no clock was right: a machine without a battery begins in 1970. */
export const firstMoment = Date.parse('2025-01-01T00:00:00.000Z');
/** What is noted may be that old: more is lost only of a clock that has moved on as expected. */
const mostUnnoted = hour / 2;

/** A clock that is not believed. */
export interface ClockDoubt {
  readonly shownAt: Date;
  /** The time that counts instead: the last one that was believed, and the uptime since. */
  readonly believedAt: Date;
  readonly heldSeconds: number;
}

export interface TrustedClockOptions {
  readonly now: () => Date;
  /** Milliseconds that nobody sets. */
  readonly monotonic: () => number;
  readonly marks: Marks;
  /** When the newest run came into the history, if there is one. */
  readonly newest: () => Date | undefined;
}

interface State {
  readonly believed: number;
  readonly monotonic: number;
  readonly doubted?: { readonly shown: number; readonly heldSeconds: number } | undefined;
}

export class TrustedClock {
  readonly #options: TrustedClockOptions;
  #state: State | undefined;
  #noted: MarksContent['clock'];

  constructor(options: TrustedClockOptions) {
    this.#options = options;
  }

  /** Throws what reading the marks and the history does, the first time. */
  now(): Date {
    return new Date(this.#advance().believed);
  }

  /** Notes how the clock stands; to be called now and then, with the history locked for writing. Throws what the marks do. */
  look(): ClockDoubt | undefined {
    const { believed, doubted } = this.#advance();
    const clock = { believed, doubted };
    const hasMoved =
      this.#noted === undefined ||
      Math.abs(believed - this.#noted.believed) > mostUnnoted ||
      doubted?.heldSeconds !== this.#noted.doubted?.heldSeconds;
    if (hasMoved) {
      this.#options.marks.change({ clock });
      this.#noted = clock;
    }
    return doubted === undefined
      ? undefined
      : {
          shownAt: new Date(doubted.shown),
          believedAt: new Date(believed),
          heldSeconds: doubted.heldSeconds,
        };
  }

  #advance(): State {
    const shown = this.#options.now().getTime();
    const monotonic = this.#options.monotonic();
    const before = this.#state ?? this.#begin(shown, monotonic);
    const elapsed = Math.max(0, monotonic - before.monotonic);
    this.#state = { ...advanced(before, shown, elapsed), monotonic };
    return this.#state;
  }

  #begin(shown: number, monotonic: number): State {
    const { clock } = this.#options.marks.read();
    if (clock !== undefined) {
      this.#noted = clock;
      return { ...clock, monotonic };
    }
    // A run of the future shows that the clock was wrong then, and not that it is now.
    const newest = this.#options.newest()?.getTime() ?? shown;
    return { believed: shown < firstMoment ? newest : Math.min(shown, newest), monotonic };
  }
}

function advanced({ believed, doubted }: State, shown: number, elapsed: number): Omit<State, 'monotonic'> {
  const expected = believed + elapsed;
  if (isAbout(shown, expected) || expected < firstMoment) {
    return { believed: shown };
  }
  const isSame = doubted !== undefined && isAbout(shown, doubted.shown + elapsed);
  const heldSeconds = isSame ? doubted.heldSeconds + elapsed / 1000 : 0;
  return heldSeconds >= secondsToHold && shown >= firstMoment
    ? { believed: shown }
    : { believed: expected, doubted: { shown, heldSeconds } };
}

const isAbout = (shown: number, expected: number): boolean =>
  shown <= expected + mostAhead && shown >= expected - mostBehind;
