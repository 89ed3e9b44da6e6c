/** Makes a checkpoint from another one: other bits, another rest, weight norm fused; in a folder of the person's. */

import { readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { checkpointFiles, readConfig } from '../../kokoro/checkpoint-files.ts';
import { parseConfig } from '../../kokoro/config.ts';
import type { BuiltWeights } from '../checkpoint/build-process.ts';
import { runBuildProcess } from '../checkpoint/run-build-process.ts';
import { copyDurably, syncFolder, writeDurably } from '../../files/durable.ts';
import { checkFreeSpace } from '../../files/storage-errors.ts';
import { indexName } from '../hub/repository.ts';
import type { ModelOptions } from '../progress.ts';
import type { ResolvedModel } from '../resolve.ts';
import { readSafetensorsHeader } from '../safetensors/header.ts';
import type { TensorEntry } from '../safetensors/header.ts';
import { fileSource } from '../safetensors/source.ts';
import { checkApart, fillWhole } from './destination.ts';
import { originRecord, originText } from './origin.ts';
import { planRequantization, warningsOf } from './plan.ts';
import type { RequantizeOptions, RequantizePlan } from './plan.ts';

export interface Requantized {
  readonly model: ResolvedModel;
  readonly plan: RequantizePlan;
  readonly warnings: readonly string[];
}

const weightsFile = 'model.safetensors';

/** Throws 'usage' for options that ask for nothing, or that contradict each other. */
export function checkRequest({ bits, groupSize, rest, fuseWeightNorm }: RequantizeOptions): void {
  if (bits === undefined && groupSize !== undefined) {
    throw new TidemarkError('usage', 'A group size was given without bits.', {
      hint: 'Give --bits too: the layers that can be quantized are then packed in groups of that size.',
    });
  }
  if (bits === undefined && rest === undefined && !fuseWeightNorm) {
    throw new TidemarkError('usage', 'Nothing was said of what to change.', {
      hint: 'Give --rest bf16, --bits 4 or --fuse-weight-norm; see `tidemark requantize --help`.',
    });
  }
}

/**
 * Writes the checkpoint to the folder `out`, which is empty or not there. The work is done in a process of its own; the
 * folder is there when it is whole, and not before.
 *
 * Throws a TidemarkError: 'usage', 'bad-input' (a folder that may not be written to), 'bad-checkpoint' or 'bad-config' (of
 * the source), 'not-writable', 'interrupted', 'build-failed', 'native-addon'. Then nothing is left of the attempt.
 */
export async function requantize(
  source: ResolvedModel,
  out: string,
  request: RequantizeOptions,
  options: ModelOptions,
): Promise<Requantized> {
  checkRequest(request);
  const folder = resolve(out);
  checkApart(folder, { dataFolder: options.dataFolder, source: source.folder });
  const entries = await entriesOf(source.folder);
  const plan = planRequantization(entries, parseConfig(readConfig(source.folder)), request);
  const warnings = warningsOf(plan, entries);
  const weights = await fillWhole(folder, options, (partial) =>
    fill(partial, { source, plan, warnings, ...options }),
  );
  const tensorBytes = totalBytes(weights);
  return {
    model: {
      name: folder,
      folder,
      source: { kind: 'folder', description: folder, weightsFile, sha256: weights.sha256 },
      tensorBytes,
      bytesByDtype: weights.bytesByDtype,
    },
    plan,
    warnings,
  };
}

async function entriesOf(folder: string): Promise<TensorEntry[]> {
  const headers = await Promise.all(
    checkpointFiles(folder).map(async (path) => await readSafetensorsHeader(await fileSource(path))),
  );
  return headers.flatMap(({ tensors }) => tensors);
}

const totalBytes = ({ bytesByDtype }: BuiltWeights): number =>
  Object.values(bytesByDtype).reduce((sum, bytes) => sum + bytes, 0);

interface Filling extends ModelOptions {
  readonly source: ResolvedModel;
  readonly plan: RequantizePlan;
  readonly warnings: readonly string[];
}

/** Everything that the folder holds, the weights first. */
async function fill(
  folder: string,
  { source, plan, warnings, onProgress, signal }: Filling,
): Promise<BuiltWeights> {
  const voices = voicesOf(source.folder);
  const voiceBytes = voices.reduce((sum, name) => sum + statSync(join(source.folder, name)).size, 0);
  await checkFreeSpace({
    name: 'The checkpoint',
    neededBytes: plan.tensorBytes + voiceBytes,
    folder,
    variable: '--out',
  });
  const weights = await runBuildProcess(
    { kind: 'requantize', name: 'the checkpoint', source: source.folder, plan, folder, weightsFile },
    {
      signal,
      onProgress: (writtenBytes, totalBytes) =>
        onProgress?.({ kind: 'building', model: 'the checkpoint', writtenBytes, totalBytes }),
    },
  );
  const tensorBytes = totalBytes(weights);
  if (tensorBytes !== plan.tensorBytes) {
    throw new Error(
      `requantize: ${plan.tensorBytes} bytes of tensors were planned and ${tensorBytes} written`,
    );
  }
  const writeJson = (name: string, value: unknown): Promise<void> =>
    writeDurably(join(folder, name), `${JSON.stringify(value, undefined, 2)}\n`);
  await writeJson('config.json', configOf(readConfig(source.folder), plan));
  if (plan.isQuantized) {
    const weightMap = Object.fromEntries([...weights.tensorNames].sort().map((name) => [name, weightsFile]));
    await writeJson(indexName, { metadata: { total_size: tensorBytes }, weight_map: weightMap });
  }
  if (voices.length > 0) {
    await mkdir(join(folder, 'voices'));
    for (const name of voices) {
      await copyDurably(join(source.folder, name), join(folder, name));
    }
    await syncFolder(join(folder, 'voices'));
  }
  const origin = {
    source,
    plan,
    warnings,
    mlxVersion: weights.mlxVersion,
    weights: { file: weightsFile, sha256: weights.sha256, tensorBytes },
  };
  await writeDurably(join(folder, 'README.md'), originText(origin));
  await writeJson('tidemark.json', originRecord(origin));
  return weights;
}

/** Copied rather than linked: whoever edits a voice of the result means that one only. */
function voicesOf(folder: string): string[] {
  try {
    return readdirSync(join(folder, 'voices'))
      .filter((name) => name.endsWith('.safetensors'))
      .map((name) => join('voices', name));
  } catch {
    return [];
  }
}

/** The source's own, its quantization replaced where modules were packed anew; under both names where it had both. */
function configOf(config: unknown, { packing }: RequantizePlan): unknown {
  if (packing === undefined || typeof config !== 'object' || config === null) {
    return config;
  }
  const quantization = { group_size: packing.groupSize, bits: packing.bits };
  return {
    ...config,
    quantization,
    ...('quantization_config' in config ? { quantization_config: quantization } : {}),
  };
}
