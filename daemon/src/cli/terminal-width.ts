/** How wide what is printed may be. */

/** Columns of the terminal behind stdout; undefined where it is a file or a pipe, whose lines are not to be broken. */
export const outputWidth = (): number | undefined =>
  process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : undefined;
