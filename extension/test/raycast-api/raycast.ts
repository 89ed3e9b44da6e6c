/** The Raycast that the double stands in for: what it was told to be like, and what commands did to it. */

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReactNode } from 'react';

export interface PreferenceDeclaration {
  readonly name: string;
  readonly type: string;
  readonly title?: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly data?: readonly { readonly title: string; readonly value: string }[];
}

export interface CommandDeclaration {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mode: 'view' | 'no-view' | 'menu-bar';
  readonly interval?: string;
  readonly icon?: string;
  readonly preferences?: readonly PreferenceDeclaration[];
  readonly arguments?: readonly { readonly name: string; readonly required?: boolean }[];
}

export interface Manifest {
  readonly name: string;
  readonly title: string;
  readonly author: string;
  readonly icon: string;
  readonly categories: readonly string[];
  readonly commands: readonly CommandDeclaration[];
  readonly tools?: readonly { readonly name: string; readonly title: string; readonly description: string }[];
  readonly preferences?: readonly PreferenceDeclaration[];
}

export interface RecordedToast {
  title: string;
  message?: string | undefined;
  style: string;
  primaryAction?: ToastAction | undefined;
  secondaryAction?: ToastAction | undefined;
  isShown: boolean;
}

export interface ToastAction {
  readonly title: string;
  readonly onAction: (toast: unknown) => void;
}

export interface RecordedAlert {
  readonly title: string;
  readonly message?: string;
  readonly primaryAction?: {
    readonly title: string;
    readonly style?: string;
    readonly onAction?: () => void;
  };
  readonly dismissAction?: { readonly title: string; readonly onAction?: () => void };
}

export interface RecordedLaunch {
  readonly name: string;
  readonly type: string;
  readonly arguments?: Readonly<Record<string, unknown>> | null;
  readonly context?: Readonly<Record<string, unknown>>;
}

export interface RaycastOptions {
  /** The command that runs, by its name in the manifest. */
  readonly command?: string;
  readonly launchType?: 'userInitiated' | 'background';
  /** What the user set, over the manifest's defaults. */
  readonly preferences?: Readonly<Record<string, unknown>>;
  readonly appearance?: 'light' | 'dark';
  /** Commands that the user has switched off. */
  readonly disabled?: readonly string[];
  /** What the user answers to an alert. Default: its primary action. */
  readonly confirm?: (alert: RecordedAlert) => boolean;
}

export interface Navigator {
  push(view: ReactNode, onPop?: () => void): void;
  pop(): void;
  popToRoot(): void;
}

const extensionFolder = fileURLToPath(new URL('../..', import.meta.url));

class Raycast {
  readonly manifest = JSON.parse(readFileSync(join(extensionFolder, 'package.json'), 'utf8')) as Manifest;
  readonly assetsPath = join(extensionFolder, 'assets');
  readonly supportPath = mkdtempSync(join(tmpdir(), 'tidemark-raycast-'));
  options: RaycastOptions = {};
  /** Of the view that is shown; set by what renders it. */
  navigator: Navigator | undefined;

  readonly toasts: RecordedToast[] = [];
  readonly huds: string[] = [];
  readonly alerts: RecordedAlert[] = [];
  readonly launches: RecordedLaunch[] = [];
  /** Addresses and paths that were opened, shown in the Finder or put in the bin, in order. */
  readonly opened: string[] = [];
  readonly trashed: string[] = [];
  readonly pasted: string[] = [];
  clipboard: string | undefined;
  subtitle: string | null | undefined;
  windowCloses = 0;
  pops = 0;
  readonly preferencePanes: string[] = [];
  readonly storage = new Map<string, string | number | boolean>();
  readonly caches = new Map<string, Map<string, string>>();

  /** As if Raycast had been installed anew. */
  reset(options: RaycastOptions = {}): void {
    this.restart(options);
    this.storage.clear();
    this.caches.clear();
    this.clipboard = undefined;
    this.subtitle = undefined;
  }

  /** Another command runs, in the same Raycast: what is stored stays. */
  restart(options: RaycastOptions = {}): void {
    this.options = options;
    this.navigator = undefined;
    const records = [
      this.toasts,
      this.huds,
      this.alerts,
      this.launches,
      this.opened,
      this.trashed,
      this.pasted,
    ];
    for (const record of [...records, this.preferencePanes]) {
      record.length = 0;
    }
    this.windowCloses = 0;
    this.pops = 0;
  }

  get command(): CommandDeclaration {
    const { command } = this.options;
    const found = this.manifest.commands.find(({ name }) => name === command);
    if (found === undefined) {
      throw new Error(`The manifest has no command ${String(command)}`);
    }
    return found;
  }

  get launchType(): 'userInitiated' | 'background' {
    return this.options.launchType ?? 'userInitiated';
  }

  get preferenceValues(): Record<string, unknown> {
    const { command } = this.options;
    const own = this.manifest.commands.find(({ name }) => name === command)?.preferences ?? [];
    const values: Record<string, unknown> = {};
    for (const declared of [...(this.manifest.preferences ?? []), ...own]) {
      values[declared.name] = this.options.preferences?.[declared.name] ?? declared.default;
      if (declared.required && values[declared.name] === undefined) {
        throw new Error(`Raycast would ask for the preference ${declared.name} before it starts the command`);
      }
    }
    const known = Object.keys(values);
    const unknown = Object.keys(this.options.preferences ?? {}).find((name) => !known.includes(name));
    if (unknown !== undefined) {
      throw new Error(`The manifest declares no preference ${unknown}`);
    }
    return values;
  }
}

const key = Symbol.for('tidemark.test.raycast');
const holder = globalThis as { [key]?: Raycast };

/** One for the process, however often this module is loaded. */
export const raycast: Raycast = (holder[key] ??= new Raycast());
