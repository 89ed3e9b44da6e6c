/**
 * The only place where commands write to the terminal, so that what they show is safe to show: nothing in it but line breaks and
 * Tidemark's own colors is obeyed, and no line is endless. ESLint rejects another `write` in this room.
 */

import type { Writable } from 'node:stream';
import { promisify, styleText } from 'node:util';
import { fitText } from '@tidemark/shared/format/terminal.ts';
import { escapedJson, escapedMarkup, printableJson, printableLines } from '@tidemark/shared/printable.ts';
import { later, whenAborted } from '../background.ts';
import { interruptionOf } from '../interruption.ts';
import { exitCodeOfError } from './exit-codes.ts';

/** As styleText decides it: by the stream, and by NO_COLOR and FORCE_COLOR. */
const showsColors = (stream: NodeJS.WriteStream): boolean => styleText('bold', 'x', { stream }) !== 'x';

/** What a person may be shown of `text`. */
const shownText = (text: string, stream: NodeJS.WriteStream): string =>
  printableLines(text, { styles: showsColors(stream) });

/** Columns of a terminal; undefined for a file or a pipe, whose lines are not to be broken. */
export const widthOf = (stream: NodeJS.WriteStream): number | undefined =>
  stream.isTTY && stream.columns > 0 ? stream.columns : undefined;

/** Writes text for a person and ends its line; in a terminal, in lines that fit. */
export function writeText(text: string, stream: NodeJS.WriteStream = process.stdout): void {
  const shown = shownText(text, stream);
  const width = widthOf(stream);
  stream.write(`${width === undefined ? shown : fitText(shown, width)}\n`);
}

/** Writes a document for a program, every value in full: what a terminal would obey is escaped as JSON has it. */
export const writeJson = (document: unknown, indent?: number): void =>
  void process.stdout.write(`${printableJson(document, indent)}\n`);

/** Writes a line that is JSON already; resolves when there is room for the next one. */
export async function writeJsonLine(
  line: string,
  stream: NodeJS.WriteStream = process.stdout,
): Promise<void> {
  if (!stream.write(`${escapedJson(line)}\n`)) {
    await new Promise((resolve) => stream.once('drain', resolve));
  }
}

/** How long a reader has, after the command was stopped, to take what was on its way. */
const lastBytesMilliseconds = 500;

/**
 * Writes what is no text, such as audio, to a reader; resolves when it has been taken. Throws the stream's errors, and the
 * signal's reason when it is aborted: nobody may ever take the bytes, and the process does not wait for that.
 */
export async function writeBytes(bytes: Uint8Array, stream: Writable, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const stopping = 'stopping to write to a reader';
  const stop = Promise.withResolvers<never>();
  const aborted = whenAborted(signal, stopping, () => {
    later(stopping, lastBytesMilliseconds, () => process.exit(exitCodeOfError(signal.reason))).unref();
    stop.reject(interruptionOf(signal));
  });
  const written = promisify((done: (error?: Error | null) => void) => stream.write(bytes, done))();
  await Promise.race([written, stop.promise]).finally(() => aborted[Symbol.dispose]());
}

/** Writes markup, in whole: what a terminal would obey is a character reference. */
export const writeMarkup = (text: string): void => void process.stdout.write(`${escapedMarkup(text)}\n`);

/** Writes control sequences of Tidemark's own. */
export const writeControls = (stream: NodeJS.WriteStream, codes: string): void => void stream.write(codes);

/** Writes a screen: its lines made safe, between the terminal's control sequences before and after each of them. */
export function writeScreen(
  stream: NodeJS.WriteStream,
  lines: readonly string[],
  codes: { readonly before: string; readonly lineEnd: string; readonly after: string },
): void {
  const text = lines.map((line) => `${shownText(line, stream)}${codes.lineEnd}`).join('\r\n');
  stream.write(`${codes.before}${text}${codes.after}`);
}
