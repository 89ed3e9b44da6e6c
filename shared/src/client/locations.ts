/** Where a person's data and the daemon's socket are: what the daemon and all its clients must agree on. */

import { createHash } from 'node:crypto';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The folder of checkpoints, runs and everything else that is a person's; it need not exist. `TIDEMARK_HOME` moves it.
 * Otherwise it is where the platform wants it: Apple's File System Programming Guide on macOS, the XDG Base Directory
 * Specification elsewhere, which says that a relative `XDG_DATA_HOME` is to be ignored.
 */
export function dataFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const { TIDEMARK_HOME: chosen, XDG_DATA_HOME: shared } = environment;
  if (chosen !== undefined && chosen.trim() !== '') {
    return resolve(chosen);
  }
  if (platform === 'darwin') {
    return join(home, 'Library', 'Application Support', 'Tidemark');
  }
  return shared !== undefined && isAbsolute(shared)
    ? join(shared, 'tidemark')
    : join(home, '.local', 'share', 'tidemark');
}

/** The folder of the logs within a data folder. */
export const logFolder = (dataFolder: string): string => join(dataFolder, 'logs');

export const logFileName = 'daemon.log';

/** The longest path that a socket may have: `sun_path` has 104 bytes on macOS, 108 on Linux, the last one zero. */
const longestSocketPath = 103;

/**
 * The socket of the daemon whose data is in `folder`: in a folder of its own beside the data, or, where that makes too long
 * a path, in one of the temporary folder that is named for the user and the data folder.
 */
export function socketPathOf(folder: string): string {
  const path = join(folder, 'run', 'daemon.sock');
  if (Buffer.byteLength(path) <= longestSocketPath) {
    return path;
  }
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return join(tmpdir(), `tidemark-${userInfo().uid}-${digest}`, 'daemon.sock');
}
