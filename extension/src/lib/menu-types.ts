/** A menu as data: sections of items, each with what choosing it does. */

import type { Color, Icon } from '@raycast/api';
import type { CommandName, LaunchContexts } from './deep-links.ts';
import type { TidemarkPreferences } from './preferences.ts';

export type MenuAction =
  | { [Name in CommandName]: { kind: 'open'; command: Name; context: LaunchContexts[Name] } }[CommandName]
  | { kind: 'cancel'; runId: number }
  | { kind: 'unload' }
  | { kind: 'load'; model: string; voice: string }
  | { kind: 'check' }
  | { kind: 'service'; verb: 'start' | 'restart' }
  | { kind: 'copy'; text: string }
  | { kind: 'preferences' };

export interface MenuItem {
  readonly key: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly icon?: Icon;
  readonly color?: Color;
  readonly tooltip?: string;
  readonly action?: MenuAction;
}

export interface MenuSection {
  readonly key: string;
  readonly title?: string;
  readonly items: readonly MenuItem[];
}

/** Drawn for this project: the last check's state by the shape above the water. */
export type Glyph = 'menu-ok.svg' | 'menu-warning.svg' | 'menu-leak.svg' | 'menu-none.svg';

export interface MenuModel {
  readonly icon: Icon | Glyph;
  readonly color?: Color;
  readonly title?: string;
  readonly tooltip: string;
  readonly sections: readonly MenuSection[];
}

export interface MenuOptions {
  readonly preferences: TidemarkPreferences;
  readonly now: Date;
  /** What went wrong with the last thing that was chosen. */
  readonly failure?: string | undefined;
}
