/** The element types of the safetensors format, with their sizes and MLX's names. */

interface DTypeDescription {
  /** A fraction for the types whose elements share bytes. */
  readonly itemBytes: number;
  /** As `mlx.core` and the rest of Tidemark call it. */
  readonly name: string;
}

/** All that safetensors 0.8 reads. */
const descriptions = {
  F4: { itemBytes: 0.5, name: 'float4_e2m1' },
  F6_E2M3: { itemBytes: 0.75, name: 'float6_e2m3' },
  F6_E3M2: { itemBytes: 0.75, name: 'float6_e3m2' },
  BOOL: { itemBytes: 1, name: 'bool' },
  U8: { itemBytes: 1, name: 'uint8' },
  I8: { itemBytes: 1, name: 'int8' },
  F8_E5M2: { itemBytes: 1, name: 'float8_e5m2' },
  F8_E4M3: { itemBytes: 1, name: 'float8_e4m3' },
  F8_E8M0: { itemBytes: 1, name: 'float8_e8m0' },
  F8_E4M3FNUZ: { itemBytes: 1, name: 'float8_e4m3fnuz' },
  F8_E5M2FNUZ: { itemBytes: 1, name: 'float8_e5m2fnuz' },
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

export const safetensorsDTypes = Object.keys(descriptions) as SafetensorsDType[];

export const isSafetensorsDType = (name: string): name is SafetensorsDType =>
  Object.hasOwn(descriptions, name);

export const describeDType = (dtype: SafetensorsDType): DTypeDescription => descriptions[dtype];

/**
 * Those that a checkpoint or a voice may contain. MLX's reader (`mlx/io/safetensors.cpp`) refuses most others; some of 8 bits
 * it gives as uint8, which are codes rather than numbers; and uint64 is of no use to any layer.
 */
const loadable: ReadonlySet<SafetensorsDType> = new Set<SafetensorsDType>([
  ...(['BOOL', 'U8', 'I8', 'U16', 'I16', 'U32', 'I32', 'I64'] as const),
  ...(['F16', 'BF16', 'F32', 'C64'] as const),
]);

export const isLoadable = (dtype: SafetensorsDType): boolean => loadable.has(dtype);

export interface DescribedTensor {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
}

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, 1);

/** What its elements take; not whole where elements of less than a byte do not fill the last one. */
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
