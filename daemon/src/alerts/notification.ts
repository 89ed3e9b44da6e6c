/** Shows an alert as a notification of the system on macOS; elsewhere it does nothing. */

import { execFile } from 'node:child_process';
import { printable } from '@tidemark/shared/printable.ts';
import { promisify } from 'node:util';
import type { Alert } from '@tidemark/shared/protocol/daemon/schedule.ts';

export interface NotificationOptions {
  readonly platform?: NodeJS.Platform;
  /** Runs a program with arguments, without a shell; rejects where it fails. */
  readonly run?: (program: string, programArguments: readonly string[]) => Promise<void>;
}

/**
 * The texts are arguments of the script and no part of it, so nothing in a schedule's name or a model's can become
 * AppleScript. The first argument is a fixed word: one that began with a hyphen would be read as an option.
 */
const script = [
  'on run argv',
  'display notification (item 3 of argv) with title (item 1 of argv) subtitle (item 2 of argv)',
  'end run',
] as const;

const titles: Readonly<Record<Alert['kind'], string>> = {
  leak: 'Memory leak found',
  'slow-leak': 'Memory grows from check to check',
  active: 'Active memory above its baseline',
  peak: 'Peak memory above its baseline',
  seconds: 'Slower than usual',
  failure: 'Checks are failing',
};

/** Resolves when the system has been told; rejects where it could not be. */
export async function showNotification(
  { kind, scheduleName, reason, hint }: Alert,
  { platform = process.platform, run = runProgram }: NotificationOptions = {},
): Promise<void> {
  if (platform !== 'darwin') {
    return;
  }
  const texts = ['Tidemark', `${titles[kind]}: ${scheduleName}`, `${reason} ${hint}`];
  await run('/usr/bin/osascript', [
    ...script.flatMap((line) => ['-e', line]),
    ...texts.map((each) => shownText(each)),
  ]);
}

/** One line, as long as a notification has room for; an argument cannot hold a NUL at all. */
function shownText(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' ').trim(), 240);
}

const execute = promisify(execFile);

async function runProgram(program: string, programArguments: readonly string[]): Promise<void> {
  // One that is stopped takes no other signal.
  await execute(program, programArguments, { timeout: 10_000, killSignal: 'SIGKILL' });
}
