/** The forms' values, and what they ask of the daemon: a profile, a study, a schedule. */

import { Icon } from '@raycast/api';
import { formatBytes } from '../../../shared/src/format/bytes.ts';
import type { ProfileParameters, StudyParameters } from '../../../shared/src/protocol/daemon/methods.ts';
import type { ModelsDocument } from '../../../shared/src/protocol/command-documents.ts';
import type {
  Schedule,
  ScheduleSettings,
  ScheduleTiming,
} from '../../../shared/src/protocol/daemon/schedule.ts';
import { countOf, expandHome, wholeNumber } from './preferences.ts';
import type { TidemarkPreferences } from './preferences.ts';

export interface ProfileFormValues {
  model: string;
  /** Used instead, where it is given. */
  otherModel: string;
  voice: string;
  text: string;
  iterations: string;
  attribute: string;
  isFresh: boolean;
}

interface ModelChoice {
  readonly value: string;
  readonly title: string;
  readonly icon: Icon;
}

/** Those of the catalog, preceded by the chosen one where it is none of them. */
export function modelChoices(models: ModelsDocument['models'], chosen: string): readonly ModelChoice[] {
  const known = models.map(({ name, tensorBytes, state }) => ({
    value: name,
    title: `${name} (${formatBytes(tensorBytes, { unit: 'MB', fractionDigits: 0 })}${state === 'built' ? '' : ', built on first use'})`,
    icon: state === 'built' ? Icon.CheckCircle : Icon.Circle,
  }));
  return known.some(({ value }) => value === chosen)
    ? known
    : [{ value: chosen, title: chosen, icon: Icon.Circle }, ...known];
}

export function profileParametersOf(values: ProfileFormValues): ProfileParameters {
  const { model, otherModel, attribute, isFresh } = values;
  return {
    model: modelName(otherModel.trim() === '' ? model : otherModel),
    ...speechOf(values),
    iterations: wholeNumber(values.iterations.trim()),
    attribute: attribute === 'stages' || attribute === 'layers' ? attribute : undefined,
    host: isFresh ? 'fresh' : undefined,
  };
}

/** What was left empty is the daemon's to choose. */
const speechOf = ({
  text,
  voice,
}: {
  text: string;
  voice: string;
}): Pick<StudyParameters, 'text' | 'voice'> => ({
  text: text.trim() === '' ? undefined : text,
  voice: voice.trim() || undefined,
});

/** The daemon has no working folder of a person's, so a folder has to be absolute. */
function modelName(typed: string): string {
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

export const studyParametersOf = (values: StudyFormValues): StudyParameters => ({
  models: values.models.length === 0 ? undefined : [...values.models],
  ...speechOf(values),
  iterations: wholeNumber(values.iterations.trim()),
  explain: values.explain,
});

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
    text: values.text.trim() === '' ? undefined : values.text,
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
