/**
 * Why speech came out as NaN or infinite: which tensor of a file, or else which stage of the network, is the first that is not
 * finite. Looked for only when audio was found so, since it reads every weight and speaks again.
 */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatCount } from '@tidemark/shared/format/numbers.ts';
import { printable } from '@tidemark/shared/printable.ts';
import type { Kokoro, SynthesisOptions } from '../kokoro/kokoro.ts';
import { scope } from '../mlx/scope.ts';
import type { Tensor } from '../mlx/tensor.ts';

/** What was being said, in which files' voice. */
export interface Utterance {
  readonly model: Kokoro;
  readonly tokens: readonly number[];
  /** [1, style]. */
  readonly style: Tensor;
  readonly manner: SynthesisOptions;
  readonly files: { readonly folder: string; readonly voiceFile: string };
}

/**
 * Whether there is something in the audio that no speaker could play. Counted in the buffer that was just computed, so that
 * neither active memory nor the peak nor the cache is another for it; a second of speech takes a fraction of a millisecond.
 */
export function isFinite(audio: Tensor): boolean {
  const { nan, infinite } = audio.countNonFinite();
  return nan + infinite === 0;
}

const notFinite = (what: string, cause: string, hint: string): TidemarkError =>
  new TidemarkError('bad-checkpoint', `The model's ${what} not finite: ${cause}.`, { hint });

/**
 * What of the network only durations come from. They are whole numbers of at least 1, NaN or not, so nothing in the audio would
 * tell; these weights, a hundredth of all, are therefore read whenever a model was loaded. Throws 'bad-checkpoint'.
 */
export function requireFiniteDurations(model: Kokoro, folder: string): void {
  const error = weightError('durations are', model, folder, (name) =>
    /^predictor\.(lstm|duration_proj)\./.test(name),
  );
  if (error !== undefined) {
    throw error;
  }
}

function weightError(
  what: string,
  model: Kokoro,
  folder: string,
  isRead: (name: string) => boolean = () => true,
): TidemarkError | undefined {
  const weights = model.weights();
  const bad = model.weightNames().flatMap((name) => {
    const found = isRead(name) ? describe(weights.get(name)) : undefined;
    return found === undefined ? [] : [{ name, found }];
  });
  const [first] = bad;
  if (first === undefined) {
    return undefined;
  }
  const others =
    bad.length === 1 ? '' : `, and ${formatCount(bad.length - 1)} more of its tensors are not finite`;
  return notFinite(
    what,
    `the weight ${printable(first.name)} in ${folder} has ${first.found}${others}`,
    'The file is at fault. Download it again, or convert it again from weights that are finite.',
  );
}

/** The error that says why audio is not finite; undefined where everything is when it is looked for. */
export function nonFiniteError(utterance: Utterance): TidemarkError | undefined {
  const { model, tokens, style, files } = utterance;
  const because = (cause: string, hint: string): TidemarkError => notFinite('audio is', cause, hint);
  const inWeights = weightError('audio is', model, files.folder);
  if (inWeights !== undefined) {
    return inWeights;
  }
  // The tokens at both ends are silence, not phonemes.
  const length = `${tokens.length - 2} phonemes`;
  const inStyle = describe(style);
  if (inStyle !== undefined) {
    return because(
      `the style for ${length} in the voice ${files.voiceFile} has ${inStyle}`,
      'The voice file is at fault. Download it again, or use another voice.',
    );
  }
  const stage = firstStage(utterance);
  // Beyond 65,504 it has no numbers; bfloat16 reaches as far as float32.
  const isHalf = model
    .weights()
    .values()
    .some(({ dtype }) => dtype === 'float16');
  return stage === undefined
    ? undefined
    : because(
        `it first appears in the stage “${stage.name}” for ${length} (${stage.found}), though all weights in ${files.folder} and ` +
          'the voice are finite',
        `The weights make values that ${isHalf ? 'float16' : 'float32'} cannot hold. Use the checkpoint in float32 or bfloat16, or ` +
          'convert it again.',
      );
}

interface StageFinding {
  readonly name: string;
  readonly found: string;
}

/** Speaks again, stage by stage, until one gives a value that is not finite. */
function firstStage({ model, tokens, style, manner }: Utterance): StageFinding | undefined {
  let first: StageFinding | undefined;
  try {
    scope(() => {
      model.synthesize(tokens, style, {
        ...manner,
        graphs: 'stage',
        onEvaluated: ([name = ''], values) => {
          for (const [value, tensor] of Object.entries(values)) {
            const found = value === 'durations' ? describeDurations(tensor) : describe(tensor);
            if (found !== undefined) {
              first ??= { name, found: `${value} has ${found}` };
            }
          }
        },
      });
    });
  } catch (error) {
    // What comes after such a value may well fail on it.
    if (first === undefined) {
      throw error;
    }
  }
  return first;
}

/** As whole numbers durations cannot be NaN any more, but are none that a duration can be. */
function describeDurations(durations: Tensor): string | undefined {
  const frames = Array.from(durations.toTypedArray(), Number);
  const bad = frames.filter((each) => each < 1).length;
  return bad === 0 ? undefined : `${formatCount(bad)} that are not above 0 of ${formatCount(frames.length)}`;
}

/** `3 NaN and 1 infinite of 512 values`; undefined where all are finite. */
function describe(tensor: Tensor | undefined): string | undefined {
  if (tensor === undefined) {
    return undefined;
  }
  const { nan, infinite } = tensor.countNonFinite();
  const counts = [
    ...(nan === 0 ? [] : [`${formatCount(nan)} NaN`]),
    ...(infinite === 0 ? [] : [`${formatCount(infinite)} infinite`]),
  ];
  const values = tensor.shape.reduce((product, length) => product * length, 1);
  return counts.length === 0
    ? undefined
    : `${counts.join(' and ')} of ${formatCount(values)} ${values === 1 ? 'value' : 'values'}`;
}
