/** A loaded Kokoro: from phonemes and a style to samples. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { StrategyName } from '@tidemark/shared/protocol/workload.ts';
import { loadSafetensors } from '../mlx/safetensors.ts';
import { array, astype, slice } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import type { DType, Tensor } from '../mlx/tensor.ts';
import { Checkpoint } from '../nn/weights.ts';
import { alter } from './alterations.ts';
import type { Alterations } from './alterations.ts';
import { checkpointFiles, isDropped, readConfig, unreadableTensors } from './checkpoint-files.ts';
import { parseConfig, quantizationAt } from './config.ts';
import type { KokoroConfig } from './config.ts';
import { KokoroNetwork } from './network.ts';
import type { StageOptions, ValueName } from './network.ts';
import { runStages } from './stages.ts';
import type { Stage } from './stages.ts';
import { strategies } from './strategy.ts';
import type { Strategy } from './strategy.ts';

export interface SynthesisOptions {
  /** Durations are divided by it; 1 unless given. */
  readonly speed?: number | undefined;
  /** Leaves the excitation's noise and initial phases out, so that the same input gives the same audio. */
  readonly deterministic?: boolean | undefined;
  /** What is built and evaluated as one graph: what needs no numbers in between, unless given, or each stage alone. */
  readonly graphs?: 'whole' | 'stage' | undefined;
  /** The frames of each token, in the place of those that the network would predict. */
  readonly durations?: readonly number[] | undefined;
  /** Casts the values that pass between stages, the style included, so that what reads them computes in this dtype. */
  readonly activations?: 'bfloat16' | undefined;
  /** Called when the graph of a stage has been built, with all that it gives. */
  readonly onBuilt?:
    ((stage: string, values: Readonly<Partial<Record<ValueName, Tensor>>>) => void) | undefined;
  /** Evaluates a graph, given what it is to give; as the strategy does unless given. */
  readonly evaluateGraph?: ((values: Readonly<Partial<Record<ValueName, Tensor>>>) => void) | undefined;
  /** Called when a graph has been evaluated, with the names of its stages and the values that are kept of it. */
  readonly onEvaluated?: (
    stages: readonly string[],
    values: Readonly<Partial<Record<ValueName, Tensor>>>,
  ) => void;
}

interface Speech {
  /** float32 [1, samples], evaluated; it belongs to the enclosing scope, or to the caller outside of any. */
  readonly audio: Tensor;
  /** Of each token, in frames. */
  readonly durations: Int32Array;
}

export class Kokoro implements Disposable {
  readonly config: KokoroConfig;
  readonly network: KokoroNetwork;
  readonly #checkpoint: Checkpoint;
  readonly #strategy: Strategy;

  private constructor(
    config: KokoroConfig,
    network: KokoroNetwork,
    checkpoint: Checkpoint,
    strategy: Strategy,
  ) {
    this.config = config;
    this.network = network;
    this.#checkpoint = checkpoint;
    this.#strategy = strategy;
  }

  /**
   * Loads a checkpoint folder, in PyTorch's layout or in mlx-audio's, quantized or not. Throws a TidemarkError: 'bad-config',
   * or 'bad-checkpoint', for keys that are missing, misshapen or unknown with a list of them. `changes` change the weights
   * on the way, beside what the strategy changes.
   */
  static load(folder: string, changes: Alterations = {}, strategyName: StrategyName = 'faithful'): Kokoro {
    const strategy = strategies[strategyName];
    const alterations = { ...strategy.alterations, ...changes };
    const config = parseConfig(readConfig(folder));
    const tensors = loadFiles(checkpointFiles(folder));
    alter(tensors, alterations, (path) => quantizationAt(config, path));
    const checkpoint = new Checkpoint(tensors, {
      description: folder,
      quantizationAt: (path) => quantizationAt(config, path),
      quantizedProduct: alterations.quantizedProduct,
      // A buffer of PyTorch's module rather than a weight.
      ignores: isDropped,
      channelsFirst: [...tensors.keys()].some((key) => key.endsWith('.weight_ih_l0')),
    });
    try {
      const network = new KokoroNetwork(checkpoint.root(), config, strategy.generatorLayers);
      checkpoint.assertFits();
      checkpoint.materialize();
      return new Kokoro(config, network, checkpoint, strategy);
    } catch (error) {
      checkpoint.dispose();
      throw error;
    }
  }

  /** The tensors as loaded, by the checkpoint's names. */
  weights(): ReadonlyMap<string, Tensor> {
    return this.#checkpoint.tensors;
  }

  /** Their names in the order in which the network reads them. */
  weightNames(): readonly string[] {
    return this.#checkpoint.used;
  }

  /** The most phonemes of one utterance: the network's positions, less the two tokens that enclose it. */
  get maximumPhonemes(): number {
    return this.config.plbert.max_position_embeddings - 2;
  }

  /** The tokens of phonemes, enclosed in token 0. Symbols that the vocabulary lacks are dropped, as mlx-audio does. */
  tokenize(phonemes: string): number[] {
    const tokens = Array.from(phonemes, (symbol) => this.config.vocab[symbol]);
    return [0, ...tokens.filter((token) => token !== undefined), 0];
  }

  /**
   * Speaks tokens ({@link tokenize}) in a style [1, 2 · style_dim]. Throws a TidemarkError: 'bad-text' where there are no
   * phonemes or too many, 'bad-input' for a speed that is not above 0.
   */
  synthesize(tokens: readonly number[], style: Tensor, options: SynthesisOptions = {}): Speech {
    const {
      speed = 1,
      deterministic = false,
      graphs = 'whole',
      onBuilt,
      evaluateGraph = this.#strategy.evaluate,
      onEvaluated,
    } = options;
    this.#check(tokens, style, options);
    const inputs = scope(() => this.#inputs(tokens, style, options));
    try {
      const stages = this.#stages({ speed, noise: !deterministic }, options);
      const groups = graphs === 'whole' ? stages : stages.flat().map((stage) => [stage]);
      const { audio, durations } = runStages(groups, {
        inputs,
        outputs: ['audio', 'durations'],
        onBuilt,
        evaluateGroup: evaluateGraph,
        onEvaluated: (group, values) =>
          onEvaluated?.(
            group.map((stage) => stage.name),
            values,
          ),
      });
      try {
        return { audio, durations: Int32Array.from(durations.toTypedArray(), Number) };
      } finally {
        durations.dispose();
      }
    } finally {
      Object.values(inputs).forEach((input) => input.dispose());
    }
  }

  /** The frames that the network predicts for each token; nothing after that is computed. */
  predictDurations(tokens: readonly number[], style: Tensor, speed = 1): Int32Array {
    this.#check(tokens, style, { speed });
    const inputs = scope(() => this.#inputs(tokens, style, {}));
    try {
      const stages = this.network.textStages({ speed, noise: false });
      const evaluateGroup = this.#strategy.evaluate;
      using durations = runStages([stages], { inputs, outputs: ['durations'], evaluateGroup }).durations;
      return Int32Array.from(durations.toTypedArray(), Number);
    } finally {
      Object.values(inputs).forEach((input) => input.dispose());
    }
  }

  dispose(): void {
    this.#checkpoint.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** What is evaluated before the durations' numbers are needed, and after. */
  #stages(
    stageOptions: StageOptions,
    { durations, activations }: SynthesisOptions,
  ): (readonly Stage<ValueName>[])[] {
    const text = this.network
      .textStages(stageOptions)
      .filter(({ name }) => durations === undefined || name !== 'durations');
    const speech = this.network.speechStages(stageOptions);
    return activations === undefined
      ? [text, speech]
      : [text, speech].map((stages) => stages.map((stage) => castingStage(stage, activations)));
  }

  #inputs(
    tokens: readonly number[],
    style: Tensor,
    { durations, activations }: SynthesisOptions,
  ): Partial<Record<ValueName, Tensor>> {
    const half = this.config.style_dim;
    const typed = activations === undefined ? style : astype(style, activations);
    const perToken = (values: readonly number[]): Tensor => array(values, [1, tokens.length], 'int32');
    return {
      tokenIds: perToken(tokens),
      decoderStyle: slice(typed, 1, 0, half),
      prosodyStyle: slice(typed, 1, half),
      ...(durations && { durations: perToken(durations) }),
    };
  }

  #check(tokens: readonly number[], style: Tensor, { speed = 1, durations }: SynthesisOptions): void {
    const phonemeCount = tokens.length - 2;
    if (phonemeCount < 1) {
      throw new TidemarkError('bad-text', 'The text contains no phonemes that the model knows.', {
        hint: 'Give text that can be pronounced, or phonemes from the model’s vocabulary.',
      });
    }
    if (phonemeCount > this.maximumPhonemes) {
      throw new TidemarkError(
        'bad-text',
        `The text has ${phonemeCount} phonemes, but the model accepts at most ${this.maximumPhonemes} at a time.`,
        { hint: 'Split it at the end of a sentence.' },
      );
    }
    const stray = tokens.find(
      (token) => !Number.isInteger(token) || token < 0 || token >= this.config.n_token,
    );
    if (stray !== undefined) {
      throw new RangeError(`synthesize: ${stray} is not a token below ${this.config.n_token}`);
    }
    if (durations !== undefined && durations.length !== tokens.length) {
      throw new RangeError(`synthesize: ${durations.length} durations for ${tokens.length} tokens`);
    }
    if (!Number.isFinite(speed) || speed <= 0) {
      throw new TidemarkError('bad-input', `The speed must be a number greater than 0, not ${speed}.`);
    }
    const styleSize = 2 * this.config.style_dim;
    if (style.shape.length !== 2 || style.dim(0) !== 1 || style.dim(1) !== styleSize) {
      throw new TidemarkError(
        'bad-checkpoint',
        `The voice's style has the shape [${style.shape.join(', ')}], but this model needs [1, ${styleSize}].`,
        { hint: 'Use a voice that was published with the model.' },
      );
    }
  }
}

/** Not cast: the durations are whole numbers, and the audio is what is compared. */
const uncast: readonly ValueName[] = ['durations', 'frameTokens', 'audio'];

/** The same stage, its values cast on their way to the next. */
const castingStage = (stage: Stage<ValueName>, dtype: DType): Stage<ValueName> => ({
  ...stage,
  run: (values) =>
    Object.fromEntries(
      Object.entries(stage.run(values)).map(([name, value]) => [
        name,
        uncast.includes(name as ValueName) ? value : astype(value, dtype),
      ]),
    ),
});

/** The tensors of all files, which no two may name alike, lazily and as they are stored. They are the caller's. */
export function loadFiles(paths: readonly string[]): Map<string, Tensor> {
  const all = new Map<string, Tensor>();
  try {
    for (const path of paths) {
      for (const [key, tensor] of loadFile(path)) {
        if (all.has(key)) {
          tensor.dispose();
          throw new TidemarkError(
            'bad-checkpoint',
            `${key} appears in more than one of ${paths.join(', ')}.`,
            {
              hint: 'Download the checkpoint again.',
            },
          );
        }
        all.set(key, tensor);
      }
    }
  } catch (error) {
    all.forEach((tensor) => tensor.dispose());
    throw error;
  }
  return all;
}

function loadFile(path: string): Map<string, Tensor> {
  try {
    return loadSafetensors(path).tensors;
  } catch (cause) {
    throw unreadableTensors(path, cause);
  }
}
