/** The forms' values, and what they ask of the daemon: a profile, a study, a schedule. */

import { Icon } from '@raycast/api';
import { formatBytes } from '../../../shared/src/format/bytes.ts';
import type { ProfileParameters, StudyParameters } from '../../../shared/src/protocol/daemon/methods.ts';
import type { ModelsDocument } from '../../../shared/src/protocol/models-document.ts';
import type {
  Schedule,
  ScheduleSettings,
  ScheduleTiming,
} from '../../../shared/src/protocol/daemon/schedule.ts';
import { expandHome, wholeNumber } from './preferences.ts';
import type { TidemarkPreferences } from './preferences.ts';

export interface ProfileFormValues {
  model: string;
  /** Takes its place, where it is given. */
  otherModel: string;
  voice: string;
  text: string;
  iterations: string;
  attribute: string;
  isFresh: boolean;
}

export interface ModelChoice {
  readonly value: string;
  readonly title: string;
  readonly icon: Icon;
}

/** Those of the catalogue, and first the one that is chosen already where it is none of them. */
export function modelChoices(models: ModelsDocument['models'], chosen: string): readonly ModelChoice[] {
  const known = models.map(({ name, tensorBytes, state }) => ({
    value: name,
    title: `${name} (${formatBytes(tensorBytes, { unit: 'MB', fractionDigits: 0 })}${state === 'built' ? '' : ', built when first used'})`,
    icon: state === 'built' ? Icon.CheckCircle : Icon.Circle,
  }));
  return known.some(({ value }) => value === chosen)
    ? known
    : [{ value: chosen, title: chosen, icon: Icon.Circle }, ...known];
}

export function profileParametersOf({
  model,
  otherModel,
  voice,
  text,
  iterations,
  attribute,
  isFresh,
}: ProfileFormValues): ProfileParameters {
  const count = wholeNumber(iterations.trim());
  return {
    model: modelName(otherModel.trim() === '' ? model : otherModel),
    ...(voice.trim() === '' ? {} : { voice: voice.trim() }),
    ...(text.trim() === '' ? {} : { text }),
    ...(count === undefined ? {} : { iterations: count }),
    ...(attribute === 'stages' || attribute === 'layers' ? { attribute } : {}),
    ...(isFresh ? { host: 'fresh' } : {}),
  };
}

/** The daemon has no working folder of a person's, so a folder has to be absolute. */
export function modelName(typed: string): string {
  const name = typed.trim();
  return name.startsWith('~') ? expandHome(name) : name;
}

export interface StudyFormValues {
  /** None for the default study. */
  models: string[];
  text: string;
  voice: string;
  iterations: string;
  explain: boolean;
}

export function studyParametersOf({
  models,
  text,
  voice,
  iterations,
  explain,
}: StudyFormValues): StudyParameters {
  const count = wholeNumber(iterations.trim());
  return {
    ...(models.length === 0 ? {} : { models: [...models] }),
    ...(text.trim() === '' ? {} : { text }),
    ...(voice.trim() === '' ? {} : { voice: voice.trim() }),
    ...(count === undefined ? {} : { iterations: count }),
    explain,
  };
}

export interface ScheduleFormValues {
  name: string;
  model: string;
  voice: string;
  text: string;
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
}: Pick<TidemarkPreferences, 'defaultModel' | 'voice' | 'text'>): ScheduleFormValues {
  return {
    name: `Check of ${defaultModel}`,
    model: defaultModel,
    voice,
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
  voice: schedule.voice,
  text: schedule.text ?? '',
  every: schedule.timing.kind === 'every' ? String(schedule.timing.seconds) : 'cron',
  cron: schedule.timing.kind === 'cron' ? schedule.timing.expression : '',
  timeZone: schedule.timing.kind === 'cron' ? (schedule.timing.timeZone ?? '') : '',
  iterations: String(schedule.iterations),
  warmupIterations: String(schedule.warmupIterations),
  jitterMinutes: String(Math.round(schedule.jitterSeconds / 60)),
  skipOnBattery: schedule.skipOnBattery,
  skipInLowPowerMode: schedule.skipInLowPowerMode,
});

/** What cannot be read as a number has the default: the form itself refuses it before. */
export function scheduleSettingsOf(values: ScheduleFormValues, paused: boolean): ScheduleSettings {
  return {
    name: values.name.trim(),
    model: modelName(values.model),
    voice: values.voice.trim(),
    ...(values.text.trim() === '' ? {} : { text: values.text }),
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
  const zone = timeZone.trim();
  return { kind: 'cron', expression: cron.trim(), ...(zone === '' ? {} : { timeZone: zone }) };
}

/** A whole number from 0. */
export const countOf = (text: string): number | undefined =>
  text.trim() === '0' ? 0 : wholeNumber(text.trim());

/** `every 6 h`, or the cron expression with its zone. */
export function timingPhrase(timing: ScheduleTiming): string {
  if (timing.kind === 'cron') {
    return timing.timeZone === undefined ? timing.expression : `${timing.expression} (${timing.timeZone})`;
  }
  const { seconds } = timing;
  const units: readonly (readonly [number, string, string])[] = [
    [7 * 86_400, 'week', 'weeks'],
    [86_400, 'day', 'days'],
    [3600, 'hour', 'hours'],
    [60, 'minute', 'minutes'],
    [1, 'second', 'seconds'],
  ];
  for (const [size, one, many] of units) {
    if (seconds % size === 0) {
      const count = seconds / size;
      return count === 1 ? `every ${one}` : `every ${count} ${many}`;
    }
  }
  return `every ${seconds} seconds`;
}
