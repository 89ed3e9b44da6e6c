/** What MLX runs on, and which libraries it runs with. */

import { native } from './native.ts';

export interface DeviceDescription {
  readonly type: 'cpu' | 'gpu';
  /** What MLX says of the device (name, architecture, memory size in bytes), as far as the backend says it. */
  readonly info: Readonly<Record<string, string | number>>;
}

export const describeDevice = (): DeviceDescription => native.device();

/** libmlx's version. */
export const mlxVersion = (): string => native.version();

/** The library that does the CPU's matrix products. */
export const blasLibrary = (): string => native.blas();
