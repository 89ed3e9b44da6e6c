import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { tinyConfig } from '../../test/tiny-kokoro.ts';
import { parseConfig, quantizationAt } from './config.ts';

/** The message with which `json` is refused. */
function refusal(json: unknown): string {
  try {
    parseConfig(json);
  } catch (error) {
    assert.ok(error instanceof TidemarkError);
    assert.equal(error.code, 'bad-config');
    return error.message;
  }
  return '';
}

test('a configuration is read with its published names, and the rate that it leaves out', () => {
  const config = parseConfig({ ...tinyConfig, model_type: 'kokoro' });
  assert.deepEqual(config.istftnet.upsample_rates, [10, 6]);
  assert.equal(config.sample_rate, 24_000);
  assert.equal(config.quantization, undefined);
});

test('a wrong configuration is refused by the name of its first wrong field', () => {
  const withoutHidden: Partial<typeof tinyConfig> = { ...tinyConfig };
  delete withoutHidden.hidden_dim;
  assert.equal(refusal(withoutHidden), 'config.json: hidden_dim is missing.');
  assert.equal(refusal({ ...tinyConfig, n_token: '16' }), 'config.json: n_token is "16", not number.');
  assert.match(refusal({ ...tinyConfig, n_layer: -1 }), /^config\.json: n_layer is -1/);
  assert.match(
    refusal({ ...tinyConfig, istftnet: { ...tinyConfig.istftnet, upsample_rates: [] } }),
    /^config\.json: istftnet\.upsample_rates/,
  );
  assert.match(
    refusal({ ...tinyConfig, vocab: { a: 99 } }),
    /vocab gives "a" the token 99, which is not below n_token/,
  );
  for (const json of [null, 3, 'config', [1]]) {
    assert.match(refusal(json), /^config\.json/);
  }
});

test('lists that belong together must be of one length', () => {
  const { istftnet } = tinyConfig;
  assert.match(
    refusal({ ...tinyConfig, istftnet: { ...istftnet, upsample_rates: [10] } }),
    /differ in length/,
  );
  assert.match(
    refusal({ ...tinyConfig, istftnet: { ...istftnet, resblock_kernel_sizes: [3] } }),
    /differ in length/,
  );
});

test('quantization may go by either name, and leave the group size out', () => {
  for (const name of ['quantization', 'quantization_config']) {
    const config = parseConfig({ ...tinyConfig, [name]: { bits: 6 } });
    assert.deepEqual(quantizationAt(config, 'bert_encoder'), { groupSize: 64, bits: 6 });
  }
});

test('a module may have a quantization of its own', () => {
  const quantization = {
    bits: 4,
    group_size: 64,
    'bert.pooler': { bits: 8, group_size: 32 },
    bert_encoder: false,
  };
  const config = parseConfig({ ...tinyConfig, quantization });
  assert.deepEqual(quantizationAt(config, 'bert.pooler'), { groupSize: 32, bits: 8 });
  assert.deepEqual(quantizationAt(config, 'bert_encoder'), { groupSize: 64, bits: 4 });
});

test('no quantization may be written as null, by either name', () => {
  for (const name of ['quantization', 'quantization_config']) {
    const config = parseConfig({ ...tinyConfig, [name]: null });
    assert.equal(quantizationAt(config, 'bert_encoder'), undefined);
  }
  const both = parseConfig({ ...tinyConfig, quantization: null, quantization_config: { bits: 8 } });
  assert.deepEqual(quantizationAt(both, 'bert_encoder'), { groupSize: 64, bits: 8 });
});

test('notes that a converter left beside the values of a quantization are passed over', () => {
  const notes = {
    quant_method: 'affine',
    version: 2,
    scale: 1.5,
    skip: null,
    modules_to_not_convert: ['decoder'],
    linear_class: { name: 'x' },
  };
  const config = parseConfig({ ...tinyConfig, quantization: { group_size: 32, bits: 4, ...notes } });
  assert.deepEqual(quantizationAt(config, 'bert_encoder'), { groupSize: 32, bits: 4 });
});

test('a wrong value that is meant for one module is refused by its name', () => {
  for (const own of [
    { bits: 7 },
    { bits: 4, group_size: 48 },
    { group_size: 64 },
    { bits: 4, mode: 'mxfp4' },
  ]) {
    const quantization = { bits: 4, 'bert.pooler': own };
    assert.match(refusal({ ...tinyConfig, quantization }), /^config\.json: quantization\.bert\.pooler/);
  }
});

test('fields that inference does not read may be missing', () => {
  const unread = ['dropout', 'dim_in', 'max_conv_dim', 'multispeaker', 'n_mels'];
  const without = (fields: object): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => !unread.includes(name)));
  const bare = { ...without(tinyConfig), plbert: without(tinyConfig.plbert) };
  assert.equal(parseConfig(bare).plbert.hidden_size, 64);
  assert.equal(parseConfig({ ...bare, dropout: null }).hidden_dim, 64);
});

test('a quantization that MLX does not have is refused', () => {
  assert.match(refusal({ ...tinyConfig, quantization: { bits: 7 } }), /quantization\.bits is 7/);
  assert.match(
    refusal({ ...tinyConfig, quantization: { bits: 4, group_size: 48 } }),
    /quantization\.group_size is 48/,
  );
  assert.match(
    refusal({ ...tinyConfig, quantization: { bits: 4, mode: 'mxfp4' } }),
    /quantization\.mode is "mxfp4"/,
  );
});
