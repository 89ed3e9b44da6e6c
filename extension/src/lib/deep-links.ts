/** From one command to another, with what the other should begin with. */

import { environment, launchCommand, LaunchType } from '@raycast/api';
import * as v from 'valibot';
import { engines } from '@tidemark/client/protocol/workload';

/** What a launch says of one thing; nothing where it says nothing, or what makes no sense. */
const maybe = <const Schema extends v.GenericSchema>(schema: Schema) =>
  v.fallback(v.optional(schema), undefined);

const id = maybe(v.pipe(v.number(), v.safeInteger(), v.minValue(1)));
const words = maybe(v.pipe(v.string(), v.trim(), v.minLength(1)));

/** What a command understands in its launch context. */
const launchContexts = {
  'profile-memory': v.object({
    followRunId: id,
    model: words,
    /** What is absent of these is as in the preferences. */
    voice: words,
    text: maybe(v.pipe(v.string(), v.regex(/\S/))),
    iterations: id,
    /** Not whose Python: anybody can write a link, and what it names would be run. */
    engine: maybe(v.picklist(engines)),
    startAtOnce: maybe(v.boolean()),
  }),
  'quick-profile': v.object({}),
  runs: v.object({ runId: id }),
  'compare-models': v.object({ studyId: id, followRunId: id }),
  'leak-checks': v.object({ alertId: id, scheduleId: id }),
  daemon: v.object({ show: maybe(v.picklist(['logs', 'doctor', 'first-steps'])) }),
  'menu-bar': v.object({}),
} as const;

export type LaunchContexts = {
  readonly [Name in keyof typeof launchContexts]: Readonly<
    Partial<v.InferOutput<(typeof launchContexts)[Name]>>
  >;
};

/**
 * A command's launch context. Raycast hands over null as well as nothing, and a link, which anybody can write, whatever JSON
 * it holds: a command opens all the same, as if that had not been said.
 */
export function launchContextOf<Name extends keyof LaunchContexts>(
  name: Name,
  props: { readonly launchContext?: unknown } | null | undefined,
): LaunchContexts[Name] {
  const { success, output } = v.safeParse(launchContexts[name], props?.launchContext);
  return (success ? output : {}) as LaunchContexts[Name];
}

/** What was typed into the root search for an argument, or nothing. */
export function argumentOf(
  props: { readonly arguments?: unknown } | null | undefined,
  name: string,
): string | undefined {
  const typed = v.safeParse(v.object({ [name]: words }), props?.arguments);
  return typed.success ? typed.output[name] : undefined;
}

/** What was typed into the root search where no command was found, and this one was chosen to take it. */
export const fallbackTextOf = (
  props: { readonly fallbackText?: unknown } | null | undefined,
): string | undefined => v.parse(words, props?.fallbackText);

export type CommandName = keyof LaunchContexts;

/** Whether it was opened: a target that the person disabled throws, which is their choice and no error. */
export async function openCommand<Name extends CommandName>(
  name: Name,
  context: LaunchContexts[Name],
  type: LaunchType = LaunchType.UserInitiated,
): Promise<boolean> {
  try {
    await launchCommand({ name, type, context: { ...context } });
    return true;
  } catch {
    return false;
  }
}

/** Has the menu bar ask again, since something changed that it shows. */
export const refreshMenuBar = (): Promise<boolean> => openCommand('menu-bar', {}, LaunchType.Background);

/** A link that opens a command from anywhere. */
export function commandLink<Name extends CommandName>(name: Name, context: LaunchContexts[Name]): string {
  const query = new URLSearchParams({ context: JSON.stringify(context) });
  return `raycast://extensions/${environment.ownerOrAuthorName}/${environment.extensionName}/${name}?${query.toString()}`;
}
