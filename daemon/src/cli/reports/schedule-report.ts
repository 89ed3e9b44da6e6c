/** The schedules as text. */

import { formatDateTime } from '@tidemark/shared/format/dates.ts';
import { formatFacts } from '@tidemark/shared/format/wrap.ts';
import type { Fact } from '@tidemark/shared/format/wrap.ts';
import type { SchedulesDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { Schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { nextOccurrence } from '../../scheduler/timing.ts';
import { timingWords } from '../schedule-settings.ts';
import { durationText } from '../values.ts';
import { outputWidth } from './layout.ts';
import { momentWords, shortModel } from './run-words.ts';

export function schedulesReport({ schedules, paused }: SchedulesDocument, now: Date): string {
  if (schedules.length === 0) {
    return 'Nothing is scheduled. `tidemark schedule add nightly --cron "0 3 * * *"` checks bf16 for leaks every night.';
  }
  const facts = schedules.map((schedule) => factOf(schedule, { paused, now }));
  return [
    ...(paused ? ['All schedules are paused: `tidemark schedule resume` goes on with them.', ''] : []),
    ...formatFacts(facts, { maxWidth: outputWidth() }),
  ].join('\n');
}

/** A host that is let go before the next check takes what leaks from check to check with it; undefined where it stays. */
export function idleWords({ timing }: Schedule, idleUnloadSeconds: number, now: Date): string | undefined {
  const first = nextOccurrence(timing, now);
  const second = first === undefined ? undefined : nextOccurrence(timing, first);
  if (first === undefined || second === undefined || idleUnloadSeconds === 0) {
    return undefined;
  }
  const apart = (second.getTime() - first.getTime()) / 1000;
  return apart <= idleUnloadSeconds
    ? undefined
    : `Each check has a fresh host, since an idle one is let go after ${durationText(idleUnloadSeconds)}: what leaks within a ` +
        'check is found, and not what leaks slowly from check to check. `tidemark settings set idle-unload never` keeps it.';
}

function factOf(schedule: Schedule, { paused, now }: { readonly paused: boolean; readonly now: Date }): Fact {
  const { id, name, model, voice, iterations, warmupIterations, lastRunId, lastRunAt, lastSkip } = schedule;
  const skips = [
    ...(schedule.skipOnBattery ? ['on battery'] : []),
    ...(schedule.skipInLowPowerMode ? ['in low power mode'] : []),
  ];
  return {
    label: `${id}`,
    lines: [
      `“${name}”, ${timingWords(schedule)}${skips.length === 0 ? '' : `, not ${skips.join(' or ')}`}`,
      `${shortModel(model)} with ${voice}, ${iterations} iterations after ${warmupIterations} of warm-up`,
      nextLine(schedule, paused, now),
      ...(lastRunId === undefined || lastRunAt === undefined
        ? []
        : [`last run #${lastRunId}, ${momentWords(lastRunAt, now)}`]),
      ...(lastSkip === undefined ? [] : [skipLine(lastSkip)]),
    ],
  };
}

function nextLine({ nextAt, paused }: Schedule, allPaused: boolean, now: Date): string {
  if (paused || allPaused) {
    return paused ? 'paused' : 'paused with all the others';
  }
  return nextAt === undefined ? 'is never due' : `next ${momentWords(nextAt, now)}`;
}

function skipLine({ at, reason, missed }: NonNullable<Schedule['lastSkip']>): string {
  const times = missed > 1 ? ` (${missed} times)` : '';
  return `left out ${formatDateTime(new Date(at))}${times}: ${reason}`;
}
