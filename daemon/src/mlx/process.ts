/** What the addon does for the process that loaded it. */

import { native } from './native.ts';

/**
 * Has the system end this process as soon as its parent, of that process id, is gone: in the midst of native work too,
 * when JavaScript cannot notice. On Linux the thread that forked counts as the parent.
 */
export const endWithParent = (parent: number): void => native.endWithParent(parent);
