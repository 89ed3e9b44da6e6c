/** A Kokoro of a few hundred kilobytes, with invented weights, for tests that need a model but not speech. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  add,
  array,
  astype,
  contiguous,
  multiply,
  quantize,
  randomNormal,
  seedRandom,
  transpose,
} from '../src/mlx/ops.ts';
import { keep, scope } from '../src/mlx/scope.ts';
import type { Tensor } from '../src/mlx/tensor.ts';
import { parseConfig } from '../src/kokoro/config.ts';
import { KokoroNetwork } from '../src/kokoro/network.ts';
import { strategies } from '../src/kokoro/strategy.ts';
import { architecture } from '../src/models/recipes.ts';
import { Checkpoint } from '../src/nn/weights.ts';
import type { KernelShape } from '../src/nn/weights.ts';
import { numbers } from './numbers.ts';
import { writeTensors } from './checkpoint-of.ts';

/** Kokoro's configuration with every size made as small as its proportions and a group of 64 allow. */
export const tinyConfig = {
  ...architecture,
  istftnet: { ...architecture.istftnet, upsample_initial_channel: 16 },
  dim_in: 64,
  hidden_dim: 64,
  max_conv_dim: 64,
  max_dur: 4,
  n_layer: 2,
  n_token: 16,
  style_dim: 64,
  plbert: {
    ...architecture.plbert,
    hidden_size: 64,
    num_attention_heads: 2,
    intermediate_size: 128,
    max_position_embeddings: 32,
    num_hidden_layers: 2,
    embedding_size: 64,
  },
  vocab: { a: 1, b: 2, c: 3, ' ': 4, '.': 5 },
};

/** As small as mlx-audio takes one: it fixes the decoder's sizes, so that such a network has 56 million parameters. */
const mlxAudioConfig = {
  ...tinyConfig,
  istftnet: {
    ...architecture.istftnet,
    upsample_initial_channel: 512,
    upsample_rates: [2, 2],
    upsample_kernel_sizes: [4, 4],
    resblock_kernel_sizes: [3],
    resblock_dilation_sizes: [[1, 3, 5]],
  },
  dim_in: 512,
  hidden_dim: 512,
  max_dur: 2,
  n_layer: 1,
  style_dim: 128,
};

export interface TinyOptions {
  /** Makes one that mlx-audio can load too. */
  readonly forMlxAudio?: boolean;
  readonly dtype?: 'float32' | 'bfloat16';
  readonly layout?: 'pytorch' | 'mlx';
  /** Quantizes what can be, in groups of 64; mlx-audio's layout, as such checkpoints are. */
  readonly bits?: number;
  readonly fileName?: string;
}

/** The tensors of a tiny Kokoro: the network is asked what it needs, and gets numbers that look random. */
export function tinyTensors({
  dtype = 'float32',
  layout = 'pytorch',
  bits,
  forMlxAudio = false,
}: TinyOptions = {}): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const next = numbers(7);
  seedRandom(7);
  // Of millions, a list of JavaScript's numbers would take gigabytes.
  const scattered = (shape: number[], base: number, spread: number): Tensor =>
    forMlxAudio
      ? add(multiply(randomNormal(shape), spread), base)
      : array(
          next(shape.reduce((a, b) => a * b, 1)).map((value) => base + spread * value),
          shape,
        );
  const invented = new InventingCheckpoint(({ keys, shape, kernel }) => {
    const isMlx = layout === 'mlx' || bits !== undefined;
    // mlx-audio knows BERT's layers by MLX's names only.
    const isNamedAsMlx = isMlx || (forMlxAudio && keys[0]?.startsWith('bert') === true);
    const key = (isNamedAsMlx ? keys[0] : keys.at(-1)) ?? '';
    const spread = shape.length === 1 ? 0.1 : 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1));
    // Norms' weights and snakes' rates must stay away from 0.
    const base =
      /alpha|gamma|weight_g|norm\.weight|Norm\.weight|\.1\.weight$/.test(key) && kernel !== true ? 1 : 0;
    const values = astype(scattered([...shape], base, spread), dtype);
    const canBePacked = shape.length === 2 && key.endsWith('.weight') && (shape[1] ?? 0) % 64 === 0;
    if (bits !== undefined && canBePacked) {
      const { packed, scales, biases } = quantize(values, { groupSize: 64, bits });
      const module = key.slice(0, -'.weight'.length);
      tensors.set(key, packed).set(`${module}.scales`, scales).set(`${module}.biases`, biases);
    } else {
      const stored = kernel === true && !isMlx ? contiguous(transpose(values, [0, 2, 1])) : values;
      tensors.set(key, stored);
    }
  });
  scope(() => {
    const config = parseConfig(forMlxAudio ? mlxAudioConfig : tinyConfig);
    new KokoroNetwork(invented.root(), config, strategies.faithful.generatorLayers);
    tensors.forEach(keep);
  });
  invented.dispose();
  return tensors;
}

/** Writes a tiny Kokoro's folder: config.json, one safetensors file, and the voice `af_tiny`. */
export function writeTinyKokoro(folder: string, options: TinyOptions = {}): void {
  const { bits, fileName = 'model.safetensors', forMlxAudio = false } = options;
  const config = forMlxAudio ? mlxAudioConfig : tinyConfig;
  mkdirSync(join(folder, 'voices'), { recursive: true });
  const quantization = bits === undefined ? {} : { quantization: { group_size: 64, bits } };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...quantization }));
  const tensors = tinyTensors(options);
  writeTensors(join(folder, fileName), tensors);
  tensors.forEach((tensor) => tensor.dispose());
  const width = 2 * config.style_dim;
  const voice = scope(() => array(numbers(8)(30 * width), [30, 1, width]));
  writeTensors(join(folder, 'voices', 'af_tiny.safetensors'), [['voice', voice]]);
  voice.dispose();
}

/** The sounds of English, and what is said as a pause. */
const englishSymbols = Array.from('abcdefghijklmnopqrstuvwxyzəɛɪɔʊʌæɑɜɹɡŋθðʃʒʔɾɐᵻᵊˈˌː .,!?');

/** As {@link writeTinyKokoro}, and its vocabulary has every sound of English, so that it takes any text. */
export function writeSpeakingTinyKokoro(folder: string, options: TinyOptions = {}): void {
  writeTinyKokoro(folder, options);
  // Its embedding has 16 rows; which sound has which does not matter.
  const vocab = Object.fromEntries(
    englishSymbols.map((symbol, place) => [symbol, 1 + (place % (tinyConfig.n_token - 1))]),
  );
  const path = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...config, vocab }));
}

interface Request {
  readonly keys: readonly string[];
  readonly shape: readonly number[];
  readonly kernel?: true;
}

/** Tells what the network asks for, and answers with stand-ins. */
class InventingCheckpoint extends Checkpoint {
  readonly #onRequest: (request: Request) => void;

  constructor(onRequest: (request: Request) => void) {
    super(new Map(), { description: 'an invented checkpoint' });
    this.#onRequest = onRequest;
  }

  /** The convolutions without weight normalization. */
  override has(key: string): boolean {
    return /(noise_convs\.\d|F0_proj|N_proj)\.weight$/.test(key);
  }

  override take(keys: readonly string[], shape: readonly number[], kind: 'floating' | 'packed'): Tensor {
    this.#onRequest({ keys, shape });
    return super.take(keys, shape, kind);
  }

  override takeKernel(key: string, shape: KernelShape): Tensor {
    const { outer, kernelSize, inner } = shape;
    this.#onRequest({ keys: [key], shape: [outer, kernelSize, inner], kernel: true });
    return super.take([key], [outer, kernelSize, inner], 'floating');
  }
}
