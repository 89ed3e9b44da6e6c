/** Raycast's toasts: shown and changed later; refused where no window is there to show them. */

import { problemWith, WrongUse } from './check.ts';
import { checkCall } from './calls.ts';
import { enumeration } from './enumerations.ts';
import { raycast } from './raycast.ts';
import type { RecordedToast } from './raycast.ts';
import { loadTable } from './table.ts';

type Options = Omit<RecordedToast, 'isShown' | 'style'> & { style?: string };

export class Toast {
  static readonly Style = enumeration('Toast.Style');
  readonly #record: RecordedToast;

  constructor(options: Options) {
    checkCall('Toast.new', [options]);
    this.#record = { ...options, style: options.style ?? 'SUCCESS', isShown: false };
  }

  get title(): string {
    return this.#record.title;
  }

  set title(title: string) {
    this.#change({ title });
  }

  get message(): string | undefined {
    return this.#record.message;
  }

  set message(message: string | undefined) {
    this.#change({ message });
  }

  get style(): string {
    return this.#record.style;
  }

  set style(style: string) {
    this.#change({ style });
  }

  get primaryAction(): RecordedToast['primaryAction'] {
    return this.#record.primaryAction;
  }

  set primaryAction(primaryAction: RecordedToast['primaryAction']) {
    this.#change({ primaryAction });
  }

  get secondaryAction(): RecordedToast['secondaryAction'] {
    return this.#record.secondaryAction;
  }

  set secondaryAction(secondaryAction: RecordedToast['secondaryAction']) {
    this.#change({ secondaryAction });
  }

  async show(): Promise<void> {
    if (raycast.launchType === 'background') {
      throw new Error('A toast cannot be shown in a background launch');
    }
    await Promise.resolve();
    if (!raycast.toasts.includes(this.#record)) {
      raycast.toasts.push(this.#record);
    }
    this.#record.isShown = true;
  }

  async hide(): Promise<void> {
    await Promise.resolve();
    this.#record.isShown = false;
  }

  #change(change: Partial<RecordedToast>): void {
    for (const [name, value] of Object.entries(change)) {
      const property = loadTable().types['Toast.Options'];
      const declared = property?.kind === 'object' ? property.properties[name] : undefined;
      if (declared === undefined || (value === undefined && declared.optional)) {
        continue;
      }
      const problem = problemWith(declared.shape, value, name);
      if (problem !== undefined) {
        throw new WrongUse(`Toast: ${problem}.`);
      }
    }
    Object.assign(this.#record, change);
  }
}

/** With options, or in the older way with style, title and message. */
export async function showToast(...args: [Options] | [string, string, string?]): Promise<Toast> {
  checkCall('showToast', args);
  const [first, title, message] = args;
  const toast = new Toast(typeof first === 'string' ? { style: first, title: title ?? '', message } : first);
  await toast.show();
  return toast;
}
