/** Problems of the daemon itself, for its status: one notice for each matter, until it is resolved. */

import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';

type Notice = DaemonStatus['notices'][number];

export class Notices {
  readonly #notices = new Map<string, Notice>();
  /** Set by whoever shows them. */
  onChange: () => void = () => undefined;

  /** Replaces the notice about the same matter, if there is one. */
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
