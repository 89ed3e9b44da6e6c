/** An error as a person reads it in a terminal: what happened, what to do next, and a stack only where it was asked for. */

import { styleText } from 'node:util';
import { TidemarkError } from '@tidemark/shared/errors.ts';

export interface FormatErrorOptions {
  /** Whether stacks and causes are shown. */
  readonly verbose: boolean;
  readonly stream: NodeJS.WriteStream;
}

/** Lines without the last line break. */
export function formatError(error: unknown, { verbose, stream }: FormatErrorOptions): string {
  const mark = (style: 'red' | 'cyan', word: string): string => styleText(style, word, { stream });
  const lines = [`${mark('red', 'error:')} ${messageOf(error)}`];
  const hint = hintOf(error);
  if (hint !== undefined) {
    lines.push(`${mark('cyan', 'hint:')} ${hint}`);
  }
  if (verbose) {
    lines.push(...stacksOf(error));
  }
  return lines.join('\n');
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === '' ? 'Something failed without saying what.' : message;
}

function hintOf(error: unknown): string | undefined {
  if (error instanceof TidemarkError && error.code !== 'internal') {
    return error.hint;
  }
  return 'This is a defect of Tidemark. Run again with --verbose, and report what it prints.';
}

function stacksOf(error: unknown): string[] {
  const lines: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    lines.push(`${each === error ? '' : 'caused by: '}${each.stack ?? each.message}`);
  }
  return lines;
}
