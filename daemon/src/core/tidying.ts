/** Removes old runs every hour, and tells what keeps that from happening. */

import { formatDateTime } from '@tidemark/shared/format/dates.ts';
import { counted, formatCount } from '@tidemark/shared/format/numbers.ts';
import { guarded } from '../background.ts';
import type { History } from '../history/history.ts';
import { removedDays } from '../history/removed-runs.ts';
import { mostRemovedAtOnce } from '../history/retention.ts';
import type { Tidied } from '../history/retention.ts';
import type { Log } from '../logging/log.ts';
import type { Clock, Timer } from '../scheduler/machine.ts';
import type { Notices } from './notices.ts';

export interface TidyingOptions {
  readonly history: History;
  readonly notices: Notices;
  readonly log: Log;
  readonly clock: Clock;
  /** Runs were removed. */
  readonly onRemoved: () => void;
}

const everyMilliseconds = 3_600_000;
/** What the person asked for is tried again sooner. */
const retryMilliseconds = 60_000;

export class Tidying {
  readonly #options: TidyingOptions;
  #timer: Timer | undefined;
  #isAsked = false;

  constructor(options: TidyingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#work();
  }

  /** The person has just set what is kept. */
  ask(): void {
    this.#isAsked = true;
    this.#wait(0);
  }

  stop(): void {
    const { history, log } = this.#options;
    this.#timer?.clear();
    try {
      history.noteClock();
    } catch (error) {
      log.warn({ error }, 'How the clock stood could not be noted.');
    }
  }

  #wait(milliseconds: number): void {
    this.#timer?.clear();
    this.#timer = this.#options.clock.setTimer(
      milliseconds,
      guarded('removing old runs', () => this.#work()),
    );
  }

  /** A disk that is full now may have room in an hour. */
  #work(): void {
    const { history, log, onRemoved } = this.#options;
    try {
      const tidied = history.tidy({ asked: this.#isAsked });
      const { removed } = tidied;
      this.#isAsked = false;
      this.#tell(tidied);
      if (removed > 0) {
        log.info(
          { removed, folder: history.removedFolder },
          'Moved runs aside that the retention setting leaves no room for.',
        );
        onRemoved();
      }
      // They go in batches, between which clients are answered.
      this.#wait(removed < mostRemovedAtOnce ? everyMilliseconds : 0);
    } catch (error) {
      log.warn({ error }, 'Could not remove old runs.');
      this.#wait(this.#isAsked ? retryMilliseconds : everyMilliseconds);
    }
  }

  #tell({ doubt, waiting }: Tidied): void {
    const { history, notices, log } = this.#options;
    if (doubt === undefined) {
      notices.clear('clock');
    } else {
      const { shownAt, believedAt } = doubt;
      const message =
        `The clock showed ${shown(shownAt)} when ${shown(believedAt)} was expected. ` +
        'Runs age by the expected time until the clock has held for 24 hours of uptime.';
      log.warn({ ...doubt }, message);
      notices.set(
        'clock',
        message,
        'Set the date and time if they are wrong. If they are right, nothing has to be done.',
      );
    }
    if (waiting === undefined) {
      notices.clear('retention');
      return;
    }
    const { due, total, until, byAge } = waiting;
    const { retentionDays, retentionRuns } = history.settings.get();
    const [name, value, never, why] = byAge
      ? ['retention', `${retentionDays}d`, 'forever', `older than ${counted(retentionDays, 'day')}`]
      : ['retention-runs', String(retentionRuns), 'all', `beyond the newest ${formatCount(retentionRuns)}`];
    const message = `${formatCount(due)} of ${counted(total, 'run')} are ${why}. That is many at once, so they stay until ${shown(until)}.`;
    log.warn({ ...waiting }, message);
    notices.set(
      'retention',
      message,
      `To keep them, run \`tidemark settings set ${name} ${never}\`. To remove them now, run \`tidemark settings set ${name} ${value}\`; ` +
        `either way they are kept for ${removedDays} days in ${history.removedFolder}, for \`tidemark runs import\`.`,
    );
  }
}

/** A clock may be beyond what a date can show. */
const shown = (date: Date): string => (Number.isNaN(date.getTime()) ? 'no date' : formatDateTime(date));
