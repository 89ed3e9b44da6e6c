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

/** libmlx's version. */
export const mlxVersion = native<() => string>('version');

/** The library that does the CPU's matrix products. */
export const blasLibrary = native<() => string>('blas');
