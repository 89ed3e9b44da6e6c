/** Raycast's functions, toasts and cache: each records what it was asked for. */

import { enumeration } from './declarations.ts';
import { raycast } from './raycast.ts';
import type { RecordedAlert, RecordedLaunch, RecordedToast } from './raycast.ts';
import { WrongUse } from './semantics.ts';

/** Makes a function that resolves later, as those that ask Raycast's app do. */
const asked =
  <Args extends unknown[], T>(act: (...args: Args) => T): ((...args: Args) => Promise<T>) =>
  async (...args) => {
    await Promise.resolve();
    return act(...args);
  };

export const showHUD = asked((title: string, options?: { popToRootType?: string }) => {
  raycast.huds.push(title);
  raycast.windowCloses += 1;
  if (options?.popToRootType === 'immediate') {
    raycast.pops += 1;
  }
});

export const closeMainWindow = asked(() => {
  raycast.windowCloses += 1;
});

export const popToRoot = asked(() => {
  raycast.pops += 1;
});

export const clearSearchBar = asked(() => undefined);

export const open = asked((target: string) => {
  raycast.opened.push(target);
});

export const showInFinder = asked((path: string) => void raycast.opened.push(path));

export const trash = asked((path: string | string[]) => void raycast.trashed.push(...[path].flat()));

export const openExtensionPreferences = asked(() => {
  raycast.preferencePanes.push('extension');
});

export const openCommandPreferences = asked(() => {
  raycast.preferencePanes.push('command');
});

export const updateCommandMetadata = asked(({ subtitle }: { subtitle?: string | null }) => {
  raycast.subtitle = subtitle;
});

export const confirmAlert = asked((alert: RecordedAlert) => {
  if (raycast.launchType === 'background') {
    throw new Error('An alert cannot be shown in a background launch');
  }
  raycast.alerts.push(alert);
  const isConfirmed = raycast.options.confirm?.(alert) ?? true;
  (isConfirmed ? alert.primaryAction : alert.dismissAction)?.onAction?.();
  return isConfirmed;
});

export const launchCommand = asked((launch: RecordedLaunch) => {
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

export const getSelectedText = asked(() => {
  throw new Error('Nothing is selected');
});

export const getApplications = asked(() => []);

export const captureException = (): void => undefined;

export const Clipboard = {
  copy: asked((content: unknown) => {
    raycast.clipboard = textOf(content);
  }),
  paste: asked((content: unknown) => void raycast.pasted.push(textOf(content))),
  clear: asked(() => {
    raycast.clipboard = undefined;
  }),
  read: asked(() => {
    return { text: raycast.clipboard ?? '' };
  }),
  readText: asked(() => {
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
  allItems: asked(() => Object.fromEntries(raycast.storage)),
  getItem: asked((name: string) => raycast.storage.get(name)),
  setItem: asked((name: string, value: string | number | boolean) => {
    raycast.storage.set(name, value);
  }),
  removeItem: asked((name: string) => void raycast.storage.delete(name)),
  clear: asked(() => raycast.storage.clear()),
};

type ToastOptions = Omit<RecordedToast, 'isShown' | 'style'> & { style?: string };

/** Shown and changed later; refused where no window is there to show it. */
export class Toast implements RecordedToast {
  static readonly Style = enumeration('Toast.Style');
  title: string;
  message: string | undefined;
  style: string;
  primaryAction: RecordedToast['primaryAction'];
  secondaryAction: RecordedToast['secondaryAction'];
  isShown = false;

  constructor({ title, message, style = 'SUCCESS', primaryAction, secondaryAction }: ToastOptions) {
    this.title = title;
    this.message = message;
    this.style = style;
    this.primaryAction = primaryAction;
    this.secondaryAction = secondaryAction;
  }

  async show(): Promise<void> {
    if (raycast.launchType === 'background') {
      throw new Error('A toast cannot be shown in a background launch');
    }
    await Promise.resolve();
    if (!raycast.toasts.includes(this)) {
      raycast.toasts.push(this);
    }
    this.isShown = true;
  }

  async hide(): Promise<void> {
    await Promise.resolve();
    this.isShown = false;
  }
}

/** With options, or in the older way with style, title and message. */
export async function showToast(...args: [ToastOptions] | [string, string, string?]): Promise<Toast> {
  const [first, title, message] = args;
  const toast = new Toast(typeof first === 'string' ? { style: first, title: title ?? '', message } : first);
  await toast.show();
  return toast;
}

type Subscriber = (key: string | undefined, data: string | undefined) => void;

/** Bytes, as documented; the least recently used entries go first. */
const defaultCapacity = 10 * 1024 * 1024;

/** Strings by key, in namespaces, that outlive a command. */
export class Cache {
  readonly #namespace: string;
  readonly #capacity: number;
  readonly #subscribers = new Set<Subscriber>();

  constructor(options?: { namespace?: string; capacity?: number }) {
    this.#namespace = options?.namespace ?? '';
    this.#capacity = options?.capacity ?? defaultCapacity;
  }

  get #entries(): Map<string, string> {
    const entries = raycast.caches.get(this.#namespace) ?? new Map<string, string>();
    raycast.caches.set(this.#namespace, entries);
    return entries;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get(key: string): string | undefined {
    const entries = this.#entries;
    const data = entries.get(key);
    if (data !== undefined) {
      entries.delete(key);
      entries.set(key, data);
    }
    return data;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, data: string): void {
    const entries = this.#entries;
    entries.delete(key);
    entries.set(key, data);
    let size = [...entries.values()].reduce((sum, each) => sum + Buffer.byteLength(each), 0);
    for (const [oldest, each] of entries) {
      if (size <= this.#capacity) {
        break;
      }
      entries.delete(oldest);
      size -= Buffer.byteLength(each);
    }
    this.#tell(key, data);
  }

  remove(key: string): boolean {
    const isRemoved = this.#entries.delete(key);
    if (isRemoved) {
      this.#tell(key, undefined);
    }
    return isRemoved;
  }

  clear(options?: { notifySubscribers: boolean }): void {
    this.#entries.clear();
    if (options?.notifySubscribers !== false) {
      this.#tell(undefined, undefined);
    }
  }

  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  #tell(key: string | undefined, data: string | undefined): void {
    for (const subscriber of this.#subscribers) {
      subscriber(key, data);
    }
  }
}
