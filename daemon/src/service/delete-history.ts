/** Which files of a data folder are what the daemon remembers, and their removal. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Steps } from './steps.ts';

/**
 * The history's database with what SQLite keeps beside it, databases that were set aside for being damaged, and the logs.
 * Models and voices are no history: `tidemark models remove` is for them.
 */
const isHistory = (name: string): boolean =>
  name === 'logs' || name === 'run' || /^history\.sqlite/.test(name);

/** Paths, sorted; none where there is no such folder. */
export async function historyFiles(dataFolder: string): Promise<string[]> {
  const names = await readdir(dataFolder).catch(() => []);
  return names
    .filter(isHistory)
    .sort()
    .map((name) => join(dataFolder, name));
}

export async function deleteHistory(dataFolder: string, steps: Steps): Promise<void> {
  for (const path of await historyFiles(dataFolder)) {
    await steps.remove(path);
  }
}
