/** Prints one line a step: what it is, and once it has ended, what became of it. */

const width = 34;

export class StepLines {
  #stream;
  #now;
  /** @type {{label: string, startedAt: number, timer: NodeJS.Timeout | undefined, report: string} | undefined} */
  #open;

  /**
   * @param {NodeJS.WritableStream & {isTTY?: boolean}} stream
   * @param {() => number} [now] milliseconds
   */
  constructor(stream, now = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  /** @param {string} text a line of its own */
  say(text) {
    this.#stream.write(`${text}\n`);
  }

  /**
   * Starts a step's line. On a terminal it counts the seconds.
   *
   * @param {string} label
   */
  start(label) {
    const startedAt = this.#now();
    const lead = `  ${label} `.padEnd(width, '.');
    this.#stream.write(`${lead} `);
    const timer = this.#stream.isTTY
      ? setInterval(() => {
          const { report = '' } = this.#open ?? {};
          this.#stream.write(`\r${lead} ${Math.round(this.#elapsed(startedAt))} s ${report}\u001b[K`);
        }, 1000)
      : undefined;
    timer?.unref();
    this.#open = { label, startedAt, timer, report: '' };
  }

  /** @param {string} text how far the open line's step is; shown on a terminal */
  report(text) {
    if (this.#open !== undefined) {
      this.#open.report = text;
    }
  }

  /**
   * Ends the line.
   *
   * @param {string} outcome
   * @param {{timed?: boolean}} [options] whether to say how long it took
   */
  end(outcome, { timed = false } = {}) {
    if (this.#open === undefined) {
      return;
    }
    const { label, startedAt, timer } = this.#open;
    clearInterval(timer);
    const lead = `  ${label} `.padEnd(width, '.');
    const start = timer === undefined ? '' : `\r${lead} \u001b[K`;
    const time = timed ? ` (${this.#seconds(startedAt)} s)` : '';
    this.#stream.write(`${start}${outcome}${time}\n`);
    this.#open = undefined;
  }

  /** @param {number} startedAt */
  #seconds(startedAt) {
    const seconds = this.#elapsed(startedAt);
    return seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0);
  }

  /** @param {number} startedAt */
  #elapsed(startedAt) {
    return (this.#now() - startedAt) / 1000;
  }
}
