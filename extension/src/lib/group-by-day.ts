/** Runs by the day on which they ended, as a person would name it. */

import { differenceInCalendarDays } from 'date-fns/differenceInCalendarDays';
import { format } from 'date-fns/format';
import type { RunRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import { runMoment } from './run-words.ts';

export interface Day {
  readonly title: string;
  readonly runs: readonly RunRecord[];
}

/** In the order in which they come; runs that are open are `Now`. */
export function groupByDay(runs: readonly RunRecord[], now: Date): readonly Day[] {
  const days = Map.groupBy(runs, (run) =>
    run.state === 'queued' || run.state === 'running' ? 'Now' : dayOf(new Date(runMoment(run)), now),
  );
  return [...days].map(([title, ofDay]) => ({ title, runs: ofDay }));
}

function dayOf(date: Date, now: Date): string {
  const days = differenceInCalendarDays(now, date);
  switch (days) {
    case 0:
      return 'Today';
    case 1:
      return 'Yesterday';
    default:
      return format(date, days > 1 && days < 7 ? 'EEEE' : 'd MMMM yyyy');
  }
}
