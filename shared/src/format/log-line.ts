/** A line of the daemon's log as a person reads it: time, level, message and fields. */

import { styleText } from 'node:util';
import { format } from 'date-fns/format';
import { isSameDay } from 'date-fns/isSameDay';

/** From the least severe to the most. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

type Style = Parameters<typeof styleText>[0];

const styles: Readonly<Record<LogLevel, Style>> = {
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
};

const clock = 'HH:mm:ss.SSS';

interface Entry {
  readonly level: LogLevel | undefined;
  readonly time: Date | undefined;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Whether a line is of this level or a more severe one. A line without a level is let through: it may be what broke. */
export function isAtLeast(line: string, level: LogLevel): boolean {
  const own = entryOf(line)?.level;
  return own === undefined || logLevels.indexOf(own) >= logLevels.indexOf(level);
}

export interface FormatLineOptions {
  /** Whether errors are shown with their stacks. */
  readonly verbose: boolean;
  readonly now: Date;
  /** Whether colors may be used. */
  readonly stream?: NodeJS.WriteStream | undefined;
}

/** In the person's own time zone, with the date if it is not today. A line that is not the log's comes back unchanged. */
export function formatLine(line: string, { verbose, now, stream }: FormatLineOptions): string {
  const entry = entryOf(line);
  if (entry === undefined) {
    return line;
  }
  const style = (how: Style, text: string): string =>
    stream === undefined ? text : styleText(how, text, { stream });
  const { level, time, message, fields } = entry;
  const parts = [
    style(
      'gray',
      time === undefined ? '' : format(time, isSameDay(time, now) ? clock : `yyyy-MM-dd ${clock}`),
    ),
    level === undefined ? '' : style(styles[level], level.toUpperCase().padEnd(5)),
    message,
    ...Object.entries(fields).map(([name, value]) => style('gray', `${name}=${valueText(value)}`)),
  ].filter((part) => part !== '');
  const stack = verbose ? stackOf(fields['error']) : undefined;
  return [parts.join(' '), ...(stack === undefined ? [] : [indented(stack)])].join('\n');
}

function entryOf(line: string): Entry | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return undefined;
  }
  const { level, time, msg, ...rest } = parsed as Record<string, unknown>;
  // The process is the same in nearly every line; `--json` has it.
  const fields = Object.fromEntries(Object.entries(rest).filter(([name]) => name !== 'pid'));
  const moment = typeof time === 'string' ? new Date(time) : undefined;
  return {
    level: logLevels.find((each) => each === level),
    time: moment !== undefined && Number.isFinite(moment.getTime()) ? moment : undefined,
    message: typeof msg === 'string' ? msg : '',
    fields,
  };
}

function valueText(value: unknown): string {
  if (
    typeof value === 'object' &&
    value !== null &&
    'message' in value &&
    typeof value.message === 'string'
  ) {
    return JSON.stringify(value.message);
  }
  // A word is plain, and anything else in JSON's quotes, so that where it ends can be seen.
  return typeof value === 'string' && /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}

function stackOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'stack' in error && typeof error.stack === 'string'
    ? error.stack
    : undefined;
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `    ${line.trim()}`)
    .join('\n');
