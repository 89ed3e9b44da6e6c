/** What the addon does for the process that loaded it. */

import { native } from './native.ts';

/**
 * Makes the system kill this process as soon as its parent, with that process id, exits: even during native work, when
 * JavaScript cannot react. On Linux the thread that forked counts as the parent.
 */
export const endWithParent = native<(parent: number) => void>('endWithParent');

/** The footprint of the whole process: phys_footprint on macOS, the resident set on Linux. */
export const footprintBytes = native<() => number>('footprintBytes');

/** Returns the C allocator's free pages to the system, MLX's buffers among them once its own cache is cleared. */
export const releaseFreeMemory = native<() => void>('releaseFreeMemory');

/** Allocates this many bytes with malloc, writes to all of them, and keeps them until the process ends. */
export const plantMalloc = native<(bytes: number) => void>('plantMalloc');
