/** Where a person's data and the daemon's socket are: what the daemon and all its clients must agree on. */

import { homedir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The folder of checkpoints, runs and everything else that is a person's; it need not exist. `TIDEMARK_HOME` moves it.
 * Otherwise it is where the platform wants it: Apple's File System Programming Guide on macOS, the XDG Base Directory
 * Specification elsewhere, which says that a relative `XDG_DATA_HOME` is to be ignored.
 */
export function dataFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home?: string,
): string {
  const { TIDEMARK_HOME: chosen, XDG_DATA_HOME: shared } = environment;
  if (chosen !== undefined && chosen.trim() !== '') {
    return resolve(chosen);
  }
  if (platform === 'darwin') {
    return join(home ?? homeFolder(), 'Library', 'Application Support', 'Tidemark');
  }
  return shared !== undefined && isAbsolute(shared)
    ? join(shared, 'tidemark')
    : join(home ?? homeFolder(), '.local', 'share', 'tidemark');
}

/** What `HOME` says, unless that depends on where the command is run; then what the system has on the user. */
function homeFolder(): string {
  const home = homedir();
  return isAbsolute(home) ? home : userInfo().homedir;
}

/** The folder of the logs within a data folder. */
export const logFolder = (dataFolder: string): string => join(dataFolder, 'logs');

export const logFileName = 'daemon.log';

/**
 * Where the daemon whose data is in `folder` is met: its socket, or a link to it where the path is too long for one. Nothing else
 * decides about it, neither `TMPDIR` nor `XDG_RUNTIME_DIR`.
 */
export const socketPathOf = (folder: string): string => join(folder, 'run', 'daemon.sock');
