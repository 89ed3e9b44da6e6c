/** Launches commands as Raycast does, by their mode, from their sources or from their built bundles. */

import { createRequire, isBuiltin, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ComponentType } from 'react';
import { raycast } from '../raycast-api/raycast.ts';
import type { RaycastOptions } from '../raycast-api/raycast.ts';
import { Screen } from './screen.ts';
import type { ScreenOptions } from './screen.ts';

export interface LaunchOptions extends Omit<RaycastOptions, 'command'>, ScreenOptions {
  /** Of these, what is given is handed over as it is, null and undefined too, since Raycast hands over both. */
  readonly arguments?: Readonly<Record<string, string>> | null | undefined;
  readonly launchContext?: unknown;
  readonly fallbackText?: string | null | undefined;
}

const open = new Set<Screen>();

function propsOf(options: LaunchOptions): object {
  const declared = raycast.command.arguments ?? [];
  const { arguments: given, launchContext, fallbackText } = { arguments: {}, ...options };
  return {
    launchType: raycast.launchType,
    // Raycast hands over an empty text for what was not filled in.
    arguments: given && Object.fromEntries(declared.map(({ name }) => [name, given[name] ?? ''])),
    ...('launchContext' in options ? { launchContext } : {}),
    ...('fallbackText' in options ? { fallbackText } : {}),
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

/** An AI tool: gives what it answers a language model, which filled in `input`, or nothing. */
export async function runTool(
  tool: unknown,
  input: unknown,
  options: Omit<RaycastOptions, 'command'> = {},
): Promise<unknown> {
  raycast.restart(options);
  return await (tool as (input: unknown) => Promise<unknown>)(input);
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

const require = createRequire(import.meta.url);

/** What Raycast provides, by the names that bundles ask for; everything else has to be within them. The double is in its place. */
const provided: Readonly<Record<string, string>> = {
  react: pathToFileURL(require.resolve('react')).href,
  'react/jsx-runtime': pathToFileURL(require.resolve('react/jsx-runtime')).href,
  '@raycast/api': new URL('../raycast-api/index.ts', import.meta.url).href,
};

let hookedFolder: string | undefined;

function hook(folder: string): void {
  if (hookedFolder === folder) {
    return;
  }
  hookedFolder = folder;
  const bundles = pathToFileURL(join(folder, '/')).href;
  registerHooks({
    resolve(specifier, context, next) {
      const isFromBundle = context.parentURL?.startsWith(bundles) ?? false;
      if (!isFromBundle || isBuiltin(specifier)) {
        return next(specifier, context);
      }
      const url = provided[specifier];
      if (url === undefined) {
        throw new Error(`The bundle needs ${specifier}, which Raycast does not provide`);
      }
      return { url, shortCircuit: true };
    },
  });
}

/** A command's CommonJS bundle, evaluated anew each time, as Raycast does at each launch. */
export function loadBundle(folder: string, name: string): { readonly default: unknown } {
  hook(folder);
  const path = join(folder, `${name}.js`);
  delete require.cache[path];
  return require(path) as { default: unknown };
}
