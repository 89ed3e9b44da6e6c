/** Raycast's functions: each checks its arguments against the declarations, and records what it was asked for. */

import { problemWith, WrongUse } from './check.ts';
import { raycast } from './raycast.ts';
import type { RecordedAlert, RecordedLaunch } from './raycast.ts';
import { loadTable } from './table.ts';

/** Throws where no overload takes the arguments. */
export function checkCall(name: string, args: readonly unknown[]): void {
  const overloads = loadTable().functions[name];
  if (overloads === undefined) {
    throw new Error(`@raycast/api declares no function ${name}`);
  }
  const problems = overloads.map((parameters) => {
    if (args.length > parameters.length) {
      return `it takes ${parameters.length} arguments`;
    }
    for (const [place, parameter] of parameters.entries()) {
      const given = args[place];
      if (given === undefined && parameter.optional) {
        continue;
      }
      const problem = problemWith(parameter.shape, given, parameter.name);
      if (problem !== undefined) {
        return problem;
      }
    }
    return undefined;
  });
  if (!problems.includes(undefined)) {
    throw new WrongUse(`${name}: ${problems.join('; or ')}.`);
  }
}

/** Makes a function that checks its call, and resolves later, as those that ask Raycast's app do. */
function asked<Args extends unknown[], T>(
  name: string,
  act: (...args: Args) => T,
): (...args: Args) => Promise<T> {
  return async (...args) => {
    checkCall(name, args);
    await Promise.resolve();
    return act(...args);
  };
}

export const showHUD = asked('showHUD', (title: string, options?: { popToRootType?: string }) => {
  raycast.huds.push(title);
  raycast.windowCloses += 1;
  if (options?.popToRootType === 'immediate') {
    raycast.pops += 1;
  }
});

export const closeMainWindow = asked('closeMainWindow', (...options: [unknown?]) => {
  void options;
  raycast.windowCloses += 1;
});

export const popToRoot = asked('popToRoot', (...options: [unknown?]) => {
  void options;
  raycast.pops += 1;
});

export const clearSearchBar = asked('clearSearchBar', (...options: [unknown?]) => void options);

export const open = asked('open', (target: string, ...application: [unknown?]) => {
  void application;
  raycast.opened.push(target);
});

export const showInFinder = asked('showInFinder', (path: string) => void raycast.opened.push(path));

export const trash = asked('trash', (path: string | string[]) => void raycast.trashed.push(...[path].flat()));

export const openExtensionPreferences = asked('openExtensionPreferences', () => {
  raycast.preferencePanes.push('extension');
});

export const openCommandPreferences = asked('openCommandPreferences', () => {
  raycast.preferencePanes.push('command');
});

export const updateCommandMetadata = asked(
  'updateCommandMetadata',
  ({ subtitle }: { subtitle?: string | null }) => {
    raycast.subtitle = subtitle;
  },
);

export const confirmAlert = asked('confirmAlert', (alert: RecordedAlert) => {
  if (raycast.launchType === 'background') {
    throw new Error('An alert cannot be shown in a background launch');
  }
  raycast.alerts.push(alert);
  const isConfirmed = raycast.options.confirm?.(alert) ?? true;
  (isConfirmed ? alert.primaryAction : alert.dismissAction)?.onAction?.();
  return isConfirmed;
});

export const launchCommand = asked('launchCommand', (launch: RecordedLaunch) => {
  const command = raycast.manifest.commands.find(({ name }) => name === launch.name);
  if (command === undefined) {
    throw new Error(`Command ${launch.name} does not exist`);
  }
  if (raycast.options.disabled?.includes(launch.name) === true) {
    throw new Error(`Command ${launch.name} is disabled`);
  }
  if (launch.type === 'background' && command.mode === 'view') {
    throw new Error(`Command ${launch.name} has a view, so it cannot be launched in the background`);
  }
  const declared = (command.arguments ?? []).map(({ name }) => name);
  const unknown = Object.keys(launch.arguments ?? {}).find((name) => !declared.includes(name));
  if (unknown !== undefined) {
    throw new WrongUse(`launchCommand: ${launch.name} has no argument ${unknown}.`);
  }
  // It travels to another process.
  raycast.launches.push(JSON.parse(JSON.stringify(launch)) as RecordedLaunch);
});

export function getPreferenceValues(): Record<string, unknown> {
  return raycast.preferenceValues;
}

export const getSelectedText = asked('getSelectedText', () => {
  throw new Error('Nothing is selected');
});

export const getApplications = asked('getApplications', () => []);

export function captureException(exception: unknown): void {
  checkCall('captureException', [exception]);
}

export const Clipboard = {
  copy: asked('Clipboard.copy', (content: unknown, ...options: [unknown?]) => {
    void options;
    raycast.clipboard = textOf(content);
  }),
  paste: asked('Clipboard.paste', (content: unknown) => void raycast.pasted.push(textOf(content))),
  clear: asked('Clipboard.clear', () => {
    raycast.clipboard = undefined;
  }),
  read: asked('Clipboard.read', (...options: [unknown?]) => {
    void options;
    return { text: raycast.clipboard ?? '' };
  }),
  readText: asked('Clipboard.readText', (...options: [unknown?]) => {
    void options;
    return raycast.clipboard;
  }),
};

/** What an action's or a call's content is as text. */
export function textOf(content: unknown): string {
  if (typeof content !== 'object' || content === null) {
    return String(content);
  }
  const { text, file, html } = content as { text?: string; file?: string; html?: string };
  return text ?? html ?? file ?? '';
}

export const LocalStorage = {
  allItems: asked('LocalStorage.allItems', () => Object.fromEntries(raycast.storage)),
  getItem: asked('LocalStorage.getItem', (name: string) => raycast.storage.get(name)),
  setItem: asked('LocalStorage.setItem', (name: string, value: string | number | boolean) => {
    raycast.storage.set(name, value);
  }),
  removeItem: asked('LocalStorage.removeItem', (name: string) => void raycast.storage.delete(name)),
  clear: asked('LocalStorage.clear', () => raycast.storage.clear()),
};
