/** Loads the Node-API addon over libmlx and types what it exports to this folder. */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { TidemarkError } from '@tidemark/shared/errors.ts';

/** An element type, by MLX's own name. */
export type DType =
  | 'bool'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float16'
  | 'bfloat16'
  | 'float32'
  | 'complex64';

/** A handle on one `mlx::core::array`; opaque outside this folder. */
export interface NativeHandle {
  readonly __brand: 'mlx::core::array';
}

/** The operations that the addon exports and `ops.ts` wraps. The loader refuses an addon whose list differs. */
export const operationNames = [
  'abs',
  'add',
  'addmm',
  'all',
  'any',
  'arange',
  'arctan2',
  'argmax',
  'asStrided',
  'astype',
  'blockedQuantizedMatmul',
  'broadcastTo',
  'clip',
  'complex',
  'concatenate',
  'contiguous',
  'conv1d',
  'convTranspose1d',
  'cos',
  'cumsum',
  'dequantize',
  'divide',
  'equal',
  'erf',
  'exp',
  'expandDims',
  'floor',
  'full',
  'greater',
  'greaterEqual',
  'imag',
  'irfft',
  'isfinite',
  'layerNorm',
  'less',
  'lessEqual',
  'log',
  'logicalAnd',
  'logicalNot',
  'lstm',
  'matmul',
  'max',
  'maximum',
  'mean',
  'min',
  'minimum',
  'multiply',
  'nanToNum',
  'negative',
  'pad',
  'power',
  'quantize',
  'quantizedMatmul',
  'randomNormal',
  'randomUniform',
  'real',
  'remainder',
  'repeat',
  'reshape',
  'rfft',
  'round',
  'rsqrt',
  'scatterAdd',
  'sigmoid',
  'sin',
  'slice',
  'softmax',
  'split',
  'sqrt',
  'square',
  'squeeze',
  'stack',
  'subtract',
  'sum',
  'take',
  'tanh',
  'tile',
  'transpose',
  'variance',
  'where',
] as const;

export type OperationName = (typeof operationNames)[number];

/** What an operation takes: handles, numbers (weakly typed, as Python scalars are in MLX), shapes, dtypes, flags. */
export type NativeArgument =
  NativeHandle | number | boolean | string | readonly number[] | readonly NativeHandle[] | undefined;

interface NativeBinding {
  readonly operations: Readonly<
    Record<OperationName, (...args: readonly NativeArgument[]) => NativeHandle | NativeHandle[]>
  >;
  fromData(data: ArrayBufferView, shape: readonly number[], dtype: DType): NativeHandle;
  shape(handle: NativeHandle): number[];
  dtype(handle: NativeHandle): DType;
  nbytes(handle: NativeHandle): number;
  evaluate(handles: readonly NativeHandle[]): void;
  /** Copies evaluated, row-contiguous elements out, bfloat16 and float16 as raw 16-bit words. */
  readData(handle: NativeHandle): ArrayBuffer;
  dispose(handle: NativeHandle): void;
  isDisposed(handle: NativeHandle): boolean;
  liveHandles(): number;
  undisposedFinalized(): number;
  loadSafetensors(path: string): { tensors: Record<string, NativeHandle>; metadata: Record<string, string> };
  saveSafetensors(
    path: string,
    tensors: Record<string, NativeHandle>,
    metadata: Record<string, string>,
  ): void;
  activeBytes(): number;
  peakBytes(): number;
  cacheBytes(): number;
  resetPeak(): void;
  clearCache(): void;
  setCacheLimit(bytes: number): number;
  setMemoryLimit(bytes: number): number;
  memoryLimit(): number;
  footprintBytes(): number;
  releaseFreeMemory(): void;
  endWithParent(parent: number): void;
  /** Takes memory from the system beside MLX, writes to all of it, and keeps it. */
  plantMalloc(bytes: number): void;
  synchronize(): void;
  seed(value: number): void;
  device(): { type: 'cpu' | 'gpu'; info: Record<string, string | number> };
  version(): string;
  blas(): string;
}

/** Where `npm run setup` leaves the addon. */
export const addonPath = fileURLToPath(new URL('../../../build/native/tidemark.node', import.meta.url));

function loadBinding(): NativeBinding {
  let binding: NativeBinding;
  try {
    binding = createRequire(import.meta.url)(addonPath) as NativeBinding;
  } catch (cause) {
    throw new TidemarkError('native-addon', 'The native addon over libmlx could not be loaded.', {
      hint: 'Run `npm run setup`; it builds what is missing and says what it lacks.',
      cause,
    });
  }
  const exported = Object.keys(binding.operations).sort();
  const expected: readonly string[] = operationNames;
  if (exported.length !== expected.length || exported.some((name, index) => name !== expected[index])) {
    throw new TidemarkError(
      'native-addon',
      'The native addon was built from other sources than this checkout.',
      {
        hint: 'Run `npm run setup`, which rebuilds it.',
      },
    );
  }
  return binding;
}

export const native = loadBinding();
