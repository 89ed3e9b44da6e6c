/** The forms' values, and what they ask of the daemon: a profile, a study, a schedule. */

import type { ProfileParameters, StudyParameters } from '@tidemark/client/protocol/daemon/methods';
import type { Schedule, ScheduleSettings, ScheduleTiming } from '@tidemark/client/protocol/daemon/schedule';
import { granularities } from '@tidemark/client/protocol/profile-document';
import { chosenModel, chosenVoice } from './choices.ts';
import type { ChosenModel, ChosenVoice } from './choices.ts';
import { engineOfForm, engineValues, enginesOfForm, isForeign } from './engine-values.ts';
import type { EngineValues } from './engine-values.ts';
import { countOf, wholeNumber } from './preferences.ts';
import { usualWorkload, workloadOfForm, workloadValues } from './workload-values.ts';
import type { WorkloadValues } from './workload-values.ts';
import type { TidemarkPreferences } from './preferences.ts';

export interface ProfileFormValues extends ChosenModel, ChosenVoice, WorkloadValues, EngineValues {
  iterations: string;
  attribute: string;
  isFresh: boolean;
}

export function profileParametersOf(values: ProfileFormValues): ProfileParameters {
  const { attribute, isFresh } = values;
  return {
    model: chosenModel(values),
    ...speechOf(values),
    ...workloadOfForm(values),
    ...engineOfForm(values),
    iterations: wholeNumber(values.iterations.trim()),
    // The form does not show it then.
    attribute: isForeign(values) ? undefined : granularities.find((each) => each === attribute),
    host: isFresh ? 'fresh' : undefined,
  };
}

/** What was left empty is the daemon's to choose. */
const speechOf = (values: ChosenVoice & { text: string }): Pick<StudyParameters, 'text' | 'voice'> => ({
  text: values.text.trim() === '' ? undefined : values.text,
  voice: chosenVoice(values) || undefined,
});

export interface StudyFormValues extends ChosenVoice, EngineValues {
  /** None for the default study. */
  models: string[];
  text: string;
  iterations: string;
  explain: boolean;
}

export const studyParametersOf = (values: StudyFormValues): StudyParameters => ({
  models: values.models.length === 0 ? undefined : [...values.models],
  ...speechOf(values),
  ...enginesOfForm(values),
  iterations: wholeNumber(values.iterations.trim()),
  explain: values.explain,
});

export interface ScheduleFormValues extends ChosenModel, ChosenVoice, WorkloadValues, EngineValues {
  name: string;
  /** A number of seconds, or `cron`. */
  every: string;
  cron: string;
  timeZone: string;
  iterations: string;
  warmupIterations: string;
  jitterMinutes: string;
  skipOnBattery: boolean;
  skipInLowPowerMode: boolean;
}

export const intervals: readonly { readonly seconds: number; readonly title: string }[] = [
  { seconds: 900, title: 'Every 15 Minutes' },
  { seconds: 3600, title: 'Every Hour' },
  { seconds: 6 * 3600, title: 'Every 6 Hours' },
  { seconds: 86_400, title: 'Every Day' },
  { seconds: 7 * 86_400, title: 'Every Week' },
];

export function newScheduleValues({
  defaultModel,
  voice,
  text,
  engine,
}: Pick<TidemarkPreferences, 'defaultModel' | 'voice' | 'text' | 'engine'>): ScheduleFormValues {
  return {
    name: `Check of ${defaultModel}`,
    model: defaultModel,
    otherModel: '',
    voice,
    otherVoice: '',
    ...usualWorkload,
    ...engineValues({ engine }),
    text: text ?? '',
    every: '3600',
    cron: '',
    timeZone: '',
    iterations: '15',
    warmupIterations: '3',
    jitterMinutes: '2',
    skipOnBattery: true,
    skipInLowPowerMode: true,
  };
}

export const scheduleValues = (schedule: Schedule): ScheduleFormValues => ({
  name: schedule.name,
  model: schedule.model,
  otherModel: '',
  voice: schedule.voice,
  otherVoice: '',
  ...workloadValues(schedule),
  ...engineValues(schedule),
  every: schedule.timing.kind === 'every' ? String(schedule.timing.seconds) : 'cron',
  cron: schedule.timing.kind === 'cron' ? schedule.timing.expression : '',
  timeZone: schedule.timing.kind === 'cron' ? (schedule.timing.timeZone ?? '') : '',
  iterations: String(schedule.iterations),
  warmupIterations: String(schedule.warmupIterations),
  jitterMinutes: String(Math.round(schedule.jitterSeconds / 60)),
  skipOnBattery: schedule.skipOnBattery,
  skipInLowPowerMode: schedule.skipInLowPowerMode,
});

/**
 * What cannot be read as a number has the default: the form itself refuses it before. What the form does not show stays as it is
 * in the schedule that is changed, but for a strategy, which another engine has not.
 */
export function scheduleSettingsOf(
  values: ScheduleFormValues,
  { paused, strategy }: Pick<ScheduleSettings, 'paused' | 'strategy'> = { paused: false },
): ScheduleSettings {
  return {
    name: values.name.trim(),
    model: chosenModel(values),
    voice: chosenVoice(values),
    ...workloadOfForm(values),
    ...engineOfForm(values),
    ...(strategy === undefined || isForeign(values) ? {} : { strategy }),
    timing: timingOf(values),
    iterations: wholeNumber(values.iterations.trim()) ?? 15,
    warmupIterations: countOf(values.warmupIterations) ?? 3,
    jitterSeconds: (countOf(values.jitterMinutes) ?? 0) * 60,
    skipOnBattery: values.skipOnBattery,
    skipInLowPowerMode: values.skipInLowPowerMode,
    paused,
  };
}

function timingOf({ every, cron, timeZone }: ScheduleFormValues): ScheduleTiming {
  if (every !== 'cron') {
    return { kind: 'every', seconds: Number(every) };
  }
  return { kind: 'cron', expression: cron.trim(), timeZone: timeZone.trim() || undefined };
}

/** `every 6 hours`, or the cron expression with its zone. */
export function timingPhrase(timing: ScheduleTiming): string {
  if (timing.kind === 'cron') {
    return timing.timeZone === undefined ? timing.expression : `${timing.expression} (${timing.timeZone})`;
  }
  const { seconds } = timing;
  const units = [
    [7 * 86_400, 'week'],
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ] as const;
  for (const [size, unit] of units) {
    if (seconds % size === 0) {
      const count = seconds / size;
      return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`;
    }
  }
  return `every ${seconds} seconds`;
}
