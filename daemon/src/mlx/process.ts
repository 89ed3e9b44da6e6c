/** What the addon does for the process that loaded it. */

import { native } from './native.ts';

/**
 * Has the system end this process as soon as its parent, of that process id, is gone: in the midst of native work too,
 * when JavaScript cannot notice. On Linux the thread that forked counts as the parent.
 */
export const endWithParent = native<(parent: number) => void>('endWithParent');

/** What the whole process weighs: phys_footprint on macOS, the resident set on Linux. */
export const footprintBytes = native<() => number>('footprintBytes');

/** Has the C allocator return the pages that it holds free, MLX's buffers among them once its own cache is cleared. */
export const releaseFreeMemory = native<() => void>('releaseFreeMemory');

/** Allocates so many bytes with malloc, writes to all of them, and keeps them until the process ends. */
export const plantMalloc = native<(bytes: number) => void>('plantMalloc');
