/** A list of pins as pip would read it on another system: pip judges their conditions by the system that it runs on. */

import type { Platform } from '../setup/platform.js';

const systems: Readonly<Record<Platform, string>> = { 'darwin-arm64': 'darwin', 'linux-x64': 'linux' };

/** Without the pins of other systems, and without conditions. Throws an Error for a condition that is of something else. */
export function requirementsFor(platform: Platform, pins: string): string {
  const kept = pins.split(/(?<!\\)\n/).flatMap((pin) => {
    const [, whole, condition = ''] = /^[^#;]*(;([^\\]*))?/.exec(pin) ?? [];
    if (whole === undefined) {
      return [pin];
    }
    const [, system] = /^ *sys_platform == '(\w+)' *$/.exec(condition) ?? [];
    if (system === undefined) {
      throw new Error(`The condition${condition}of a pin is not of the system alone`);
    }
    return system === systems[platform] ? [pin.replace(whole, '')] : [];
  });
  return kept.join('\n');
}
