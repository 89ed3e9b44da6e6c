/** Asks a person at a terminal something that is answered by yes or no. */

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';

/** Where a person is asked; both are a terminal, or nobody is there to answer. */
export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

export const ownTerminal = (): Terminal => ({ input: process.stdin, output: process.stderr });

/** Whether somebody is there to answer. A text that was typed into the terminal ended its input. */
export const canAsk = ({ input, output }: Terminal): boolean =>
  input.isTTY && output.isTTY && !input.readableEnded;

/** Whether the answer is yes; the end of the input is a no. Throws the signal's reason. */
export async function isYes(
  question: string,
  signal: AbortSignal,
  { input, output }: Terminal = ownTerminal(),
): Promise<boolean> {
  // Not as a terminal: readline would take Ctrl-C for itself.
  const lines = createInterface({ input, output, terminal: false });
  try {
    const ended = once(lines, 'close', { signal }).then(() => '');
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), ended]);
    return /^y(?:es)?$/iu.test(answer.trim());
  } finally {
    lines.close();
  }
}
