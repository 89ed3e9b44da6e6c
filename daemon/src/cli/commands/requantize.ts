/** `tidemark requantize MODEL --out DIR`: a checkpoint converted from another one, and what that changes. */

import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { requantizeSchemaVersion } from '@tidemark/shared/protocol/requantize-document.ts';
import type { RequantizeDocument, Verification } from '@tidemark/shared/protocol/requantize-document.ts';
import { changesOf, fusedWarning } from '../../models/requantize/plan.ts';
import { checkRequest, checkVacant, requantize } from '../../models/requantize/requantize.ts';
import type { Requantized } from '../../models/requantize/requantize.ts';
import { resolveModel, voicePath } from '../../models/resolve.ts';
import type { ResolvedModel } from '../../models/resolve.ts';
import { checkNames } from '../../models/voices.ts';
import { xray } from '../../models/xray/xray.ts';
import { RunClock } from '../../profiler/profile.ts';
import { profileDefaults, settleSettings, speechDefaults } from '../../profiler/settings.ts';
import { verifyIterations, verifyRequantized } from '../../profiler/verify.ts';
import { printResult } from '../command.ts';
import type { Context, OutputOptions } from '../command.ts';
import { modelArgument, spokenBy } from '../options.ts';
import { givenFile, givenVoice } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { requantizeReport } from '../reports/study-report.ts';
import { showLoop } from '../runs/show-steps.ts';
import { modelOptions } from '../runs/subject.ts';

interface RequantizeCommandOptions extends OutputOptions {
  readonly out: string;
  readonly bits?: string;
  readonly groupSize?: string;
  readonly rest?: 'bf16' | 'fp32';
  readonly fuseWeightNorm?: true;
  readonly verify?: true;
  readonly voice: string;
  readonly text?: string;
  readonly phonemes?: string;
}

export function addRequantizeCommand(program: Command): void {
  const command = program
    .command('requantize')
    .summary('convert a checkpoint to other bit widths or dtypes')
    .description(
      'Makes a checkpoint from another one: packs the quantizable layers at another bit width, casts all other tensors to another ' +
        'dtype, or both. Layers already packed at the chosen width are copied bit for bit, so casting the rest of a quantized ' +
        'checkpoint loses nothing in its quantized layers. The result is a folder that mlx-audio and Tidemark can load. It ' +
        'appears only when it is complete.',
    )
    .addArgument(modelArgument())
    .requiredOption('--out <folder>', 'folder to write; must be empty or not exist', givenFile)
    .addOption(new Option('--bits <n>', 'bit width for the quantizable layers').choices(['4', '6', '8']))
    .addOption(
      new Option(
        '--group-size <n>',
        "number of values that share a scale (default: the source's, or else 64)",
      ).choices(['32', '64', '128']),
    )
    .addOption(new Option('--rest <dtype>', 'dtype for all other tensors').choices(['bf16', 'fp32']))
    .option('--fuse-weight-norm', 'store fused convolution weights; the result loads only in Tidemark')
    .optionsGroup('Verification:')
    .option('--verify', 'measure source and result: memory, time, and similarity of the audio')
    .option('--voice <name>', 'voice for the measurement', givenVoice, speechDefaults.voice)
    .option('--text <text>', `text for the measurement (default: ${JSON.stringify(profileDefaults.text)})`)
    .option('--phonemes <ipa>', "say these phonemes instead of a text, in Kokoro's notation");
  addExamples(
    command,
    [
      'tidemark requantize 4bit-fp32 --rest bf16 --out ./kokoro-4bit-bf16 --verify',
      'tidemark requantize ./my-checkpoint --bits 8 --rest bf16 --out ./my-checkpoint-8bit',
    ],
    fusedWarning,
  );
  printResult(command, async (context, model: string, options: RequantizeCommandOptions) => {
    const document = await run(model, options, context);
    return { document, text: () => requantizeReport(document) };
  });
}

const dtypes = { bf16: 'bfloat16', fp32: 'float32' } as const;
const numberOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : Number(value);

async function run(
  spec: string,
  options: RequantizeCommandOptions,
  context: Context,
): Promise<RequantizeDocument> {
  const clock = new RunClock();
  const request = {
    bits: numberOf(options.bits),
    groupSize: numberOf(options.groupSize),
    rest: options.rest === undefined ? undefined : dtypes[options.rest],
    fuseWeightNorm: options.fuseWeightNorm === true,
  };
  // Everything that can be wrong with the words is said before a model is built or fetched.
  checkRequest(request);
  checkVacant(resolve(options.out));
  const settings = options.verify === true ? await verificationSettings(spec, options, context) : undefined;

  const forModels = modelOptions(context);
  const source = await resolveModel(spec, forModels);
  const made = await requantize(source, options.out, request, forModels);
  const { folder } = made.model;
  const { reading } = await xray(folder, forModels);
  context.progress.note(`Wrote ${folder}.`);
  const verification =
    settings === undefined ? undefined : await verify({ source, made: made.model, settings }, context);
  const { plan } = made;
  return {
    kind: 'requantize',
    schemaVersion: requantizeSchemaVersion,
    startedAt: clock.startedAt,
    seconds: clock.seconds,
    source: recordOf(source),
    result: recordOf(made.model),
    folder,
    options: {
      ...(request.bits === undefined ? {} : { bits: request.bits }),
      ...(request.groupSize === undefined ? {} : { groupSize: request.groupSize }),
      ...(request.rest === undefined ? {} : { rest: request.rest }),
      fuseWeightNorm: request.fuseWeightNorm,
    },
    changes: changesOf(plan),
    modules: { kept: plan.kept.length, packed: plan.packed.length, repacked: plan.repacked.length },
    castTensors: plan.castTensors,
    fusedConvolutions: plan.fusedConvolutions,
    loadsIn: loadersOf(made),
    reading,
    warnings: [...made.warnings],
    ...(verification === undefined ? {} : { verification }),
  };
}

const loadersOf = ({ plan }: Requantized): RequantizeDocument['loadsIn'] =>
  plan.fusedConvolutions > 0 ? ['tidemark'] : ['tidemark', 'mlx-audio'];

const recordOf = ({
  name,
  source,
  tensorBytes,
  bytesByDtype,
}: ResolvedModel): RequantizeDocument['source'] => ({
  name,
  source: { ...source },
  tensorBytes,
  bytesByDtype: { ...bytesByDtype },
});

/** Deterministic, so that what differs is the checkpoint's doing. */
async function verificationSettings(
  spec: string,
  { voice, ...spoken }: RequantizeCommandOptions,
  { signal }: Context,
): Promise<ProfileSettings> {
  checkNames([spec], voice);
  return await settleSettings(
    {
      ...(await spokenBy(spoken)),
      voice,
      seed: speechDefaults.seed,
      speed: speechDefaults.speed,
      deterministic: true,
      iterations: verifyIterations,
      warmupIterations: 1,
    },
    signal,
  );
}

interface Pair {
  readonly source: ResolvedModel;
  readonly made: ResolvedModel;
  readonly settings: ProfileSettings;
}

/** Both speak with one file of the voice. */
async function verify({ source, made, settings }: Pair, context: Context): Promise<Verification> {
  const voiceFile = await voicePath(source, settings.voice, modelOptions(context));
  const show = {
    original: showLoop(context, 'the source', settings),
    result: showLoop(context, 'the result', settings),
  };
  return await verifyRequantized({ model: source, voiceFile }, { model: made, voiceFile }, settings, {
    signal: context.signal,
    onStep: (which, step) => show[which](step),
  });
}
