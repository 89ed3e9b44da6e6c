/** When work began, by the calendar, and how long it took, by a clock that nobody sets. */

export class RunClock {
  /** ISO 8601, in UTC. */
  readonly startedAt = new Date().toISOString();
  readonly #from = performance.now();

  /** So far. */
  get seconds(): number {
    return (performance.now() - this.#from) / 1000;
  }
}
