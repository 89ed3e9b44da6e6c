/** The listeners of a connection's events. A newer daemon's unknown events and a listener's own errors end nothing. */

import * as v from 'valibot';
import { eventData } from '../protocol/daemon/methods.ts';
import type { EventData } from '../protocol/daemon/methods.ts';
import { count } from '../protocol/quantities.ts';
import { topics } from '../protocol/daemon/wire.ts';
import type { Topic } from '../protocol/daemon/wire.ts';

type Listeners = { [T in Topic]: Set<(data: EventData<T>) => void> };

/** As the wire's, but with any topic. */
const anyEventFrame = v.object({ topic: v.string(), sequence: count, data: v.unknown() });

export class EventListeners {
  readonly #listeners: Listeners = { progress: new Set(), status: new Set(), alerts: new Set() };
  #expectedSequence = 0;
  #missed = 0;

  /** Sequence numbers that were skipped. */
  get missed(): number {
    return this.#missed;
  }

  /** Those with a listener. */
  get topics(): Topic[] {
    return topics.filter((topic) => this.#listeners[topic].size > 0);
  }

  /** The same function may listen twice, and is then called twice. */
  add<T extends Topic>(topic: T, listener: (data: EventData<T>) => void): () => void {
    const own = (data: EventData<T>): void => listener(data);
    this.#listeners[topic].add(own);
    return () => {
      this.#listeners[topic].delete(own);
    };
  }

  /** Passes an event's frame on to its listeners. Throws for what is not one. */
  dispatch(frame: unknown): void {
    const { topic, sequence, data } = v.parse(anyEventFrame, frame);
    this.#missed += Math.max(0, sequence - this.#expectedSequence);
    this.#expectedSequence = sequence + 1;
    const known = topics.find((each) => each === topic);
    if (known === undefined) {
      return;
    }
    // Data that cannot be read is a newer daemon's, with a step or a state that this client does not know.
    const parsed = v.safeParse(eventData[known], data);
    if (parsed.success) {
      for (const listener of [...this.#listeners[known]] as ((data: unknown) => void)[]) {
        callListener(() => listener(parsed.output));
      }
    }
  }
}

/** What it throws becomes a warning of the process. */
export function callListener(call: () => void): void {
  try {
    call();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
