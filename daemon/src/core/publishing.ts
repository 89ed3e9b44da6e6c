/** Does something soon after it became due, and not more often than those who are told can read. */

export class Publishing {
  readonly #publish: () => void;
  readonly #milliseconds: number;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(publish: () => void, milliseconds: number) {
    this.#publish = publish;
    this.#milliseconds = milliseconds;
  }

  due(): void {
    if (!this.#isStopped) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#publish();
      }, this.#milliseconds);
    }
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
