/** A text from the command line, or from standard input where a person gives `-`. */

import { text as readAll } from 'node:stream/consumers';

export async function textFrom(given: string | undefined): Promise<string | undefined> {
  return given === '-' ? await readAll(process.stdin) : given;
}
