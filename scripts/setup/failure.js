/** The failures of set-up that a person can mend. */

/** What went wrong, in one sentence, and what to do next. */
export class SetupFailure extends Error {
  /** @override */
  name = 'SetupFailure';

  /**
   * @param {string} message one sentence
   * @param {string} remedy what to do next; may be several lines
   */
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/** Set-up was told to stop by a signal. */
export class Interrupted extends Error {
  /** @override */
  name = 'Interrupted';
}
