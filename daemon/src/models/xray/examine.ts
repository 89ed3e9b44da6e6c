/** Makes an x-ray from headers: pure arithmetic on what they list. */

import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { sumByDtype } from '../safetensors/header.ts';
import type { SafetensorsHeader, TensorEntry } from '../safetensors/header.ts';
import { voiceBytes } from '../voices.ts';
import { layerKindOf, logicalParameters, partNames, partOf } from './anatomy.ts';
import { findQuantizedModules } from './quantized-modules.ts';
import type { ConfiguredQuantization, QuantizedModule } from './quantized-modules.ts';
import { readingOf, warningsOf } from './reading.ts';

export interface ExaminedFile {
  readonly name: string;
  readonly fileBytes: number;
  readonly header: SafetensorsHeader;
}

export interface Examination {
  readonly target: string;
  readonly source: XrayDocument['source'];
  readonly files: readonly ExaminedFile[];
  /** Safetensors files beside them that an index does not list. */
  readonly otherFiles: readonly string[];
  /** Nothing where there is no config.json. */
  readonly config: { readonly quantization: ConfiguredQuantization | undefined } | undefined;
}

/** A page of memory on Apple silicon. */
const metalPageBytes = 16_384;

export function examine({ target, source, files, otherFiles, config }: Examination): XrayDocument {
  const all = files.flatMap(({ header }) => header.tensors);
  // Position numbers are a buffer of PyTorch's module; no loader of Kokoro for MLX keeps them.
  const dropped = all.filter(({ name }) => name.includes('position_ids'));
  const tensors = all.filter((tensor) => !dropped.includes(tensor));
  const modules = findQuantizedModules(
    new Map(tensors.map((tensor) => [tensor.name, tensor])),
    config?.quantization,
  );
  const parameters = logicalParameters(tensors, modules);
  const count = (some: readonly TensorEntry[]): number =>
    some.reduce((sum, tensor) => sum + (parameters.get(tensor) ?? 0), 0);
  const tensorBytes = bytesOf(all);
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
      ...(config?.quantization && { configured: { ...config.quantization } }),
      quantizedShare: ratio(
        modules.reduce((sum, module) => sum + module.parameters, 0),
        count(tensors),
      ),
      unquantized: unquantizedKinds(tensors, modules, count),
    },
    float32: { bytes: float32Bytes, share: ratio(float32Bytes, tensorBytes) },
    loading: {
      activeBytes: bytesOf(tensors),
      metalActiveBytes: tensors.reduce((sum, { bytes }) => sum + metalBytes(bytes), 0),
      dropped: dropped.map(({ name, bytes }) => ({ name, bytes })),
      voiceBytes,
    },
  };
  return {
    ...findings,
    reading: readingOf(findings),
    warnings: warningsOf(findings, config !== undefined),
  };
}

const bytesOf = (tensors: readonly TensorEntry[]): number =>
  tensors.reduce((sum, { bytes }) => sum + bytes, 0);

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** MetalAllocator::malloc in mlx/backend/metal/allocator.cpp. */
const metalBytes = (bytes: number): number =>
  bytes > metalPageBytes ? Math.ceil(bytes / metalPageBytes) * metalPageBytes : bytes;

type Count = (tensors: readonly TensorEntry[]) => number;

function partsOf(tensors: readonly TensorEntry[], count: Count): XrayDocument['parts'] {
  const byPart = Map.groupBy(tensors, ({ name }) => partOf(name));
  return partNames.flatMap((part) => {
    const own = byPart.get(part);
    return own === undefined
      ? []
      : [{ part, parameters: count(own), tensorBytes: bytesOf(own), bytesByDtype: sumByDtype(own) }];
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
            bytes: bytesOf(group.flatMap((module) => module.tensors)),
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
      bytes: bytesOf(own),
      bytesByDtype: sumByDtype(own),
    }))
    .sort((a, b) => b.bytes - a.bytes);
}
