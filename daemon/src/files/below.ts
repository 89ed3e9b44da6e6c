/** Names from a person or a hub, before they become part of a path: they never leave their folder. */

import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { quoted } from '@tidemark/shared/printable.ts';

/** Whether a '/'-separated name is that of something below the folder that it is joined to. */
export const isBelow = (name: string): boolean =>
  !name.includes('\0') && name.split('/').every((part) => !['', '.', '..'].includes(part));

/** The path of a name below a folder. Throws 'unknown-model' for a name that leads elsewhere. */
export function joinBelow(folder: string, name: string): string {
  if (!isBelow(name)) {
    throw new TidemarkError('unknown-model', `${quoted(name)} leads out of ${folder}.`, {
      hint: 'Use a name without empty parts, "." and "..".',
    });
  }
  return join(folder, name);
}
