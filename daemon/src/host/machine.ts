/** The machine as documents record it. */

import { arch, cpus, platform, totalmem } from 'node:os';
import type { DeviceRecord } from '@tidemark/shared/protocol/provenance.ts';

/** With what MLX says of its device. */
export function deviceRecord({ type, info }: Pick<DeviceRecord, 'type' | 'info'>): DeviceRecord {
  const processors = cpus();
  const named = info['device_name'];
  return {
    type,
    name: typeof named === 'string' && named !== '' ? named : (processors[0]?.model ?? arch()),
    platform: platform(),
    architecture: arch(),
    cores: processors.length,
    memoryBytes: totalmem(),
    info: { ...info },
  };
}
