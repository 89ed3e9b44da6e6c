/** Makes an x-ray from headers: pure arithmetic on what they list, one sentence that it comes down to, and warnings. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { printableList } from '@tidemark/shared/printable.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { isDropped } from '../../kokoro/checkpoint-files.ts';
import { isLoadable } from '../safetensors/dtypes.ts';
import { sumByDtype, sumBytes } from '../safetensors/header.ts';
import type { SafetensorsHeader, TensorEntry } from '../safetensors/header.ts';
import { voiceBytes } from '../voices.ts';
import { findQuantizedModules, layerKindOf, logicalParameters, partNames, partOf } from './anatomy.ts';
import type { ConfiguredQuantization, QuantizedModule } from './anatomy.ts';

export interface ExaminedFile {
  readonly name: string;
  readonly fileBytes: number;
  readonly header: SafetensorsHeader;
}

export interface Examination {
  readonly target: string;
  readonly source: XrayDocument['source'];
  readonly files: readonly ExaminedFile[];
  /** Safetensors files beside them that an index does not list, or that have some of their tensors again. */
  readonly otherFiles: readonly string[];
  /** Nothing where there is no config.json. */
  readonly config: { readonly quantization: ConfiguredQuantization | undefined } | undefined;
  /** Why there is a config.json and it cannot be read, where a person can do something about it: whole sentences. */
  readonly configProblem?: string | undefined;
}

/** A page of memory on Apple silicon, and what MLX's allocator for CUDA takes for one. */
const pageBytes = 16_384;

export function examine(examination: Examination): XrayDocument {
  const { target, source, files, otherFiles, config, configProblem } = examination;
  const all = files.flatMap(({ header }) => header.tensors);
  const dropped = all.filter(({ name }) => isDropped(name));
  const tensors = all.filter(({ name }) => !isDropped(name));
  const modules = findQuantizedModules(
    new Map(tensors.map((tensor) => [tensor.name, tensor])),
    config?.quantization,
  );
  const parameters = logicalParameters(tensors, modules);
  const count = (some: readonly TensorEntry[]): number =>
    some.reduce((sum, tensor) => sum + (parameters.get(tensor) ?? 0), 0);
  const tensorBytes = sumBytes(all);
  const bytesByDtype = sumByDtype(all);
  const float32Bytes = bytesByDtype['float32'] ?? 0;

  const findings = {
    kind: 'xray' as const,
    schemaVersion: 1 as const,
    target,
    source,
    files: files.map(({ name, fileBytes, header }) => ({
      name,
      fileBytes,
      tensorBytes: header.tensorBytes,
      tensors: header.tensors.length,
    })),
    otherFiles: [...otherFiles],
    tensors: all.length,
    parameters: count(tensors),
    tensorBytes,
    bytesByDtype,
    parts: partsOf(tensors, count),
    quantization: {
      found: groupModules(modules),
      configured: config?.quantization,
      quantizedShare: ratio(
        modules.reduce((sum, module) => sum + module.parameters, 0),
        count(tensors),
      ),
      unquantized: unquantizedKinds(tensors, modules, count),
    },
    float32: { bytes: float32Bytes, share: ratio(float32Bytes, tensorBytes) },
    loading: {
      activeBytes: sumBytes(tensors),
      metalActiveBytes: tensors.reduce((sum, { bytes }) => sum + metalBytes(bytes), 0),
      cudaActiveBytes: tensors.reduce((sum, { bytes }) => sum + cudaBytes(bytes), 0),
      dropped: dropped.map(({ name, bytes }) => ({ name, bytes })),
      voiceBytes,
    },
  };
  return {
    ...findings,
    reading: readingOf(findings),
    warnings: [
      ...(configProblem === undefined ? [] : [configProblem]),
      ...loadingWarnings(all),
      ...warningsOf(findings, config !== undefined),
    ],
  };
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

const wholePages = (bytes: number): number => Math.ceil(bytes / pageBytes) * pageBytes;

/** MetalAllocator::malloc in mlx/backend/metal/allocator.cpp. */
const metalBytes = (bytes: number): number => (bytes > pageBytes ? wholePages(bytes) : bytes);

/**
 * CudaAllocator::malloc in mlx/backend/cuda/allocator.cpp. Of two checkpoints it gave what was active on an H100 to the byte, but
 * for the 8 bytes of the random generator's state.
 */
const cudaBytes = (bytes: number): number =>
  bytes < pageBytes ? Math.max(8, 2 ** Math.ceil(Math.log2(bytes))) : wholePages(bytes);

type Count = (tensors: readonly TensorEntry[]) => number;

function partsOf(tensors: readonly TensorEntry[], count: Count): XrayDocument['parts'] {
  const byPart = Map.groupBy(tensors, ({ name }) => partOf(name));
  return partNames.flatMap((part) => {
    const own = byPart.get(part);
    return own === undefined
      ? []
      : [{ part, parameters: count(own), tensorBytes: sumBytes(own), bytesByDtype: sumByDtype(own) }];
  });
}

function groupModules(modules: readonly QuantizedModule[]): XrayDocument['quantization']['found'] {
  const groups = Map.groupBy(modules, ({ bits, groupSize }) => `${bits} ${groupSize}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined
      ? []
      : [
          {
            bits: first.bits,
            groupSize: first.groupSize,
            modules: group.length,
            parameters: group.reduce((sum, { parameters }) => sum + parameters, 0),
            bytes: sumBytes(group.flatMap((module) => module.tensors)),
          },
        ];
  });
}

function unquantizedKinds(
  tensors: readonly TensorEntry[],
  modules: readonly QuantizedModule[],
  count: Count,
): XrayDocument['quantization']['unquantized'] {
  const quantized = new Set(modules.flatMap((module) => module.tensors));
  const kinds = Map.groupBy(
    tensors.filter((tensor) => !quantized.has(tensor)),
    layerKindOf,
  );
  return [...kinds]
    .map(([kind, own]) => ({
      kind,
      parameters: count(own),
      bytes: sumBytes(own),
      bytesByDtype: sumByDtype(own),
    }))
    .sort((a, b) => b.bytes - a.bytes);
}

type Findings = Omit<XrayDocument, 'reading' | 'warnings'>;

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** `float32: 274.4 MB` of one, `float32 1.0 MB and bfloat16 2.0 MB` of several. */
function byDtype(bytesByDtype: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(bytesByDtype).sort(([, a], [, b]) => b - a);
  const [first] = sorted;
  return sorted.length === 1 && first !== undefined
    ? `${first[0]}: ${formatBytes(first[1])}`
    : sorted.map(([dtype, bytes]) => `${dtype} ${formatBytes(bytes)}`).join(' and ');
}

function readingOf({ quantization, tensorBytes, bytesByDtype }: Findings): string {
  const { found, unquantized, quantizedShare } = quantization;
  if (tensorBytes === 0) {
    return 'There are no weights: no tensor has any elements.';
  }
  if (found.length === 0) {
    return `Nothing is quantized; the weights are ${byDtype(bytesByDtype)}.`;
  }
  const rest: Record<string, number> = {};
  for (const kind of unquantized) {
    for (const [dtype, bytes] of Object.entries(kind.bytesByDtype)) {
      rest[dtype] = (rest[dtype] ?? 0) + bytes;
    }
  }
  const how = found
    .map(({ bits, groupSize, modules }) => `${modules} modules at ${bits} bits in groups of ${groupSize}`)
    .join(', ');
  const what = `${how} hold ${percent(quantizedShare)} of the parameters`;
  return Object.keys(rest).length === 0
    ? `${what}: ${formatBytes(tensorBytes)} in all.`
    : `${what}; the unquantized rest is ${byDtype(rest)} of ${formatBytes(tensorBytes)}.`;
}

/** Of what is stored in dtypes that loading refuses. */
function loadingWarnings(tensors: readonly TensorEntry[]): string[] {
  const strays = new Set(tensors.map(({ dtype }) => dtype).filter((dtype) => !isLoadable(dtype)));
  return strays.size === 0
    ? []
    : [`Tidemark cannot load this with MLX, because it has tensors of the dtype ${[...strays].join(', ')}.`];
}

/** `hasConfig`: whether there is a config.json to compare with. */
function warningsOf(findings: Findings, hasConfig: boolean): string[] {
  const { files, otherFiles, quantization, parts } = findings;
  const { found, configured } = quantization;
  const warnings: string[] = [];
  if (otherFiles.length > 0) {
    warnings.push(
      `The folder also has ${printableList(otherFiles)} beside ${printableList(files.map(({ name }) => name))}: mlx-audio loads all ` +
        'of them, and of tensors with the same name keeps whichever comes last.',
    );
  }
  const missing = ['bert', 'predictor', 'text_encoder', 'decoder', 'decoder.generator'].filter(
    (part) => !parts.some((present) => present.part === part),
  );
  if (missing.length > 0) {
    warnings.push(`This is not a complete Kokoro checkpoint: it has no tensors of ${missing.join(', ')}.`);
  }
  if (found.length > 0 && hasConfig && configured === undefined) {
    warnings.push(
      'Tensors are quantized, but config.json has no `quantization`, so loaders will treat them as unquantized.',
    );
  }
  if (found.length === 0 && configured !== undefined) {
    warnings.push(`config.json says ${configured.bits} bits, but no tensor is quantized.`);
  }
  for (const { bits, groupSize, modules } of found) {
    if (configured !== undefined && (bits !== configured.bits || groupSize !== configured.groupSize)) {
      warnings.push(
        `config.json says ${configured.bits} bits in groups of ${configured.groupSize}, but ${modules} modules have the ` +
          `shapes of ${bits} bits in groups of ${groupSize}.`,
      );
    }
  }
  return warnings;
}
