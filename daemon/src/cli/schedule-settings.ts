/** The settings of a schedule, from the command line's options to what the daemon keeps, and its timing in words. */

import { Option } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { scheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type {
  Schedule,
  ScheduleSettings,
  ScheduleTiming,
} from '@tidemark/shared/protocol/daemon/schedule.ts';
import { checkNames } from '../models/voices.ts';
import { defaultIterations, profileDefaults } from '../profiler/settings.ts';
import type { WorkloadRequest } from '../profiler/workload.ts';
import { checkTiming } from '../history/schedule-check.ts';
import { givenModel, givenVoice } from './given-names.ts';
import { addMeasuredEngineOptions, engineFrom, modelWords } from './options.ts';
import type { EngineOptions } from './options.ts';
import { durationBetween, durationText, wholeNumber } from './values.ts';
import { addStrategyOption, addWorkloadOptions } from './workload-options.ts';
import type { StrategyOptions, WorkloadOptions } from './workload-options.ts';

export interface ScheduleOptions extends WorkloadOptions, StrategyOptions, EngineOptions {
  readonly name?: string | undefined;
  readonly every?: number;
  readonly cron?: string;
  readonly timeZone?: string;
  readonly model?: string;
  readonly voice?: string;
  readonly text?: string;
  readonly iterations?: number;
  readonly warmup?: number;
  readonly jitter?: number;
  readonly skipOnBattery?: boolean;
  readonly skipInLowPowerMode?: boolean;
}

/** A schedule for which no options are given. */
const scheduleDefaults = {
  model: 'bf16',
  voice: profileDefaults.voice,
  iterations: profileDefaults.iterations,
  warmupIterations: profileDefaults.warmupIterations,
  jitterSeconds: 0,
  skipOnBattery: false,
  skipInLowPowerMode: false,
  paused: false,
} as const;

export function addScheduleOptions(command: Command): Command {
  command
    .optionsGroup('Timing:')
    .addOption(
      new Option('--every <duration>', 'interval between checks, such as 30m, 6h, or 1d').argParser(
        durationBetween(60, 366 * 86_400),
      ),
    )
    .addOption(
      new Option(
        '--cron <expression>',
        'cron expression with five fields, or @hourly, @daily, @weekly, @monthly',
      ).conflicts('every'),
    )
    .option(
      '--time-zone <name>',
      'time zone of --cron, such as Europe/Berlin (default: the current zone of this machine)',
    )
    .addOption(
      new Option('--jitter <duration>', 'maximum random delay, drawn anew for each check').argParser(
        durationBetween(0, 86_400),
      ),
    )
    .option('--skip-on-battery', 'skip checks while the machine runs on battery')
    .option('--no-skip-on-battery', 'also check on battery')
    .option('--skip-in-low-power-mode', 'skip checks in low power mode')
    .option('--no-skip-in-low-power-mode', 'also check in low power mode')
    .optionsGroup('Check:')
    .option('--model <model>', `${modelWords} (default: ${scheduleDefaults.model})`, givenModel)
    .option('--voice <name>', `voice (default: ${scheduleDefaults.voice})`, givenVoice)
    .option('--text <text>', 'text to say (default: the text of `tidemark profile`)')
    .option(
      '--iterations <n>',
      `number of measured iterations (default: ${scheduleDefaults.iterations}, or the number of texts if that is greater)`,
      wholeNumber(1, 10_000),
    )
    .option(
      '--warmup <n>',
      `number of warm-up iterations (default: ${scheduleDefaults.warmupIterations})`,
      wholeNumber(0, 1000),
    );
  return addMeasuredEngineOptions(addStrategyOption(addWorkloadOptions(command, { changeable: true })));
}

/**
 * What the options and the `workload` in them make of a schedule: of `before` where there is one, else of the defaults. Throws a TidemarkError: 'usage'
 * where a timing is missing, 'bad-input' where it cannot be, 'unknown-model', 'unknown-voice'.
 */
export function settingsFrom(
  options: ScheduleOptions,
  workload: WorkloadRequest = {},
  before?: ScheduleSettings,
): ScheduleSettings {
  const base = before ?? scheduleDefaults;
  const { texts } = workload;
  const model = options.model ?? base.model;
  const voice = options.voice ?? base.voice;
  if (options.model !== undefined || options.voice !== undefined) {
    checkNames([model], voice);
  }
  return {
    name: options.name ?? before?.name ?? model.split('/').at(-1) ?? model,
    timing: checked(timingFrom(options, before?.timing)),
    model,
    voice,
    ...spokenFrom(options, workload, before),
    iterations: options.iterations ?? (texts === undefined ? base.iterations : defaultIterations(texts)),
    warmupIterations: options.warmup ?? base.warmupIterations,
    jitterSeconds: options.jitter ?? base.jitterSeconds,
    skipOnBattery: options.skipOnBattery ?? base.skipOnBattery,
    skipInLowPowerMode: options.skipInLowPowerMode ?? base.skipInLowPowerMode,
    paused: base.paused,
  };
}

/** A text takes the place of texts, and the other way round. */
function spokenFrom(
  { text, cacheLimit, ...options }: ScheduleOptions,
  workload: WorkloadRequest,
  before: ScheduleSettings | undefined,
): Pick<ScheduleSettings, 'text'> & WorkloadRequest {
  const { texts } = workload;
  const spoken =
    texts === undefined && text === undefined
      ? { text: before?.text, texts: before?.texts, shuffled: before?.shuffled }
      : { text, texts, shuffled: texts === undefined ? undefined : before?.shuffled };
  const { cacheLimitBytes, strategy } = before ?? {};
  return {
    ...spoken,
    keepCache: before?.keepCache,
    cacheLimitBytes: cacheLimit === false ? undefined : cacheLimitBytes,
    ...(strategy === undefined ? {} : { strategy }),
    ...workload,
    ...engineFrom(options, before),
  };
}

/** Said whether a daemon runs or not. */
function checked(timing: ScheduleTiming): ScheduleTiming {
  checkTiming(timing);
  return timing;
}

function timingFrom(
  { every, cron, timeZone }: ScheduleOptions,
  before: ScheduleTiming | undefined,
): ScheduleTiming {
  if (every !== undefined) {
    if (timeZone !== undefined) {
      throw new TidemarkError('usage', 'An interval has no time zone.', {
        hint: 'Omit --time-zone, or set the times with --cron.',
      });
    }
    return { kind: 'every', seconds: every };
  }
  const expression = cron ?? (before?.kind === 'cron' ? before.expression : undefined);
  if (expression !== undefined) {
    const zone = before?.kind === 'cron' ? before.timeZone : undefined;
    return { kind: 'cron', expression, timeZone: timeZone ?? zone };
  }
  if (before === undefined || timeZone !== undefined) {
    throw new TidemarkError('usage', 'The timing of the checks is missing.', {
      hint: 'Add --every 6h, or --cron "0 3 * * *" for 3 a.m. every day.',
    });
  }
  return before;
}

/** Only what is set: a schedule as the daemon gives it holds more. */
export function settingsOf(schedule: Schedule): ScheduleSettings {
  const names = Object.keys(scheduleSettings.entries);
  return Object.fromEntries(
    Object.entries(schedule).filter(([name]) => names.includes(name)),
  ) as ScheduleSettings;
}

export function timingWords({
  timing,
  jitterSeconds,
}: Pick<ScheduleSettings, 'timing' | 'jitterSeconds'>): string {
  const jitter = jitterSeconds === 0 ? '' : `, delayed by up to ${durationText(jitterSeconds)}`;
  switch (timing.kind) {
    case 'every':
      return `every ${durationText(timing.seconds)}${jitter}`;
    case 'cron':
      return `${timing.expression}${timing.timeZone === undefined ? '' : ` in ${timing.timeZone}`}${jitter}`;
  }
}
