/** Which of several safetensors files are one checkpoint's weights where no index says so. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printableList, quoted } from '@tidemark/shared/printable.ts';

interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

interface TensorFile {
  readonly name: string;
  readonly tensors: readonly NamedShape[];
}

export interface GatheredWeights<File> {
  /** The files that belong together, by name. */
  readonly weights: readonly File[];
  /** The files that contain a tensor of the weights again, so that loading would keep one or the other. */
  readonly clashes: readonly {
    readonly file: File;
    readonly tensor: string;
    /** The name of the file among the weights that has the tensor too. */
    readonly other: string;
  }[];
}

/**
 * Whether a file of this name may hold weights or a voice. macOS leaves `._model.safetensors` beside a file that it copies
 * to another file system; Python's glob, which mlx-audio uses, skips names that begin with a dot.
 */
export const isTensorFileName = (name: string): boolean =>
  name.endsWith('.safetensors') && !name.startsWith('.');

/** The name that converters give their result. */
const usualName = 'model.safetensors';

/**
 * Files whose tensors are all different are shards of one checkpoint, as mlx-audio loads them; voices among them are left
 * out. Of files that share tensors, `model.safetensors` counts, else the first by name, with the shards that go with it.
 */
export function gatherWeights<File extends TensorFile>(files: readonly File[]): GatheredWeights<File> {
  const weights: File[] = [];
  const clashes: GatheredWeights<File>['clashes'][number][] = [];
  const owners = new Map<string, string>();
  const sorted = files.length < 2 ? files : files.filter((file) => !isVoice(file)).sort(byName);
  for (const file of sorted.toSorted((a, b) => Number(b.name === usualName) - Number(a.name === usualName))) {
    const shared = file.tensors.find(({ name }) => owners.has(name));
    if (shared === undefined) {
      file.tensors.forEach(({ name }) => owners.set(name, file.name));
      weights.push(file);
    } else {
      clashes.push({ file, tensor: shared.name, other: owners.get(shared.name) ?? '' });
    }
  }
  return { weights: weights.sort(byName), clashes };
}

/**
 * The refusal of files that share tensors; undefined where none do. `place` is their folder or repository, `remedy` what to do
 * about it.
 */
export function clashError(
  place: string,
  { weights, clashes }: GatheredWeights<TensorFile>,
  remedy: string,
): TidemarkError | undefined {
  const [clash] = clashes;
  if (clash === undefined) {
    return undefined;
  }
  const names = [...weights, ...clashes.map(({ file }) => file)].map(({ name }) => name).sort();
  const both = [clash.other, clash.file.name].sort().join(' and ');
  return new TidemarkError(
    'bad-checkpoint',
    `${place} has ${names.length} weight files and no index that lists which belong together: ${printableList(names)}.`,
    { hint: `${both} both contain the tensor ${quoted(clash.tensor)}. ${remedy}` },
  );
}

/** Kokoro's tensors are named for their modules (`bert.pooler.weight`); a voice's is not, [lengths, 1, style]. */
const isVoice = ({ tensors }: TensorFile): boolean =>
  tensors.length > 0 &&
  tensors.every(
    ({ name, shape }) => name === 'voice' || (!name.includes('.') && shape.length === 3 && shape[1] === 1),
  );

const byName = (a: TensorFile, b: TensorFile): number => (a.name < b.name ? -1 : 1);
