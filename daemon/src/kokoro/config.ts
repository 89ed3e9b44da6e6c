/** The network's sizes, as the published `config.json` gives them. */

import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable, quoted } from '@tidemark/shared/printable.ts';
import type { QuantizationOptions } from '../mlx/ops.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 20));
const counts = v.pipe(v.array(count), v.minLength(1));

const quantizationParameters = v.object({
  group_size: v.optional(v.picklist([32, 64, 128]), 64),
  bits: v.picklist([2, 3, 4, 5, 6, 8]),
  mode: v.optional(v.literal('affine'), 'affine'),
});

const ownFields = ['bits', 'group_size', 'mode'];

/** Whether a value beside those for all modules is meant as a module's own. */
const isModules = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ownFields.some((field) => field in value);

/**
 * The values for all modules, beside which a module's path may have values of its own, or false. Other fields are passed over,
 * as by mlx-audio: converters leave notes of their own there.
 */
const quantization = v.intersect([
  quantizationParameters,
  v.objectWithRest(
    { group_size: v.optional(v.unknown()), bits: v.unknown(), mode: v.optional(v.unknown()) },
    v.union([
      quantizationParameters,
      v.pipe(
        v.unknown(),
        v.check((value) => !isModules(value)),
      ),
    ]),
  ),
]);

/** What the network is built from; of what inference does not read, such as dropouts, nothing. */
const schema = v.object({
  istftnet: v.object({
    upsample_kernel_sizes: counts,
    upsample_rates: counts,
    gen_istft_hop_size: count,
    gen_istft_n_fft: v.pipe(count, v.multipleOf(2)),
    resblock_dilation_sizes: v.pipe(v.array(counts), v.minLength(1)),
    resblock_kernel_sizes: counts,
    upsample_initial_channel: count,
  }),
  hidden_dim: v.pipe(count, v.multipleOf(8)),
  max_dur: count,
  n_layer: count,
  n_token: count,
  style_dim: count,
  text_encoder_kernel_size: count,
  plbert: v.object({
    hidden_size: count,
    num_attention_heads: count,
    intermediate_size: count,
    max_position_embeddings: count,
    num_hidden_layers: count,
    embedding_size: v.optional(count, 128),
  }),
  vocab: v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0))),
  sample_rate: v.optional(count, 24_000),
  quantization: v.nullish(quantization),
});

export type KokoroConfig = v.InferOutput<typeof schema>;

/** Checks what `config.json` holds. Throws a TidemarkError ('bad-config') that names the first field that is wrong. */
export function parseConfig(json: unknown): KokoroConfig {
  const result = v.safeParse(schema, withQuantizationName(json));
  if (!result.success) {
    const [issue] = result.issues;
    const field = v.getDotPath(issue);
    const what =
      issue.received === 'undefined'
        ? 'is missing'
        : `is ${issue.received}, not ${issue.expected ?? 'valid'}`;
    throw badConfig(
      field === null
        ? 'config.json is not a JSON object'
        : `config.json: ${printable(field)} ${printable(what)}`,
    );
  }
  const config = result.output;
  const { istftnet, plbert } = config;
  if (istftnet.upsample_rates.length !== istftnet.upsample_kernel_sizes.length) {
    throw badConfig('config.json: istftnet.upsample_kernel_sizes and upsample_rates differ in length');
  }
  if (istftnet.resblock_kernel_sizes.length !== istftnet.resblock_dilation_sizes.length) {
    throw badConfig(
      'config.json: istftnet.resblock_dilation_sizes and resblock_kernel_sizes differ in length',
    );
  }
  if (plbert.hidden_size % plbert.num_attention_heads !== 0) {
    throw badConfig('config.json: plbert.hidden_size is not a multiple of plbert.num_attention_heads');
  }
  const stray = Object.entries(config.vocab).find(([, token]) => token >= config.n_token);
  if (stray !== undefined) {
    throw badConfig(
      `config.json: vocab gives ${quoted(stray[0])} the token ${stray[1]}, which is not below n_token`,
    );
  }
  return config;
}

/** How a quantized module at `path` is packed: by values of its own, else by those for all. */
export function quantizationAt(config: KokoroConfig, path: string): QuantizationOptions | undefined {
  const shared = config.quantization;
  if (shared === undefined || shared === null) {
    return undefined;
  }
  const own = (shared as Readonly<Record<string, unknown>>)[path];
  const { group_size, bits } = v.is(quantizationParameters, own)
    ? v.parse(quantizationParameters, own)
    : shared;
  return { groupSize: group_size, bits };
}

/** Some converters call the field `quantization_config`. */
function withQuantizationName(json: unknown): unknown {
  if (
    typeof json !== 'object' ||
    json === null ||
    !('quantization_config' in json) ||
    ('quantization' in json && json.quantization !== null)
  ) {
    return json;
  }
  return { ...json, quantization: json.quantization_config };
}

const badConfig = (message: string): TidemarkError =>
  new TidemarkError('bad-config', `${message}.`, {
    hint: 'Use the config.json that was published with the weights.',
  });
