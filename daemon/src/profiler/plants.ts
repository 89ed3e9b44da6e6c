/** What a self-test plants: each kind with the channel that must show it, and those that may. */

import type { LeakChannel } from '@tidemark/shared/protocol/leak-verdicts.ts';
import type { PlantKind } from '@tidemark/shared/protocol/selftest-document.ts';

export interface Plant {
  readonly kind: PlantKind;
  readonly description: string;
  /** Where the leak must be found; absent for what is no leak. */
  readonly channel?: LeakChannel;
  /** Where it may be called a leak besides, since it is one there too. */
  readonly alsoIn: readonly LeakChannel[];
}

/** Every tensor that is kept is a live tensor and memory of the process too, and its handle an object in the heap. */
const tensor = (kind: PlantKind, description: string): Plant => ({
  kind,
  description,
  channel: 'activeBytes',
  alsoIn: ['liveTensors', 'footprintBytes', 'heapBytes'],
});

const clean = (kind: PlantKind, description: string): Plant => ({ kind, description, alsoIn: [] });

/** In the order in which they are run. */
export const plants: readonly Plant[] = [
  tensor('tensor-4-bytes', 'a tensor of 4 bytes, kept'),
  tensor('tensor-16-kibibytes', 'a tensor of 16 KiB, kept'),
  tensor('tensor-1-mebibyte', 'a tensor of 1 MiB, kept'),
  tensor('every-third-iteration', 'a tensor of 16 KiB, kept in every third iteration'),
  {
    kind: 'native-malloc',
    description: '1 MiB from malloc, beside MLX',
    channel: 'footprintBytes',
    alsoIn: [],
  },
  {
    kind: 'javascript-object',
    description: 'a list of 2,048 numbers, kept',
    channel: 'heapBytes',
    alsoIn: ['footprintBytes'],
  },
  {
    kind: 'undisposed-handle',
    description: 'a tensor that is dropped and never disposed of',
    channel: 'undisposedTensors',
    alsoIn: [],
  },
  {
    kind: 'file-descriptor',
    description: 'an open file',
    channel: 'openFileDescriptors',
    alsoIn: [],
  },
  clean('nothing', 'nothing'),
  clean('bounded-cache', 'a cache of six tensors of 64 KiB that fills'),
  clean('one-step', 'one tensor of 1 MiB, once'),
  clean('varying-lengths', 'texts of varying length, so that the allocator’s cache grows'),
];

/**
 * How often the text is said in an iteration of {@link Plant} `varying-lengths`: longer and longer at first, as the texts of
 * a session come, and then over and over the same lengths. MLX's cache has no buffer of a new length, and grows.
 */
export function repetitions(index: number): number {
  const lengths = [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3] as const;
  return lengths[index] ?? 1 + ((index * 7) % 3);
}
