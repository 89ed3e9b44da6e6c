/** Where things are: what the repository holds, what set-up builds in it, and what belongs to the person. */

import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with the workspaces. */
export const repositoryRoot = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** What set-up leaves: libmlx, the addon, the packaged weights and voices. Not in version control. */
export const buildFolder = join(repositoryRoot, 'build');

/**
 * Where checkpoints, runs and everything else that is a person's is kept; it need not exist. `TIDEMARK_HOME` moves it.
 * Otherwise it is where the platform wants it: Apple's File System Programming Guide on macOS, the XDG Base Directory
 * Specification elsewhere, which says that a relative `XDG_DATA_HOME` is to be ignored.
 */
export function dataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { TIDEMARK_HOME: chosen, XDG_DATA_HOME: shared } = environment;
  if (chosen !== undefined && chosen.trim() !== '') {
    return resolve(chosen);
  }
  if (process.platform === 'darwin') {
    return join(homedir(), 'Library', 'Application Support', 'Tidemark');
  }
  return shared !== undefined && isAbsolute(shared)
    ? join(shared, 'tidemark')
    : join(homedir(), '.local', 'share', 'tidemark');
}
