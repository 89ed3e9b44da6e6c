/** Where things are: what the repository holds, what set-up builds in it, and what belongs to the person. */

import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export { dataFolder } from '@tidemark/shared/client/locations.ts';

/** The folder with the workspaces. */
export const repositoryRoot = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** What set-up leaves: libmlx, the addon, the packaged weights and voices. Not in version control. */
export const buildFolder = join(repositoryRoot, 'build');

/** The remedy for whatever set-up should have left. */
export const setupHint = 'Run `npm run setup`, which checks the files and downloads what is missing.';
