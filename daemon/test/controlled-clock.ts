/** A clock that a test moves: by running on, by jumping, and by sleeping as a machine does. */

import type { Clock, Timer } from '../src/scheduler/clock.ts';

interface Pending {
  /** On the clock that counts while the machine is awake, which no jump moves. */
  readonly at: number;
  readonly fire: () => void;
}

export class ControlledClock implements Clock {
  #wall: number;
  #awake = 0;
  readonly #pending = new Set<Pending>();

  constructor(start: string) {
    this.#wall = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#wall);
  }

  setTimer(milliseconds: number, fire: () => void): Timer {
    const pending = { at: this.#awake + Math.max(0, milliseconds), fire };
    this.#pending.add(pending);
    return { clear: () => void this.#pending.delete(pending) };
  }

  get timers(): number {
    return this.#pending.size;
  }

  /** Time passes while the machine is awake; each timer fires at its moment, and what it starts is awaited. */
  async run(milliseconds: number): Promise<void> {
    const end = this.#awake + milliseconds;
    for (;;) {
      await settled();
      const next = [...this.#pending].sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) {
        break;
      }
      this.#pending.delete(next);
      this.#pass(next.at - this.#awake);
      next.fire();
    }
    this.#pass(end - this.#awake);
    await settled();
  }

  /** Runs on until the wall clock shows `moment`, from whatever it shows now. */
  async runUntil(moment: string): Promise<void> {
    await this.run(Date.parse(moment) - this.#wall);
  }

  /** The wall clock goes on and timers stand still, as while a machine sleeps; or somebody sets the clock. */
  jump(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  #pass(milliseconds: number): void {
    this.#awake += milliseconds;
    this.#wall += milliseconds;
  }
}

/** Until what was started has nothing left to do but wait for a timer. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await Promise.resolve();
  }
}
