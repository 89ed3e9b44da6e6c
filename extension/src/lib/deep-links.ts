/** From one command to another, with what the other should begin with. */

import { environment, launchCommand, LaunchType } from '@raycast/api';

/** What a command understands in its launch context. */
export interface LaunchContexts {
  'profile-memory': {
    readonly followRunId?: number;
    readonly model?: string | undefined;
    /** What is absent of these is as in the preferences. */
    readonly voice?: string;
    readonly text?: string | undefined;
    readonly iterations?: number;
    readonly startAtOnce?: boolean;
  };
  'quick-profile': Record<string, never>;
  runs: { readonly runId?: number };
  'compare-models': { readonly studyId?: number; readonly followRunId?: number };
  'leak-checks': { readonly alertId?: number; readonly scheduleId?: number };
  daemon: { readonly show?: 'logs' | 'doctor' };
  'menu-bar': Record<string, never>;
}

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
