/** Plans what becomes of each tensor of a checkpoint at other bits or with another rest, from headers alone. */

import { counted } from '@tidemark/shared/format/numbers.ts';
import { quantizationAt } from '../../kokoro/config.ts';
import type { KokoroConfig } from '../../kokoro/config.ts';
import type { QuantizationOptions } from '../../mlx/ops.ts';
import { isQuantizable } from '../recipes.ts';
import { isDropped, splitKey } from '../../kokoro/checkpoint-files.ts';
import { describeDType, elementCount, safetensorsDTypeOf } from '../safetensors/dtypes.ts';
import type { SafetensorsDType } from '../safetensors/dtypes.ts';
import type { TensorEntry } from '../safetensors/header.ts';

export interface RequantizeOptions {
  /** Of the layers that can be quantized; absent, they stay as they are. */
  readonly bits?: number | undefined;
  /** Of new bits; absent, the source's, or 64. */
  readonly groupSize?: number | undefined;
  /** What everything else is cast to; absent, it stays as it is. */
  readonly rest?: 'float32' | 'bfloat16' | undefined;
  /** Stores the product of weight norm's direction and magnitude. */
  readonly fuseWeightNorm: boolean;
}

interface RepackedModule {
  readonly path: string;
  /** How it is packed in the source. */
  readonly from: QuantizationOptions;
}

/** JSON throughout: it goes to the process that carries it out. */
export interface RequantizePlan {
  /** Of everything that is newly packed; absent where nothing is. */
  readonly packing?: QuantizationOptions | undefined;
  readonly rest?: 'float32' | 'bfloat16' | undefined;
  readonly fuseWeightNorm: boolean;
  /** Paths of modules that are packed in the source and stay so, to the bit. */
  readonly kept: readonly string[];
  /** Paths of modules that were not quantized and are packed. */
  readonly packed: readonly string[];
  readonly repacked: readonly RepackedModule[];
  readonly castTensors: number;
  /** Convolutions whose weight norm is fused. */
  readonly fusedConvolutions: number;
  /** Whether any module of the result is quantized. */
  readonly isQuantized: boolean;
  /** Of the result. */
  readonly tensorBytes: number;
}

const floating: readonly SafetensorsDType[] = ['F32', 'BF16', 'F16'];
const defaultGroupSize = 64;

/** Plans for the tensors of a checkpoint and its config. Which names and shapes the network needs is not looked at. */
export function planRequantization(
  entries: readonly TensorEntry[],
  config: KokoroConfig,
  { bits, groupSize, rest, fuseWeightNorm }: RequantizeOptions,
): RequantizePlan {
  const byName = new Map(entries.filter(({ name }) => !isDropped(name)).map((entry) => [entry.name, entry]));
  const packing = bits === undefined ? undefined : packingOf(bits, groupSize, config);
  const kept: string[] = [];
  const packed: string[] = [];
  const repacked: RepackedModule[] = [];
  let castTensors = 0;
  let fusedConvolutions = 0;
  let tensorBytes = 0;

  const itemBytes = (dtype: SafetensorsDType): number =>
    describeDType(rest !== undefined && floating.includes(dtype) ? safetensorsDTypeOf(rest) : dtype)
      .itemBytes;
  const packedBytes = (rows: number, columns: number, dtype: SafetensorsDType): number => {
    const { bits: width, groupSize: group } = packing ?? { bits: 0, groupSize: 1 };
    return rows * ((columns * width) / 8 + 2 * (columns / group) * itemBytes(dtype));
  };

  for (const entry of byName.values()) {
    const { name, dtype, shape } = entry;
    const [path, parameter] = splitKey(name);
    const scales = byName.get(`${path}.scales`);
    if (scales !== undefined && parameter !== 'bias') {
      const from = quantizationAt(config, path);
      const isKept =
        from === undefined ||
        packing === undefined ||
        (from.bits === packing.bits && from.groupSize === packing.groupSize);
      if (isKept) {
        tensorBytes += entry.bytes;
        if (parameter === 'weight') {
          kept.push(path);
        }
      } else if (parameter === 'weight') {
        const [rows = 0, words = 0] = shape;
        repacked.push({ path, from });
        tensorBytes += packedBytes(rows, (words * 32) / from.bits, scales.dtype);
      }
    } else if (packing !== undefined && floating.includes(dtype) && isQuantizable(name, shape, packing)) {
      const [rows = 0, columns = 0] = shape;
      packed.push(path);
      tensorBytes += packedBytes(rows, columns, dtype);
    } else if (fuseWeightNorm && parameter === 'weight_g' && byName.has(`${path}.weight_v`)) {
      fusedConvolutions += 1;
    } else {
      tensorBytes += elementCount(shape) * itemBytes(dtype);
      castTensors +=
        rest !== undefined && floating.includes(dtype) && dtype !== safetensorsDTypeOf(rest) ? 1 : 0;
    }
  }
  return {
    packing: packed.length + repacked.length === 0 ? undefined : packing,
    rest,
    fuseWeightNorm,
    kept,
    packed,
    repacked,
    castTensors,
    fusedConvolutions,
    isQuantized: kept.length + packed.length + repacked.length > 0,
    tensorBytes,
  };
}

/** Packed values are kept only where the groups are the same too, so those of the source are the default. */
function packingOf(
  bits: number,
  groupSize: number | undefined,
  { quantization }: KokoroConfig,
): QuantizationOptions {
  return { bits, groupSize: groupSize ?? quantization?.group_size ?? defaultGroupSize };
}

const layers = (count: number): string => counted(count, 'layer');

/** What was done, in phrases for a list. */
export function changesOf(plan: RequantizePlan): string[] {
  const { packing, rest, kept, packed, repacked, castTensors, fusedConvolutions } = plan;
  const how = packing === undefined ? '' : `at ${packing.bits} bits in groups of ${packing.groupSize}`;
  return [
    ...(packed.length === 0 ? [] : [`${layers(packed.length)} quantized ${how}`]),
    ...(repacked.length === 0 ? [] : [`${layers(repacked.length)} dequantized and quantized again ${how}`]),
    ...(kept.length === 0 ? [] : [`packed weights of ${layers(kept.length)} kept bit for bit`]),
    ...(castTensors === 0 || rest === undefined ? [] : [`${counted(castTensors, 'tensor')} cast to ${rest}`]),
    ...(fusedConvolutions === 0 ? [] : [`weight norm fused in ${counted(fusedConvolutions, 'convolution')}`]),
  ];
}

/** What to know before using the result, as sentences. */
export function warningsOf(plan: RequantizePlan, entries: readonly TensorEntry[]): string[] {
  const { rest, fusedConvolutions, repacked, isQuantized } = plan;
  const warnings: string[] = [];
  const [first] = repacked;
  if (first !== undefined) {
    warnings.push(
      `The source is already quantized at ${first.from.bits} bits in groups of ${first.from.groupSize}. Quantizing its ` +
        'values again adds a second loss; start from an unquantized checkpoint if there is one.',
    );
  }
  const widens = rest === 'float32' && entries.some(({ dtype }) => dtype === 'BF16' || dtype === 'F16');
  if (widens) {
    warnings.push('A float32 copy of 16-bit values takes twice the memory without being more precise.');
  }
  if (fusedConvolutions > 0) {
    warnings.push(fusedWarning);
  }
  const isMlxLayout = entries.some(({ name }) => /\.Wx_forward$/.test(name));
  if (!isQuantized && isMlxLayout) {
    warnings.push(
      'Its tensors have the layout of a quantized checkpoint, which mlx-audio does not expect in an unquantized one; ' +
        'it loads wherever the source loads.',
    );
  }
  if (changesOf({ ...plan, kept: [] }).length === 0) {
    warnings.push('The source already is as requested, so its tensors are unchanged.');
  }
  return warnings;
}

/** mlx-audio's ConvWeighted has parameters weight_v and weight_g and no other, and its loader is strict. */
export const fusedWarning =
  "With weight norm fused, the checkpoint loads only in Tidemark: mlx-audio's convolutions have no parameter for a fused " +
  'weight, and its loader rejects the file. The file is no smaller, but calls no longer compute the product.';
