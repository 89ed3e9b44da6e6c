/** The check of sleep: a daemon that stands still across a due time, and what a Mac says of sleep. */

import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { seconds as secondsText } from '@tidemark/shared/report/words.ts';
import type { Check, Surroundings } from './check.ts';
import { expectGoodEnd, usingDaemon } from './daemon-checks.ts';
import { pause, waitUntil } from './programs.ts';
import { endWords } from './trial.ts';
import type { Trial } from './trial.ts';
import type { Workplace } from './workplace.ts';

export const sleep: Check = {
  id: 'sleep',
  title: 'Sleep and wake',
  shows:
    'A daemon that stood still while checks were due, as in sleep, makes up one of them when it goes on, and keeps no machine awake.',
  run: async (trial, surroundings) => {
    const { workplace } = surroundings;
    const { limits, signal } = workplace;
    await using running = workplace.start(workplace.daemonProgram);
    await usingDaemon(trial, workplace, running, async (client) => {
      await client.call('setSchedule', { settings: scheduleOf(surroundings) });
      running.signal('SIGSTOP');
      const stoppedAt = Date.now();
      await pause(limits.stopped * 1000, signal);
      signal.throwIfAborted();
      running.signal('SIGCONT');
      const wokeAt = Date.now();
      let runs: readonly RunRecord[] = [];
      const hasRun = await waitUntil(
        async () => {
          runs = (await client.call('listRuns', { limit: 20 })).runs.filter(
            ({ trigger, queuedAt }) => trigger.kind === 'schedule' && Date.parse(queuedAt) >= stoppedAt,
          );
          return runs.length > 0;
        },
        { seconds: limits.restart, signal },
      );
      const [first] = runs;
      trial.expect(
        `after ${limits.stopped} s in which it stood still, the check that was due is begun within ${limits.restart} s`,
        first === undefined
          ? 'none was begun'
          : `begun ${secondsText((Date.parse(first.queuedAt) - wokeAt) / 1000)} after it went on`,
        hasRun,
      );
      const { schedules } = await client.call('listSchedules', {});
      const next = Date.parse(schedules[0]?.nextAt ?? '');
      trial.expect(
        'the next check is due after now, and no later than an interval',
        Number.isFinite(next) ? `in ${secondsText((next - Date.now()) / 1000)}` : 'never',
        next > wokeAt && next <= Date.now() + (limits.interval + 1) * 1000,
      );
      await expectPowerManagement(trial, workplace, running.pid, stoppedAt);
      trial.remark =
        'The machine was not put to sleep: the daemon’s process was stopped across a due time and continued, which is what sleep is to it.';
    });
    await expectGoodEnd(trial, workplace, running);
  },
};

const scheduleOf = ({ models, voice, text, workplace }: Surroundings): ScheduleSettings => ({
  name: 'acceptance',
  timing: { kind: 'every', seconds: workplace.limits.interval },
  model: models[0] ?? '',
  voice,
  text,
  iterations: 1,
  warmupIterations: 0,
  jitterSeconds: 0,
  skipOnBattery: false,
  skipInLowPowerMode: false,
  paused: false,
});

/** What a Mac says of sleep: who keeps it awake, and when it slept. */
async function expectPowerManagement(
  trial: Trial,
  workplace: Workplace,
  pid: number,
  since: number,
): Promise<void> {
  if (workplace.system.platform !== 'darwin') {
    return;
  }
  const printed = async (what: string): Promise<string> => {
    const words = ['/usr/bin/pmset', '-g', what];
    await using running = workplace.start(words);
    const ran = await running.ended(workplace.limits.command);
    trial.ran(words, ran, ran.exitCode !== 0);
    trial.require(`\`pmset -g ${what}\` prints it`, endWords(ran), ran.exitCode === 0);
    return ran.stdout;
  };
  const [own] = assertionsOf(await printed('assertions'), pid);
  trial.expect('no assertion that keeps the machine awake is the daemon’s', own ?? 'none', own === undefined);
  const { all, later } = sleepsIn(await printed('log'), since);
  trial.expect(
    'the log of power management is read',
    `the machine slept ${all} times in it, ${later} of them during this check`,
    all >= later,
  );
}

/** The lines of `pmset -g assertions` that are of a process. */
export const assertionsOf = (printed: string, pid: number): string[] =>
  printed
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith(`pid ${pid}(`));

/** How often a Mac fell asleep by `pmset -g log`, whose lines begin `2026-11-27 10:00:00 +0100 Sleep`; and since a moment. */
export function sleepsIn(log: string, since: number): { readonly all: number; readonly later: number } {
  const moments = [...log.matchAll(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d) Sleep\s/gmu)].map(
    ([, day = '', time = '', hours = '', minutes = '']) => Date.parse(`${day}T${time}${hours}:${minutes}`),
  );
  return { all: moments.length, later: moments.filter((moment) => moment >= since).length };
}
