/**
 * Voices that have to be made before the model host can read them: PyTorch's `.pt` files, as Kokoro's are published, and mixes
 * of several voices.
 */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { Parser } from 'pickleparser';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { makeFolder, replaceFile } from '../files/durable.ts';
import { isLfsPointerFile, lfsPointerError } from '../files/git-lfs.ts';
import { readError, storageError } from '../files/storage-errors.ts';
import { elementCount } from './safetensors/dtypes.ts';
import { fileSource, readSafetensorsHeader } from './safetensors/header.ts';
import { headerOf } from './safetensors/write.ts';

interface VoiceStyles {
  /** [lengths, 1, style]. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const voiceHint = 'Use a Kokoro voice file: a .pt file, or a safetensors file with one tensor named voice.';

const bad = (path: string, problem: string, cause?: unknown): TidemarkError =>
  new TidemarkError('bad-checkpoint', `${path} ${problem}.`, { hint: voiceHint, cause });

/** The style vectors are half a megabyte; what is far larger is something else, and is not read. */
const largestVoiceBytes = 64_000_000;

/**
 * A safetensors file, below `dataFolder`/voices, with the mean of the voices in `paths`, as mlx-audio and kokoro mix
 * them; of one voice, with that. It is made once for the same styles. Throws 'bad-checkpoint' and 'not-writable'.
 */
export async function makeVoiceFile(paths: readonly string[], dataFolder: string): Promise<string> {
  const voices = await Promise.all(
    paths.map(async (path) => ({ path, ...(await (isTorchFile(path) ? readTorchVoice : readVoice)(path)) })),
  );
  const [first, ...rest] = voices;
  if (first === undefined) {
    throw new RangeError('no voice was given');
  }
  const other = rest.find(({ shape }) => shape.join() !== first.shape.join());
  if (other !== undefined) {
    throw bad(
      other.path,
      `has the shape [${other.shape.join(', ')}], but ${first.path} has [${first.shape.join(', ')}], so they cannot be mixed`,
    );
  }
  const mean = first.values.map(
    (_, index) => voices.reduce((sum, { values }) => sum + (values[index] ?? 0), 0) / voices.length,
  );
  const content = Buffer.concat([
    headerOf([{ name: 'voice', dtype: 'F32', shape: first.shape }]),
    bytesOf(mean),
  ]);
  const name = createHash('sha256').update(content).digest('hex').slice(0, 32);
  const folder = join(dataFolder, 'voices', 'made');
  const path = join(folder, `${name}.safetensors`);
  if (!existsSync(path)) {
    try {
      makeFolder(folder);
      await replaceFile(path, content);
    } catch (error) {
      throw storageError(error, folder);
    }
  }
  return path;
}

export const isTorchFile = (path: string): boolean => path.endsWith('.pt');

/** Number formats that voices are stored in, by PyTorch's and by safetensors' name, each as float32 from its bytes. */
const formats = {
  F32: {
    torch: 'FloatStorage',
    itemBytes: 4,
    read: (view: DataView, at: number) => view.getFloat32(at, true),
  },
  F16: {
    torch: 'HalfStorage',
    itemBytes: 2,
    read: (view: DataView, at: number) => view.getFloat16(at, true),
  },
  BF16: {
    torch: 'BFloat16Storage',
    itemBytes: 2,
    read: (view: DataView, at: number) => floatOfBits(view.getUint16(at, true) << 16),
  },
} as const;

type Format = (typeof formats)[keyof typeof formats];

const scratch = new DataView(new ArrayBuffer(4));

function floatOfBits(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}

function valuesOf({ itemBytes, read }: Format, bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / itemBytes }, (_, index) =>
    read(view, index * itemBytes),
  );
}

function bytesOf(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeFloatLE(value, 4 * index));
  return bytes;
}

const isVoiceShape = (shape: readonly number[]): boolean =>
  shape.length === 3 && shape[1] === 1 && elementCount(shape) > 0;

async function readVoice(path: string): Promise<VoiceStyles> {
  const source = await fileSource(path);
  const { tensors } = await readSafetensorsHeader(source);
  const voice = tensors.find(({ name }) => name === 'voice');
  const format = Object.entries(formats).find(([name]) => name === voice?.dtype)?.[1];
  if (voice === undefined || format === undefined || !isVoiceShape(voice.shape)) {
    throw bad(path, 'has no tensor named "voice" of floats with the shape [lengths, 1, style]');
  }
  const data = await source.read(
    source.size - sum(tensors.map(({ bytes }) => bytes)) + voice.offset,
    voice.bytes,
  );
  return { shape: voice.shape, values: valuesOf(format, data) };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** A tensor as the pickle describes it: a view of a storage, in elements. */
const tensorSchema = v.object({
  storage: v.object({ type: v.string(), key: v.string() }),
  offset: v.literal(0),
  shape: v.pipe(
    v.array(v.pipe(v.number(), v.integer(), v.minValue(1))),
    v.check((shape: number[]) => isVoiceShape(shape)),
  ),
  stride: v.array(v.number()),
});

/**
 * The tensor of a file of `torch.save`: a ZIP archive with a pickle that describes the tensor and a file with its elements.
 * The pickle names functions; only the few that make a tensor are known here, and nothing is run. See PyTorch's notes on
 * serialization, and `torch/serialization.py`.
 */
async function readTorchVoice(path: string): Promise<VoiceStyles> {
  const { size } = await fileSource(path);
  if (size > largestVoiceBytes) {
    throw bad(path, `is too large for a voice`);
  }
  const file = await readFile(path).catch((error: unknown) => {
    throw readError(error, path, voiceHint);
  });
  if (isLfsPointerFile(path)) {
    throw lfsPointerError('bad-checkpoint', path);
  }
  try {
    const entries = Object.entries(
      unzipSync(file, { filter: ({ originalSize }) => originalSize <= largestVoiceBytes }),
    );
    // All lie in one folder, whose name is the file's own or `archive`.
    const entry = (name: string): Uint8Array | undefined =>
      entries.find(([entryPath]) => entryPath.slice(entryPath.indexOf('/') + 1) === name)?.[1];
    const pickle = entry('data.pkl');
    const order = entry('byteorder');
    if (pickle === undefined || (order !== undefined && Buffer.from(order).toString() !== 'little')) {
      throw new Error('it has no data.pkl, or is of a big-endian machine');
    }
    const { storage, shape, stride } = v.parse(tensorSchema, unpickle(pickle));
    const format = Object.values(formats).find(({ torch }) => torch === storage.type);
    const data = entry(`data/${storage.key}`);
    const isDense = shape.every(
      (_, axis) => shape[axis] === 1 || stride[axis] === elementCount(shape.slice(axis + 1)),
    );
    if (format === undefined || data?.byteLength !== elementCount(shape) * format.itemBytes || !isDense) {
      throw new Error(`the tensor of ${storage.type} is not dense, or is not all there`);
    }
    return { shape, values: valuesOf(format, data) };
  } catch (cause) {
    throw bad(path, 'is not a PyTorch file with one tensor of floats, [lengths, 1, style]', cause);
  }
}

/** Runs the pickle with stand-ins for what it names; what these do not know makes it fail. */
function unpickle(pickle: Uint8Array): unknown {
  const makers: Readonly<Record<string, (...parameters: never[]) => unknown>> = {
    'torch._utils._rebuild_tensor_v2': (
      storage: unknown,
      offset: number,
      shape: unknown,
      stride: unknown,
    ) => ({
      storage,
      offset,
      shape,
      stride,
    }),
    'torch._utils._rebuild_parameter': (tensor: unknown) => tensor,
    'collections.OrderedDict': () => ({}),
  };
  const resolve = (module: string, name: string): ((...parameters: never[]) => unknown) => {
    const storageType = module === 'torch' && name.endsWith('Storage') ? () => name : undefined;
    const maker = makers[`${module}.${name}`] ?? storageType;
    if (maker === undefined) {
      throw new Error(`the pickle names ${module}.${name}`);
    }
    return maker;
  };
  const parser = new Parser({
    nameResolver: { resolve },
    // A tuple: 'storage', the type, the key, the device, the number of elements.
    persistentResolver: {
      resolve: (id: unknown) => {
        const [kind, type, key] = v.parse(
          v.tupleWithRest([v.literal('storage'), v.function(), v.string()], v.unknown()),
          id,
        );
        return { kind, type: type(), key };
      },
    },
  });
  return parser.parse(pickle);
}
