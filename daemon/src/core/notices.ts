/** What is wrong with the daemon itself, for its status: one notice for each matter, until that is settled. */

import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';

type Notice = DaemonStatus['notices'][number];

export class Notices {
  readonly #notices = new Map<string, Notice>();
  /** Set by whoever shows them. */
  onChange: () => void = () => undefined;

  /** Says it, in the place of what was said of the same matter before. */
  set(matter: string, message: string, hint?: string): void {
    if (this.#notices.get(matter)?.message === message) {
      return;
    }
    this.#notices.set(matter, { at: new Date().toISOString(), message, hint });
    this.onChange();
  }

  clear(matter: string): void {
    if (this.#notices.delete(matter)) {
      this.onChange();
    }
  }

  list(): Notice[] {
    return [...this.#notices.values()];
  }
}
