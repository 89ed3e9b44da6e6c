/** One check while it runs: the commands that it ran, and what it expected and found. */

import type { Expectation, RanCommand } from '@tidemark/shared/protocol/acceptance-document.ts';
import { printableMessage } from '@tidemark/shared/printable.ts';
import type { Ran } from './programs.ts';

/** What a check cannot do here, as a sentence. */
export class Skipped extends Error {}

/** What was expected does not hold, and the rest of the check rests on it. The trial has what. */
export class NotMet extends Error {}

/** What is shown of an output: its end says why. */
const shownOutput = 1500;

export class Trial {
  readonly commands: RanCommand[] = [];
  readonly expectations: Expectation[] = [];
  remark: string | undefined;

  /** Notes whether something is as expected, and goes on either way. */
  expect(expected: string, found: string | number, holds: boolean): boolean {
    this.expectations.push({ expected, found: String(found) === '' ? 'nothing' : String(found), holds });
    return holds;
  }

  /** As {@link expect}, but throws {@link NotMet} where it does not hold. */
  require(expected: string, found: string | number, holds: boolean): void {
    if (!this.expect(expected, found, holds)) {
      throw new NotMet();
    }
  }

  /** Records a command that has ended, and what it printed where `isFailure`. */
  ran(words: readonly string[], ran: Ran, isFailure: boolean): void {
    const output = printableMessage(
      `${ran.stderr}\n${ran.stderr === '' || isFailure ? ran.stdout : ''}`.trim(),
    );
    this.commands.push({
      command: words.map(shellWord).join(' '),
      ...(ran.exitCode === undefined ? {} : { exitCode: ran.exitCode }),
      ...(ran.signal === undefined ? {} : { signal: ran.signal }),
      seconds: ran.seconds,
      ...(isFailure && output !== '' ? { output: output.slice(-shownOutput) } : {}),
    });
  }

  /** What does not hold, first. */
  get failure(): string | undefined {
    const failed = this.expectations.find(({ holds }) => !holds);
    return failed === undefined
      ? undefined
      : `Expected: ${failed.expected}. Found: ${failed.found.replace(/\.$/u, '')}.`;
  }
}

/** A word as a shell takes it. */
const shellWord = (word: string): string =>
  /^[\w./:=@%+,~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** How a command ended, in words. */
export function endWords({ exitCode, signal, isLate, seconds }: Ran): string {
  return isLate
    ? `it did not end within ${Math.round(seconds)} s`
    : signal !== undefined
      ? `ended by ${signal}`
      : exitCode === undefined
        ? 'it could not be started'
        : `exit code ${exitCode}`;
}

/** The end of an output on one line, for an expectation. */
export const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? '';
