import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { likeness } from '../../daemon/src/audio/log-mel.ts';
import { ModelHost } from '../../daemon/src/host/model-host.ts';
import { mlxAudioEnvironment } from '../../daemon/src/host/python-environment.ts';
import type { Engine } from '../../daemon/src/host/transport.ts';
import { recipes } from '../../daemon/src/models/recipes.ts';
import type { RequantizeOptions } from '../../daemon/src/models/requantize/plan.ts';
import { requantize } from '../../daemon/src/models/requantize/requantize.ts';
import { resolveModel, resolveSubject } from '../../daemon/src/models/resolve.ts';
import { buildFolder, dataFolder } from '../../daemon/src/paths.ts';
import { askPeer, peerPython } from './ask-peer.ts';
import { comparePronunciations } from './pronunciations.ts';

/** Short, for mlx-audio takes half a minute for a second of audio on a CPU. */
const phonemes = 'həlˈO.';
/** Of the parity tests. From one seed both draw the same noise, and agree to four digits where they were measured. */
const leastCorrelation = 0.98;

interface Case {
  readonly source: string;
  readonly request: Partial<RequantizeOptions>;
}

const cases: readonly Case[] = [
  { source: '4bit-fp32', request: { rest: 'bfloat16' } },
  { source: 'bf16', request: { bits: 6, groupSize: 32 } },
  { source: '4bit-fp32', request: { bits: 8, rest: 'bfloat16' } },
  { source: 'fp32', request: { rest: 'bfloat16' } },
  { source: 'bf16', request: { fuseWeightNorm: true } },
];

/**
 * Whether mlx-audio's loader accepts strictly what `tidemark requantize` makes, and its network says the same with it as ours
 * does. A checkpoint with fused weight norm must be refused, as the command says that it is. Prints a line for each case;
 * gives whether all are as they should be.
 */
async function checkRequantized(python: string): Promise<boolean> {
  const folder = await mkdtemp(join(buildFolder, 'interop-'));
  const engine: Engine = { name: 'mlx-audio', python, isOwn: true };
  try {
    const options = { dataFolder: dataFolder() };
    const { voiceFile } = await resolveSubject('bf16', 'af_heart', options);
    let areAllWell = true;
    for (const [index, { source, request }] of cases.entries()) {
      const { model } = await requantize(
        await resolveModel(source, options),
        join(folder, `checkpoint-${index}`),
        { fuseWeightNorm: false, ...request },
        options,
      );
      const name = `${source} ${JSON.stringify(request)}`;
      const files = { folder: model.folder, voiceFile };
      const theirs = await say(files, { engine }).catch((error: unknown) => error);
      if (theirs instanceof Error || typeof theirs !== 'object' || theirs === null) {
        console.log(
          `${name}: refused by mlx-audio (${theirs instanceof Error ? theirs.message : 'no answer'})`,
        );
        areAllWell &&= request.fuseWeightNorm === true;
        continue;
      }
      const { audio, own: durations, loadedBytes } = theirs as Speech;
      const ours = await say(files, { durations });
      const correlation = likeness(audio, ours.audio, 24_000)?.correlation ?? NaN;
      const frames = sum(ours.own) - sum(durations);
      console.log(
        `${name}: loaded strictly, ${loadedBytes} bytes; it says ${audio.length} samples, ours ` +
          `${frames === 0 ? 'the same length' : `${frames} frames more`}, log-mel correlation ${correlation.toFixed(4)}`,
      );
      areAllWell &&=
        request.fuseWeightNorm !== true &&
        // MLX's allocator rounds each tensor up by a few bytes.
        Math.abs(loadedBytes / model.tensorBytes - 1) < 0.001 &&
        audio.length === ours.audio.length &&
        Math.abs(frames) <= 1 &&
        correlation >= leastCorrelation;
    }
    return areAllWell;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

interface Speech {
  readonly audio: Float32Array;
  /** The durations that the network predicts. */
  readonly own: readonly number[];
  readonly loadedBytes: number;
}

/** What an engine says with a checkpoint, Tidemark's own unless another is given; with durations, they are replayed. */
async function say(
  files: { readonly folder: string; readonly voiceFile: string },
  { engine, durations }: { readonly engine?: Engine; readonly durations?: readonly number[] },
): Promise<Speech> {
  await using host = await ModelHost.start({ engine });
  const load = await host.load(files);
  const [own = []] = await host.durations({ phonemes: [phonemes], speed: 1 });
  const given = durations === undefined ? {} : { durations: [...durations] };
  const { audio } = await host.synthesize({ phonemes, seed: 0, deterministic: false, speed: 1, ...given });
  return { audio, own, loadedBytes: load.activeBytes };
}

const results = v.array(
  v.object({
    name: v.string(),
    tensors: v.number(),
    tensorBytes: v.number(),
    differing: v.array(v.string()),
  }),
);

/** Prints a line for each model; gives whether all have the peer's bytes. */
async function checkCatalogue(python: string, names: readonly string[]): Promise<boolean> {
  const options = { dataFolder: dataFolder() };
  const float32Folder = (await resolveModel('fp32', options)).folder;
  const models = [];
  for (const { name, rest, quantization } of recipes.filter((recipe) => names.includes(recipe.name))) {
    const { folder } = await resolveModel(name, options);
    models.push({ name, rest, bits: quantization?.bits, folder });
  }
  const answers = await askPeer(python, join(import.meta.dirname, 'peer.py'), {
    job: { float32Folder, models },
    schema: results,
  });
  for (const { name, tensors, tensorBytes, differing } of answers) {
    const verdict =
      differing.length === 0
        ? 'the same bytes as the peer makes'
        : `${differing.length} tensors differ, the first ${differing.slice(0, 3).join(', ')}`;
    console.log(`${name}: loaded strictly, ${tensors} tensors, ${tensorBytes} bytes, ${verdict}`);
  }
  return answers.every(({ differing }) => differing.length === 0);
}

const requantized = 'requantized';
const pronunciations = 'pronunciations';
const known = [...recipes.map(({ name }) => name), requantized, pronunciations];
const names = process.argv.length > 2 ? process.argv.slice(2) : known;
const stray = names.find((name) => !known.includes(name));
if (stray !== undefined) {
  console.error(`There is no model named ${stray}: pass any of ${known.join(', ')}, or nothing for all.`);
  process.exit(2);
}
const catalogued = names.filter((name) => name !== requantized && name !== pronunciations);
const python =
  catalogued.length > 0 || names.includes(requantized)
    ? await peerPython(mlxAudioEnvironment(dataFolder()))
    : '';
const isCatalogueWell = catalogued.length === 0 || (await checkCatalogue(python, catalogued));
const areRequantizedWell = !names.includes(requantized) || (await checkRequantized(python));
const areReadAlike = !names.includes(pronunciations) || (await comparePronunciations());
process.exitCode = isCatalogueWell && areRequantizedWell && areReadAlike ? 0 : 1;
