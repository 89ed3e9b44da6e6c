/** The schedules as text. */

import { formatDateTime } from '@tidemark/shared/format/dates.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { formatFacts } from '@tidemark/shared/format/terminal.ts';
import type { Fact } from '@tidemark/shared/format/terminal.ts';
import { shortModel } from '@tidemark/shared/format/work-words.ts';
import { workloadWords } from '@tidemark/shared/format/workload.ts';
import type { SchedulesDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { Schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { workloadOf } from '../../profiler/workload.ts';
import { nextOccurrence } from '../../scheduler/timing.ts';
import { timingWords } from '../schedule-settings.ts';
import { durationText } from '../values.ts';
import { outputWidth } from './layout.ts';
import { momentWords } from './run-words.ts';

export function schedulesReport({ schedules, paused }: SchedulesDocument, now: Date): string {
  if (schedules.length === 0) {
    return 'There are no schedules. To check bf16 for leaks every night, run `tidemark schedule add nightly --cron "0 3 * * *"`.';
  }
  const facts = schedules.map((schedule) => factOf(schedule, { paused, now }));
  return [
    ...(paused ? ['All schedules are paused. Resume them with `tidemark schedule resume`.', ''] : []),
    ...formatFacts(facts, { maxWidth: outputWidth() }),
  ].join('\n');
}

/** Unloading the host before the next check frees what leaks from check to check with it; undefined if the host stays. */
export function idleWords({ timing }: Schedule, idleUnloadSeconds: number, now: Date): string | undefined {
  const first = nextOccurrence(timing, now);
  const second = first === undefined ? undefined : nextOccurrence(timing, first);
  if (first === undefined || second === undefined || idleUnloadSeconds === 0) {
    return undefined;
  }
  const apart = (second.getTime() - first.getTime()) / 1000;
  return apart <= idleUnloadSeconds
    ? undefined
    : `Each check starts a fresh host, because an idle host is unloaded after ${durationText(idleUnloadSeconds)}. Such checks find leaks ` +
        'within a check, but not slow leaks across checks. To keep the host loaded, run `tidemark settings set idle-unload never`.';
}

function factOf(schedule: Schedule, { paused, now }: { readonly paused: boolean; readonly now: Date }): Fact {
  const { id, name, model, voice, iterations, warmupIterations, lastRunId, lastRunAt, lastSkip } = schedule;
  const skips = [
    ...(schedule.skipOnBattery ? ['on battery'] : []),
    ...(schedule.skipInLowPowerMode ? ['in low power mode'] : []),
  ];
  const workload = workloadWords(workloadOf(schedule) ?? {});
  return {
    label: `${id}`,
    lines: [
      `“${name}”, ${timingWords(schedule)}${skips.length === 0 ? '' : `, not ${skips.join(' or ')}`}`,
      `${shortModel(model)} with ${voice}, ${counted(iterations, 'iteration')} after ${warmupIterations} warm-up`,
      ...(workload === '' ? [] : [workload]),
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
    return paused ? 'paused' : 'paused with all schedules';
  }
  return nextAt === undefined ? 'never due' : `next ${momentWords(nextAt, now)}`;
}

function skipLine({ at, reason, missed }: NonNullable<Schedule['lastSkip']>): string {
  const times = missed > 1 ? ` (${missed} times)` : '';
  return `skipped ${formatDateTime(new Date(at))}${times}: ${reason}`;
}
