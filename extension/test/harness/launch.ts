/** Launches commands as Raycast does, by their mode. */

import type { ComponentType } from 'react';
import { raycast } from '../raycast-api/raycast.ts';
import type { RaycastOptions } from '../raycast-api/raycast.ts';
import { Screen } from './screen.ts';
import type { ScreenOptions } from './screen.ts';

export interface LaunchOptions extends Omit<RaycastOptions, 'command'>, ScreenOptions {
  readonly arguments?: Readonly<Record<string, string>>;
  readonly launchContext?: Readonly<Record<string, unknown>>;
}

const open = new Set<Screen>();

function propsOf(options: LaunchOptions): object {
  const declared = raycast.command.arguments ?? [];
  const given = options.arguments ?? {};
  return {
    launchType: raycast.launchType,
    // Raycast hands over an empty text for what was not filled in.
    arguments: Object.fromEntries(declared.map(({ name }) => [name, given[name] ?? ''])),
    ...(options.launchContext === undefined ? {} : { launchContext: options.launchContext }),
  };
}

/** A command with a view or for the menu bar: its default export is its component. */
export function launch(name: string, command: unknown, options: LaunchOptions = {}): Screen {
  raycast.restart({ ...options, command: name });
  if (raycast.command.mode === 'no-view') {
    throw new Error(`${name} has no view; run it`);
  }
  const screen = new Screen(command as ComponentType<never>, propsOf(options), {
    ...options,
    // What nobody has looked at yet is kept for the end of the test.
    onClosed: (closed) => void (closed.errors.length === 0 && open.delete(closed)),
  });
  open.add(screen);
  return screen;
}

/** A command without a view: resolves when it has ended. */
export async function runCommand(name: string, command: unknown, options: LaunchOptions = {}): Promise<void> {
  raycast.restart({ ...options, command: name });
  if (raycast.command.mode !== 'no-view') {
    throw new Error(`${name} has a view; launch it`);
  }
  await (command as (props: object) => Promise<void>)(propsOf(options));
}

/** Closes what a test left open; returns what commands threw and no test has seen. */
export function closeAll(): unknown[] {
  const errors = [...open].flatMap((screen) => {
    screen.close();
    return screen.errors;
  });
  open.clear();
  return errors;
}
