/** Memory beside MLX that is never given back, for the leaks that a check must find. */

import { native } from './native.ts';

/** Allocates so many bytes with malloc, writes to all of them, and keeps them until the process ends. */
export const plantMalloc = (bytes: number): void => native.plantMalloc(bytes);
