/** Makes a checkpoint from another one: other bits, another rest, weight norm fused; in a folder of the person's. */

import { createHash } from 'node:crypto';
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { writeDurably } from '../../files/durable.ts';
import { withLock } from '../../files/lock.ts';
import { openAsOutput } from '../../files/own.ts';
import { errnoOf, storageError } from '../../files/storage-errors.ts';
import { readConfig } from '../../kokoro/checkpoint-files.ts';
import { parseConfig } from '../../kokoro/config.ts';
import { tidemarkVersion } from '../../version.ts';
import { modelsFolder } from '../checkpoint/build.ts';
import { fillWhole, writeContents } from '../checkpoint/write-checkpoint.ts';
import type { CheckpointPlace, WrittenCheckpoint } from '../checkpoint/write-checkpoint.ts';
import type { ModelOptions } from '../progress.ts';
import type { ResolvedModel } from '../resolve.ts';
import { readCheckpointTensors } from '../safetensors/header.ts';
import { voicesIn } from '../voices.ts';
import { changesOf, planRequantization, warningsOf } from './plan.ts';
import type { RequantizeOptions, RequantizePlan } from './plan.ts';

export interface Requantized {
  readonly model: ResolvedModel;
  readonly plan: RequantizePlan;
  readonly warnings: readonly string[];
}

const weightsFile = 'model.safetensors';

/** Throws 'usage' for options that request nothing, or that contradict each other. */
export function checkRequest({ bits, groupSize, rest, fuseWeightNorm }: RequantizeOptions): void {
  if (bits === undefined && groupSize !== undefined) {
    throw new TidemarkError('usage', '--group-size was given without --bits.', {
      hint: 'Add --bits: layers that can be quantized are then packed in groups of that size.',
    });
  }
  if (bits === undefined && rest === undefined && !fuseWeightNorm) {
    throw new TidemarkError('usage', 'No change was requested.', {
      hint: 'Add --rest bf16, --bits 4, or --fuse-weight-norm; see `tidemark requantize --help`.',
    });
  }
}

/**
 * Writes the checkpoint to the folder `out`, which is empty or not there. The work is done in a process of its own; the
 * folder is there when it is whole, and not before. One process at a time writes to an `out`.
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
  const entries = await readCheckpointTensors(source.folder);
  const plan = planRequantization(entries, parseConfig(readConfig(source.folder)), request);
  const warnings = warningsOf(plan, entries);
  const lock = `out-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.lock`;
  const { sha256, tensorBytes, bytesByDtype } = await withLock(
    join(options.dataFolder, 'locks', lock),
    () => write({ source, plan, warnings }, folder, options),
    options,
  );
  return {
    model: {
      name: folder,
      folder,
      source: { kind: 'folder', description: folder, weightsFile, sha256 },
      tensorBytes,
      bytesByDtype,
    },
    plan,
    warnings,
  };
}

interface Origin {
  readonly source: ResolvedModel;
  readonly plan: RequantizePlan;
  readonly warnings: readonly string[];
}

async function write(origin: Origin, folder: string, options: ModelOptions): Promise<WrittenCheckpoint> {
  const { source, plan } = origin;
  const place: CheckpointPlace = {
    name: 'the checkpoint',
    folder,
    partial: join(dirname(folder), `.${basename(folder)}.tidemark-partial`),
    variable: '--out',
    // An empty folder gives way to the new one; one that has been filled meanwhile does not.
    clear: () => checkVacant(folder),
  };
  checkVacant(folder);
  return await fillWhole(place, options.signal, async () => {
    const voices = { folder: join(source.folder, 'voices'), names: voicesIn(source.folder) };
    const voiceBytes = voices.names.reduce((sum, name) => sum + statSync(join(voices.folder, name)).size, 0);
    const written = await writeContents(
      place,
      {
        tensors: { kind: 'checkpoint', folder: source.folder, plan },
        weightsFile,
        neededBytes: plan.tensorBytes + voiceBytes,
        config: configOf(readConfig(source.folder), plan),
        isQuantized: plan.isQuantized,
        // Whoever edits a voice of the result means that one only.
        voices: { ...voices, areShared: false },
      },
      options,
    );
    if (written.tensorBytes !== plan.tensorBytes) {
      throw new Error(
        `requantize: ${plan.tensorBytes} bytes of tensors were planned and ${written.tensorBytes} written`,
      );
    }
    await writeDurably(join(place.partial, 'README.md'), originText(origin, written));
    const record = JSON.stringify(originRecord(origin, written), undefined, 2);
    await writeDurably(join(place.partial, 'tidemark.json'), `${record}\n`);
    openAsOutput(place.partial);
    return written;
  });
}

/** The source's own, its quantization replaced where modules were newly packed; under both names where it had both. */
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

/** What the folder's `README.md` says of where it came from. */
function originText({ source, plan, warnings }: Origin, { mlxVersion }: WrittenCheckpoint): string {
  const { name, source: from } = source;
  const described = from.description === name ? name : `${name} (${from.description})`;
  const changes = changesOf(plan);
  return `# Kokoro-82M, requantized

Made by Tidemark ${tidemarkVersion} with MLX ${mlxVersion} from ${described},
${from.weightsFile} with the SHA-256 ${from.sha256}.

${(changes.length === 0 ? ['no changes'] : changes).map((change) => `- ${change}`).join('\n')}
${warnings.map((warning) => `\n${warning}\n`).join('')}
${from.license === undefined ? 'The license of the source applies.' : `The weights are under ${from.license}.`}
`;
}

/** The same for programs, in its `tidemark.json`. */
function originRecord(
  { source, plan }: Origin,
  { mlxVersion, sha256, tensorBytes }: WrittenCheckpoint,
): Record<string, unknown> {
  const { packing, rest, fuseWeightNorm, kept, packed, repacked, castTensors } = plan;
  return {
    kind: 'requantized',
    tidemark: tidemarkVersion,
    mlx: mlxVersion,
    created: new Date().toISOString(),
    source: { name: source.name, ...source.source },
    options: { ...packing, rest, fuseWeightNorm },
    modules: { kept: kept.length, packed: packed.length, repacked: repacked.length },
    castTensors,
    weights: { file: weightsFile, sha256, tensorBytes },
  };
}

/** What must not be written into. */
export interface Surroundings {
  readonly dataFolder: string;
  /** The folder of the checkpoint that is read. */
  readonly source: string;
}

/** Throws 'bad-input' where there is something at `out` already. */
export function checkVacant(out: string): void {
  let entries: string[];
  try {
    entries = readdirSync(out);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') {
      return;
    }
    if (errno === 'ENOTDIR') {
      throw new TidemarkError(
        'bad-input',
        `${out} is a file or is inside one, so no folder can be created there.`,
        { hint: 'Set --out to a folder that is empty or does not exist yet.' },
      );
    }
    throw storageError(error, out, '--out');
  }
  if (entries.length > 0) {
    throw new TidemarkError('bad-input', `${out} is not empty, and its files are never overwritten.`, {
      hint: 'Set --out to a folder that is empty or does not exist yet.',
    });
  }
}

/** Throws 'bad-input' where `out` lies in the source, or among the models that Tidemark builds and removes itself. */
function checkApart(out: string, { dataFolder, source }: Surroundings): void {
  const place = realPath(out);
  if (isWithin(place, realPath(source))) {
    throw new TidemarkError('bad-input', `${out} is inside the source checkpoint.`, {
      hint: 'Set --out to a folder outside it.',
    });
  }
  if (isWithin(place, realPath(modelsFolder(dataFolder)))) {
    throw new TidemarkError('bad-input', `${out} is inside the folder of the models that Tidemark builds.`, {
      hint: 'Set --out to a folder of your own.',
    });
  }
}

/** The path with its links followed, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../');
}
