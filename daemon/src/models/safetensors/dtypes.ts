/** The element types of the safetensors format, with their sizes and MLX's names. */

interface DTypeDescription {
  readonly itemBytes: number;
  /** As `mlx.core` and the rest of Tidemark call it. */
  readonly name: string;
}

/** From the format's specification; types of less than a byte are left out, as MLX has none. */
const descriptions = {
  BOOL: { itemBytes: 1, name: 'bool' },
  U8: { itemBytes: 1, name: 'uint8' },
  I8: { itemBytes: 1, name: 'int8' },
  F8_E5M2: { itemBytes: 1, name: 'float8_e5m2' },
  F8_E4M3: { itemBytes: 1, name: 'float8_e4m3' },
  F8_E8M0: { itemBytes: 1, name: 'float8_e8m0' },
  U16: { itemBytes: 2, name: 'uint16' },
  I16: { itemBytes: 2, name: 'int16' },
  F16: { itemBytes: 2, name: 'float16' },
  BF16: { itemBytes: 2, name: 'bfloat16' },
  U32: { itemBytes: 4, name: 'uint32' },
  I32: { itemBytes: 4, name: 'int32' },
  F32: { itemBytes: 4, name: 'float32' },
  U64: { itemBytes: 8, name: 'uint64' },
  I64: { itemBytes: 8, name: 'int64' },
  F64: { itemBytes: 8, name: 'float64' },
  C64: { itemBytes: 8, name: 'complex64' },
} as const satisfies Readonly<Record<string, DTypeDescription>>;

export type SafetensorsDType = keyof typeof descriptions;

export const isSafetensorsDType = (name: string): name is SafetensorsDType =>
  Object.hasOwn(descriptions, name);

export const describeDType = (dtype: SafetensorsDType): DTypeDescription => descriptions[dtype];

export interface DescribedTensor {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
}

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, 1);

/** What its elements take. */
export const tensorBytes = ({ dtype, shape }: Omit<DescribedTensor, 'name'>): number =>
  elementCount(shape) * describeDType(dtype).itemBytes;

/** The format's name of an element type of MLX's. Throws a RangeError for one that the format lacks. */
export function safetensorsDTypeOf(name: string): SafetensorsDType {
  const found = Object.entries(descriptions).find(([, description]) => description.name === name)?.[0];
  if (found === undefined || !isSafetensorsDType(found)) {
    throw new RangeError(`safetensors has no element type for ${name}`);
  }
  return found;
}
