/** Runs set-up, which is a program of its own, and runs it before the first command of an installed package that needs it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { buildFolder, installedFolder, isInstalled, repositoryRoot, setupCommand } from '../paths.ts';
import { tidemarkVersion } from '../version.ts';

/** Says of which package all is there, so that a command asks nothing more. */
const readyFile = join(buildFolder, 'ready');

/** This version of Tidemark with these addons; a newer one is set up anew, of which most is there already. */
const readyText = (): string =>
  `${tidemarkVersion}\n${readFileSync(join(repositoryRoot, 'prebuilt', 'addons.json'), 'utf8')}`;

/** The commands, by their first words, that start a model host or read what set-up leaves. */
const needing =
  /^(?:profile|study|tune|say|requantize|selftest|acceptance|daemon|models build|service install)$/;

/** Sets an installed package up before its first command that needs it. Throws as {@link setUp}. */
export async function setUpBefore(command: Command): Promise<void> {
  const words: string[] = [];
  for (let each = command; each.parent !== null; each = each.parent) {
    words.unshift(each.name());
  }
  const { dryRun } = command.opts<{ readonly dryRun?: true }>();
  if (isInstalled && needing.test(words.join(' ')) && dryRun !== true && !isReady()) {
    await setUp();
  }
}

function isReady(): boolean {
  return existsSync(readyFile) && readFileSync(readyFile, 'utf8') === readyText();
}

/**
 * Fetches what is missing, and says on stderr what it does. Throws 'build-failed' where it fails, after it has said why, and
 * 'interrupted' where the person stopped it.
 */
export async function setUp(): Promise<void> {
  const args = isInstalled ? ['--into', installedFolder] : [];
  const child = spawn(process.execPath, [join(repositoryRoot, 'scripts', 'setup', 'main.js'), ...args], {
    // Standard output is for what the command prints.
    stdio: ['ignore', 2, 2],
  });
  // Ctrl-C in a terminal reaches set-up too, which ends in order and says how to go on.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  process.off('SIGINT', ignore);
  if (status === 130 || signal === 'SIGINT') {
    throw new TidemarkError('interrupted', 'Setup was stopped.', {
      hint: `Run \`${setupCommand}\` to go on where it stopped.`,
    });
  }
  if (status !== 0) {
    throw new TidemarkError('build-failed', 'Tidemark is not set up.', {
      hint: `Follow what is said above, then run \`${setupCommand}\`.`,
    });
  }
  if (isInstalled) {
    await mkdir(buildFolder, { recursive: true });
    await writeFile(readyFile, readyText());
  }
}
