/** What AI tools do, each with the question that a person answers before: the question shows what will be done, whatever a model sent. */

import type { Tool } from '@raycast/api';
import * as v from 'valibot';
import type { DaemonClient } from '@tidemark/client/client/daemon-client';
import { counted } from '@tidemark/client/format/numbers';
import type { ProfileParameters } from '@tidemark/client/protocol/daemon/methods';
import { engines } from '@tidemark/client/protocol/workload';
import type { Alert, Schedule } from '@tidemark/client/protocol/daemon/schedule';
import { answer } from './ai-answers.ts';
import { withClient } from './connection.ts';
import { refreshMenuBar } from './deep-links.ts';
import { engineOfForm, engineValues } from './engine-values.ts';
import { timingPhrase } from './form-values.ts';
import { preferences } from './preferences.ts';
import { ago, alertNames, runTitle } from './run-words.ts';

type Question = NonNullable<Awaited<ReturnType<Tool.Confirmation<unknown>>>>;

/** A language model fills an input in, so that anything may come: what makes no sense is as if it had not been said. */
const said = <const Schema extends v.GenericSchema>(schema: Schema) =>
  v.fallback(v.optional(schema), undefined);
const words = said(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(1024)));

function understood<const Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
): v.InferOutput<Schema> {
  return v.parse(schema, typeof input === 'object' && input !== null ? input : {});
}

/** Some of what the daemon knows, for a question; undefined where it does not answer: the question is asked all the same. */
async function known<Answer>(ask: (client: DaemonClient) => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await withClient(ask);
  } catch {
    return undefined;
  }
}

const mostIterations = 1000;

const profileInput = v.object({
  model: words,
  voice: words,
  text: said(v.pipe(v.string(), v.regex(/\S/), v.maxLength(50_000))),
  engine: said(v.picklist(engines)),
  iterations: said(
    v.pipe(v.number(), v.transform(Math.round), v.toMinValue(1), v.toMaxValue(mostIterations)),
  ),
});

/** The preferences, but for what was asked for. */
function profileOf(
  input: unknown,
): ProfileParameters & { readonly voice: string; readonly iterations: number } {
  const { model, voice, text, iterations, engine } = understood(profileInput, input);
  const usual = preferences();
  return {
    model: model ?? usual.defaultModel,
    voice: voice ?? usual.voice,
    text: text ?? usual.text,
    iterations: iterations ?? usual.iterations,
    ...engineOfForm(engineValues({ engine: engine ?? usual.engine })),
  };
}

export function profileQuestion(input: unknown): Question {
  const { model, voice, text, iterations, engine } = profileOf(input);
  return {
    message: `Profile ${model} on this Mac? Its memory is measured in the background.`,
    info: [
      { name: 'Model', value: model },
      { name: 'Voice', value: voice },
      { name: 'Text', value: text ?? "Tidemark's built-in sentence" },
      { name: 'Iterations', value: String(iterations) },
      ...(engine === undefined ? [] : [{ name: 'Engine', value: `${engine}, in a Python process` }]),
    ],
  };
}

export const startProfile = (input: unknown): Promise<string> =>
  acting(async (client) => {
    const run = await client.call('startProfile', profileOf(input));
    return (
      `Run ${run.id}, a profile of ${runTitle(run)} with ${counted(run.iterations, 'iteration')}, is ${run.state}. ` +
      'It continues in the background: its result is among the recent runs when it has ended.'
    );
  });

/**
 * Which one is meant, as a text; undefined where none is named, so that all are. What is named and makes no sense stays a name
 * that nothing has: it must not come to mean all.
 */
function named(input: unknown, field: 'alertId' | 'schedule'): string | undefined {
  const value = understood(v.object({ [field]: v.optional(v.unknown()) }), input)[field];
  if (value === undefined || value === null || (typeof value === 'string' && value.trim() === '')) {
    return undefined;
  }
  return typeof value === 'string' ? value.trim() : JSON.stringify(value);
}

const openAlerts = async (client: DaemonClient, alertId: string | undefined): Promise<Alert[]> => {
  const { alerts } = await client.call('listAlerts', {});
  return alerts.filter(
    ({ id, state }) => state === 'open' && (alertId === undefined || String(id) === alertId),
  );
};

export async function acknowledgeQuestion(input: unknown): Promise<Question> {
  const alertId = named(input, 'alertId');
  const alerts = await known((client) => openAlerts(client, alertId));
  return {
    message:
      alertId === undefined
        ? 'Acknowledge all open alerts? They are not raised again until they are over or much worse.'
        : `Acknowledge alert ${alertId}? It is not raised again until it is over or much worse.`,
    info:
      alerts === undefined
        ? []
        : alerts.length === 0
          ? [{ name: 'Open alerts', value: 'None' }]
          : alerts.map(({ id, kind, model, reason }) => ({
              name: `Alert ${id}: ${alertNames[kind]} in ${model}`,
              value: reason,
            })),
  };
}

export const acknowledge = (input: unknown): Promise<string> =>
  acting(async (client) => {
    const alertId = named(input, 'alertId');
    const open = await openAlerts(client, alertId);
    if (open.length === 0) {
      return alertId === undefined ? 'No alert is open.' : `There is no open alert ${alertId}.`;
    }
    // One by one, so that one that was raised since the question is not among them.
    for (const { id } of open) {
      await client.call('acknowledgeAlerts', { id });
    }
    return `Acknowledged: ${open.map(({ id, kind, model }) => `alert ${id} (${alertNames[kind]} in ${model})`).join(', ')}.`;
  });

interface Chosen {
  /** Absent where all are meant. */
  readonly schedule?: Schedule | undefined;
  readonly schedules: readonly Schedule[];
  readonly arePaused: boolean;
  /** What was asked for and is not there. */
  readonly missing?: string | undefined;
}

/** By name or by number. */
async function chosenOf(client: DaemonClient, input: unknown): Promise<Chosen> {
  const wanted = named(input, 'schedule');
  const { schedules, paused: arePaused } = await client.call('listSchedules', {});
  if (wanted === undefined) {
    return { schedules, arePaused };
  }
  const schedule =
    schedules.find(({ name }) => name.toLowerCase() === wanted.toLowerCase()) ??
    schedules.find(({ id }) => String(id) === wanted);
  return { schedules, arePaused, schedule, missing: schedule === undefined ? wanted : undefined };
}

const scheduleInfo = ({ name, model, timing }: Schedule): { name: string; value: string } => ({
  name,
  value: `${model}, ${timingPhrase(timing)}`,
});

export async function pauseQuestion(input: unknown, paused: boolean): Promise<Question> {
  const verb = paused ? 'Pause' : 'Resume';
  const wanted = named(input, 'schedule');
  const chosen = await known((client) => chosenOf(client, input));
  const shown = chosen?.schedule === undefined ? (chosen?.schedules ?? []) : [chosen.schedule];
  return {
    message: `${verb} ${wanted === undefined ? 'all schedules of leak checks' : `the schedule “${chosen?.schedule?.name ?? wanted}”`}?`,
    info:
      chosen?.missing === undefined ? shown.map(scheduleInfo) : [{ name: 'Schedule', value: 'Not found' }],
  };
}

export const pauseSchedules = (input: unknown, paused: boolean): Promise<string> =>
  acting(async (client) => {
    const { schedule, schedules, arePaused, missing } = await chosenOf(client, input);
    if (schedules.length === 0) {
      return 'There are no schedules.';
    }
    if (missing !== undefined) {
      return `There is no schedule “${missing}”. There are: ${schedules.map(({ name }) => `“${name}”`).join(', ')}.`;
    }
    await client.call('pauseSchedules', { id: schedule?.id, paused });
    const what = schedule === undefined ? 'all schedules' : `“${schedule.name}”`;
    const still =
      !paused && schedule !== undefined && arePaused ? ' All schedules together are still paused.' : '';
    return `${paused ? 'Paused' : 'Resumed'} ${what}.${still}`;
  });

export const schedulesText = (
  { schedules, paused }: { readonly schedules: readonly Schedule[]; readonly paused: boolean },
  now: Date,
): string =>
  [
    schedules.length === 0 ? 'There are no schedules.' : undefined,
    paused ? 'All schedules are paused.' : undefined,
    ...schedules.map(
      (schedule) =>
        `- “${schedule.name}” checks ${schedule.model} ${timingPhrase(schedule.timing)} with ${counted(schedule.iterations, 'iteration')}; ` +
        (schedule.paused
          ? 'it is paused.'
          : schedule.nextAt === undefined
            ? 'no check is due.'
            : `the next check is due ${ago(schedule.nextAt, now)}.`),
    ),
  ]
    .filter((line) => line !== undefined)
    .join('\n');

/** Does it, says in a sentence what was done or why not, and has the menu bar look again. */
async function acting(act: (client: DaemonClient) => Promise<string>): Promise<string> {
  const told = await answer(async (client) => {
    const sentence = await act(client);
    return () => sentence;
  });
  await refreshMenuBar();
  return told;
}
