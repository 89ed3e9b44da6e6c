/** What MLX runs on, and which libraries it runs with. */

import { native } from './native.ts';

interface DeviceDescription {
  readonly type: 'cpu' | 'gpu';
  /** What MLX says of the device (name, architecture, memory size in bytes), as far as the backend says it. */
  readonly info: Readonly<Record<string, string | number>>;
}

const deviceType = native<() => DeviceDescription['type']>('deviceType');
const deviceInfo = native<() => DeviceDescription['info']>('deviceInfo');

export const describeDevice = (): DeviceDescription => ({ type: deviceType(), info: deviceInfo() });

const driverBytes = native<() => number>('driverBytes');

/**
 * What the GPU's driver counts for this process, in bytes: MLX's arrays and cache, and beside them the driver's context, kernels,
 * and the work space of its libraries. NVML's figure with CUDA, Metal's `currentAllocatedSize` on a Mac. Undefined on a CPU, and
 * where the driver does not say, as to a process in a container.
 */
export function deviceBytes(): number | undefined {
  const bytes = driverBytes();
  return bytes < 0 ? undefined : bytes;
}

/** libmlx's version. */
export const mlxVersion = native<() => string>('version');

/** The library that does the CPU's matrix products. */
export const blasLibrary = native<() => string>('blas');
