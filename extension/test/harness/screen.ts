/** Runs a command with a view, or one for the menu bar, as Raycast would, and lets a test look at it and use it. */

import { createElement, Fragment } from 'react';
import type { ComponentType, ReactNode } from 'react';
import { PlaceContext } from '../raycast-api/components.ts';
import { raycast } from '../raycast-api/raycast.ts';
import { brokenRules } from '../raycast-api/semantics.ts';
import { runAction } from './actions.ts';
import { startRendering } from './reconciler.ts';
import type { Container, Rendering } from './reconciler.ts';
import { ancestor, describe, slot, walk, wording } from './tree.ts';
import type { TreeNode } from './tree.ts';

interface StackedView {
  readonly key: number;
  readonly element: ReactNode;
  readonly onPop?: (() => void) | undefined;
}

type Query = string | RegExp;

export interface ScreenOptions {
  /** Milliseconds that a wait may take. */
  readonly patience?: number;
  /** A menu-bar command whose menu is open is not unloaded when it has loaded. */
  readonly isMenuOpen?: boolean;
  /** Told once, when the command has ended. */
  readonly onClosed?: (screen: Screen) => void;
}

const titleOf = ({ props }: TreeNode): string => {
  const { title } = props;
  return typeof title === 'object' && title !== null
    ? String((title as { value: unknown }).value)
    : String(title ?? '');
};

const matches = (text: string, query: Query): boolean =>
  typeof query === 'string' ? text === query : query.test(text);

export class Screen {
  readonly #container: Container;
  readonly #rendering: Rendering;
  readonly #patience: number;
  readonly #isMenuOpen: boolean;
  readonly #onClosed: ((screen: Screen) => void) | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #errors: unknown[] = [];
  #views: StackedView[];
  #nextKey = 1;
  #isClosed = false;
  /** Of a menu-bar command: what Raycast goes on showing after it has unloaded the command. */
  drawn: TreeNode | undefined;
  commits = 0;

  constructor(command: ComponentType<never>, props: object, options: ScreenOptions = {}) {
    this.#patience = options.patience ?? 5000;
    this.#isMenuOpen = options.isMenuOpen ?? false;
    this.#onClosed = options.onClosed;
    this.#container = {
      root: { type: 'root', props: {}, children: [], parent: undefined },
      onCommit: () => this.#onCommit(),
    };
    this.#rendering = startRendering(this.#container, (error) => {
      this.#errors.push(error);
      this.#wake();
    });
    this.#views = [{ key: 0, element: createElement(command as ComponentType<object>, props) }];
    raycast.navigator = {
      push: (element, onPop) => {
        this.#views = [...this.#views, { key: this.#nextKey++, element, onPop }];
        this.#render();
      },
      pop: () => {
        const left = this.#views.at(-1);
        if (this.#views.length === 1) {
          raycast.pops += 1;
        } else {
          this.#views = this.#views.slice(0, -1);
        }
        this.#render();
        left?.onPop?.();
      },
      popToRoot: () => {
        this.#views = this.#views.slice(0, 1);
        this.#render();
      },
    };
    this.#render();
  }

  #render(): void {
    if (this.#isClosed) {
      return;
    }
    const place = raycast.command.mode === 'menu-bar' ? 'menu-bar' : 'view';
    this.#rendering.render(
      createElement(
        Fragment,
        null,
        this.#views.map(({ key, element }) =>
          createElement(PlaceContext.Provider, { key, value: place }, createElement('view', null, element)),
        ),
      ),
    );
  }

  #onCommit(): void {
    this.commits += 1;
    for (const rule of brokenRules(this.#container.root)) {
      this.#errors.push(new Error(rule));
    }
    if (!this.#isMenuOpen && !this.#isClosed && raycast.options.command !== undefined) {
      const isMenuBar = raycast.command.mode === 'menu-bar';
      const [menu] = this.#container.root.children[0]?.children ?? [];
      if (isMenuBar && menu?.props['isLoading'] !== true) {
        // Unloaded for good: nothing that comes later is seen.
        this.drawn = menu === undefined ? undefined : copyOf(menu);
        setImmediate(() => this.close());
      }
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) {
      wake();
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many views are on the stack. */
  get depth(): number {
    return this.#views.length;
  }

  /** The component that fills the shown view: a list, a form, a detail, a menu. */
  get top(): TreeNode {
    const [shown] = this.#container.root.children.at(-1)?.children ?? [];
    if (shown === undefined) {
      throw new Error('The command shows nothing');
    }
    return shown;
  }

  all(type: string, title?: Query): TreeNode[] {
    const shown = this.#container.root.children.at(-1);
    const found = shown === undefined ? [] : [...walk(shown)].filter((node) => node.type === type);
    return title === undefined ? found : found.filter((node) => matches(titleOf(node), title));
  }

  get(type: string, title?: Query): TreeNode {
    const [found] = this.all(type, title);
    if (found === undefined) {
      throw new Error(`There is no ${type} ${String(title ?? '')} in:\n${this.toString()}`);
    }
    return found;
  }

  get titles(): string[] {
    return this.all('List.Item').map(titleOf);
  }

  /** Everything that a person reads in the shown view. */
  get text(): string {
    const shown = this.#container.root.children.at(-1);
    return shown === undefined ? '' : wording(shown);
  }

  /** The titles of the actions of a node, or of the view as a whole. */
  actionsOf(node: TreeNode = this.top): string[] {
    const [panel] = slot(node, 'actions');
    return panel === undefined
      ? []
      : [...walk(panel)].filter(({ type }) => /^Action(\.|$)/.test(type)).map(actionTitle);
  }

  /** Waits until something holds; throws what the command threw, or after a while what is shown instead. */
  async until<T>(what: string, look: (screen: this) => T | undefined | false): Promise<T> {
    const deadline = Date.now() + this.#patience;
    for (;;) {
      if (this.#errors.length > 0) {
        throw this.#errors.shift();
      }
      let found: T | undefined | false;
      try {
        found = look(this);
      } catch (error) {
        if (Date.now() > deadline) {
          throw error;
        }
      }
      if (found !== undefined && found !== false) {
        return found;
      }
      if (Date.now() > deadline) {
        throw new Error(`In vain for: ${what}. It shows:\n${this.toString()}`);
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, 20);
        this.#waiting.add(wake);
      });
    }
  }

  /** Chooses an action by its title: of a node's panel, or the first one of that title in the view. */
  async press(title: Query, node?: TreeNode): Promise<void> {
    const within = node === undefined ? this.all('ActionPanel') : slot(node, 'actions');
    const found = within
      .flatMap((panel) => [...walk(panel)])
      .find((each) => /^Action(\.|$)/.test(each.type) && matches(actionTitle(each), title));
    if (found === undefined) {
      throw new Error(`There is no action ${String(title)} in:\n${this.toString()}`);
    }
    await runAction(found, this.top);
    await this.settle();
  }

  /** Clicks an item of the menu, by its title. */
  async click(title: Query, type: 'left-click' | 'right-click' = 'left-click'): Promise<void> {
    const item = this.get('MenuBarExtra.Item', title);
    const { onAction } = item.props;
    if (typeof onAction !== 'function') {
      throw new Error(`${titleOf(item)} is greyed out: it has no action`);
    }
    (onAction as (event: unknown) => void)({ type });
    await this.settle();
  }

  /** Puts something into a form's field, or into a list's search field, or chooses from its dropdown. */
  async enter(field: string, value: unknown): Promise<void> {
    const node = [...walk(this.top)].find(({ props }) => props['id'] === field);
    if (node === undefined) {
      throw new Error(`There is no field ${field} in:\n${this.toString()}`);
    }
    node.entered = value;
    (node.props['onChange'] as ((value: unknown) => void) | undefined)?.(value);
    await this.settle();
  }

  async search(text: string): Promise<void> {
    (this.top.props['onSearchTextChange'] as ((text: string) => void) | undefined)?.(text);
    await this.settle();
  }

  async choose(value: string): Promise<void> {
    const [dropdown] = slot(this.top, 'searchBarAccessory');
    if (dropdown === undefined) {
      throw new Error('The search bar has no dropdown');
    }
    const values = [...walk(dropdown)].map(({ props }) => props['value']);
    if (!values.includes(value)) {
      throw new Error(`The dropdown has no ${value}, but ${values.join(', ')}`);
    }
    (dropdown.props['onChange'] as ((value: string) => void) | undefined)?.(value);
    await this.settle();
  }

  /** Lets what is due happen: promises, effects, renderings. Throws what the command threw. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    if (this.#errors.length > 0) {
      throw this.#errors.shift();
    }
  }

  /** Back, as with the escape key. */
  async back(): Promise<void> {
    raycast.navigator?.pop();
    await this.settle();
  }

  /** Ends the command. Throws what it threw and nobody has seen. */
  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    this.#rendering.unmount();
    this.#wake();
    this.#onClosed?.(this);
  }

  get errors(): readonly unknown[] {
    return this.#errors;
  }

  toString(): string {
    return describe(this.#container.root);
  }
}

/** Raycast names those itself that are given no title. */
const defaultTitles: Readonly<Record<string, string>> = {
  'Action.CopyToClipboard': 'Copy to Clipboard',
  'Action.OpenInBrowser': 'Open in Browser',
  'Action.ShowInFinder': 'Show in Finder',
  'Action.Trash': 'Move to Trash',
  'Action.SubmitForm': 'Submit Form',
  'Action.Paste': 'Paste',
  'Action.OpenWith': 'Open With',
  'Action.ToggleQuickLook': 'Quick Look',
};

const actionTitle = (node: TreeNode): string => titleOf(node) || (defaultTitles[node.type] ?? '');

function copyOf(node: TreeNode, parent?: TreeNode): TreeNode {
  const copy: TreeNode = { type: node.type, props: node.props, children: [], parent };
  copy.children = node.children.map((child) => copyOf(child, copy));
  return copy;
}

export { ancestor };
