/** As much of a browser's document as the report's script uses: elements in a tree, with attributes and listeners, and no layout. */

import { runInNewContext } from 'node:vm';

type Listener = (event: SmallEvent) => void;

export interface SmallEvent {
  readonly type: string;
  readonly key?: string;
  readonly clientX?: number;
  readonly pointerId?: number;
  readonly pointerType?: 'mouse' | 'touch';
  readonly button?: number;
  readonly deltaY?: number;
  readonly ctrlKey?: boolean;
}

export class SmallElement {
  readonly attributes = new Map<string, string>();
  readonly classes = new Set<string>();
  readonly style: Record<string, string> = {};
  readonly classList = { add: (name: string) => this.classes.add(name) };
  children: (SmallElement | string)[] = [];
  parentElement: SmallElement | undefined;
  hidden = false;
  clientWidth = 0;
  readonly #listeners = new Map<string, Listener[]>();
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  append(...children: (SmallElement | string)[]): void {
    for (const child of children) {
      if (child instanceof SmallElement) {
        child.parentElement = this;
      }
    }
    this.children.push(...children);
  }

  replaceChildren(...children: (SmallElement | string)[]): void {
    this.children = [];
    this.append(...children);
  }

  get textContent(): string {
    return this.children
      .map((child) => (typeof child === 'string' ? child : child.textContent))
      .join(' ')
      .trim();
  }

  set textContent(text: string) {
    this.children = [text];
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  getBoundingClientRect(): { left: number } {
    return { left: 0 };
  }

  setPointerCapture(): void {
    // There is one picture under each pointer here.
  }

  /** Returns whether a listener kept the browser from doing what it does by itself. */
  dispatch(event: SmallEvent): boolean {
    let isPrevented = false;
    const given = { ...event, preventDefault: () => (isPrevented = true) };
    this.#listeners.get(event.type)?.forEach((listener) => listener(given));
    return isPrevented;
  }

  all(test: (element: SmallElement) => boolean): SmallElement[] {
    return this.children.flatMap((child) =>
      typeof child === 'string' ? [] : [...(test(child) ? [child] : []), ...child.all(test)],
    );
  }
}

export interface SmallPage {
  /** Where the script puts what it makes. */
  readonly root: SmallElement;
  /** Runs what waits for the next frame, and what that asks for, until nothing waits. */
  readonly settle: () => void;
  readonly resize: (width: number) => void;
}

/** A page whose scripts have run, with a root of so many pixels. Motion is reduced: what is shown is there in one frame. */
export function openPage(page: string, width: number): SmallPage {
  const scripts = [...page.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)];
  const [data = '', code = ''] = scripts.map(([, , content]) => content);
  const section = new SmallElement('div');
  const root = new SmallElement('div');
  section.append(root);
  root.clientWidth = width;
  root.hidden = true;
  let frames: (() => void)[] = [];
  const listeners: (() => void)[] = [];
  const holder = new SmallElement('script');
  holder.textContent = data;
  runInNewContext(code, {
    HTMLElement: SmallElement,
    document: {
      activeElement: undefined,
      createElement: (name: string) => new SmallElement(name),
      createElementNS: (_: string, name: string) => new SmallElement(name),
      getElementById: () => holder,
      querySelector: () => root,
    },
    performance,
    matchMedia: () => ({ matches: true }),
    requestAnimationFrame: (frame: () => void) => frames.push(frame),
    cancelAnimationFrame: () => undefined,
    addEventListener: (_: string, listener: () => void) => listeners.push(listener),
  });
  return {
    root,
    settle: () => {
      while (frames.length > 0) {
        const due = frames;
        frames = [];
        due.forEach((frame) => frame());
      }
    },
    resize: (pixels) => {
      root.clientWidth = pixels;
      listeners.forEach((listener) => listener());
    },
  };
}
