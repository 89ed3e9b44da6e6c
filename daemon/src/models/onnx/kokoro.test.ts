/** The way from the ONNX export to the checkpoint's tensors: by hand on small graphs, by the published sizes on the real one. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { packagedPath, weightsSource } from '../packaged.ts';
import type { SourceTensor } from './kokoro.ts';
import { elementCount } from '../safetensors/dtypes.ts';
import { decodeOnnx } from './graph.ts';
import { importKokoro, moduleOfNode, publishedName } from './kokoro.ts';
import { onnxBytes } from '../../../test/onnx-bytes.ts';
import type { ConstantBytes, NodeBytes } from '../../../test/onnx-bytes.ts';

const float32 = 1;
const uint8 = 2;
const int8 = 3;

const constant = (
  name: string,
  dataType: number,
  shape: readonly number[],
  values: readonly number[],
  isListed = false,
): ConstantBytes => ({ name, dataType, shape, values, isListed });

const imported = (nodes: readonly NodeBytes[], constants: readonly ConstantBytes[]) =>
  importKokoro(decodeOnnx(onnxBytes(nodes, constants)));

function assertTensor(
  tensor: SourceTensor | undefined,
  shape: readonly number[],
  values: readonly number[],
): void {
  assert.ok(tensor);
  assert.deepEqual(tensor.shape, shape);
  assert.deepEqual([...tensor.read()], values);
}

test('modules are named after the nodes that run them', () => {
  const names: readonly (readonly [node: string, module: string])[] = [
    ['/encoder/text_encoder/cnn.0/cnn.0.0/Conv_quant', 'text_encoder.cnn.0.0'],
    ['/encoder/bert_encoder/MatMul_quant', 'bert_encoder'],
    ['/encoder/F0.1/conv1x1/Conv_quant', 'predictor.F0.1.conv1x1'],
    ['/encoder/N_proj/Conv_quant', 'predictor.N_proj'],
    ['/encoder/shared/LSTM_quant', 'predictor.shared'],
    ['/encoder/predictor/text_encoder/lstms.4/LSTM_quant', 'predictor.text_encoder.lstms.4'],
    ['/decoder/decoder/asr_res/asr_res.0/Conv_quant', 'decoder.asr_res.0'],
    [
      '/decoder/decoder/generator/noise_res.0/adain1.2/fc/Gemm_MatMul_quant',
      'decoder.generator.noise_res.0.adain1.2.fc',
    ],
    [
      '/encoder/bert/encoder/albert_layer_groups.0/albert_layers.0/attention/query_11/MatMul_quant',
      'bert.encoder.albert_layer_groups.0.albert_layers.0.attention.query',
    ],
  ];
  for (const [node, module] of names) {
    assert.equal(moduleOfNode(node), module);
  }
  assert.equal(publishedName('encoder.predictor.F0.1.pool.bias'), 'predictor.F0.1.pool.bias');
  assert.equal(publishedName('decoder.decoder.N_conv.bias'), 'decoder.N_conv.bias');
});

test('a quantized linear layer is dequantized by column and transposed, its repeated runs counted once', () => {
  const node = (name: string): NodeBytes => ({
    opType: 'MatMulInteger',
    name: `/encoder/bert/encoder/layer/${name}/MatMul_quant`,
    inputs: ['x', 'w_quantized', 'x_zero_point', 'zeros'],
  });
  const parameters = imported(
    [node('query'), node('query_1')],
    [
      constant('w_quantized', int8, [2, 3], [1, 2, 3, -4, -5, -6]),
      constant('w_scale', float32, [3], [0.5, 1, 2]),
      constant('zeros', int8, [3], [0, 1, -1], true),
    ],
  );
  assertTensor(parameters.get('bert.encoder.layer.query.weight'), [3, 2], [0.5, -2, 1, -6, 8, -10]);
  assert.equal([...parameters.keys()].filter((name) => name.includes('query')).length, 1);
});

test('a weight-normed convolution becomes a direction and a norm that give the weight back', () => {
  const parameters = imported(
    [
      {
        opType: 'ConvInteger',
        name: '/decoder/decoder/encode/conv1/Conv_quant',
        inputs: ['x', '/decoder/decoder/encode/Mul_output_0_quantized', 'xz', 'zero'],
      },
      {
        opType: 'ConvInteger',
        name: '/encoder/F0_proj/Conv_quant',
        inputs: ['x', 'encoder.predictor.F0_proj.weight_quantized', 'xz', 'zero'],
      },
    ],
    [
      constant('/decoder/decoder/encode/Mul_output_0_quantized', uint8, [2, 1, 2], [131, 132, 128, 123]),
      constant('/decoder/decoder/encode/Mul_output_0_scale', float32, [], [0.5]),
      constant('encoder.predictor.F0_proj.weight_quantized', uint8, [1, 2, 1], [129, 127]),
      constant('encoder.predictor.F0_proj.weight_scale', float32, [], [2]),
      constant('zero', uint8, [], [128], true),
    ],
  );
  assertTensor(parameters.get('decoder.encode.conv1.weight_v'), [2, 1, 2], [1.5, 2, 0, -2.5]);
  assertTensor(parameters.get('decoder.encode.conv1.weight_g'), [2, 1, 1], [2.5, 2.5]);
  assertTensor(parameters.get('predictor.F0_proj.weight'), [1, 2, 1], [2, -2]);
  assert.equal(parameters.has('predictor.F0_proj.weight_g'), false);
});

test("an LSTM's gates go from ONNX's i, o, f, c to PyTorch's i, f, g, o in weights and biases", () => {
  // One hidden unit and one input, so that a gate is a number: 1 for i, 2 for o, 3 for f, 4 for c, negative in reverse.
  const gates = [1, 2, 3, 4];
  const backwards = gates.map((gate) => -gate);
  const recurrent = gates.map((gate) => 10 * gate);
  const parameters = imported(
    [
      {
        opType: 'DynamicQuantizeLSTM',
        name: '/encoder/shared/LSTM_quant',
        inputs: ['x', 'W', 'R', 'B', '', 'h', 'c', '', 'W_scale', 'zeros', 'R_scale', 'zeros'],
      },
    ],
    [
      constant('W', int8, [2, 1, 4], [...gates, ...backwards]),
      constant('R', int8, [2, 1, 4], [...recurrent, ...recurrent]),
      constant('B', float32, [2, 8], [...gates, ...recurrent, ...backwards, ...recurrent]),
      constant('W_scale', float32, [2], [1, 0.5], true),
      constant('R_scale', float32, [2], [1, 2], true),
      constant('zeros', int8, [2], [0, 0], true),
    ],
  );
  const tensor = (name: string) => parameters.get(`predictor.shared.${name}`);
  assertTensor(tensor('weight_ih_l0'), [4, 1], [1, 3, 4, 2]);
  assertTensor(tensor('weight_ih_l0_reverse'), [4, 1], [-0.5, -1.5, -2, -1]);
  assertTensor(tensor('weight_hh_l0'), [4, 1], [10, 30, 40, 20]);
  assertTensor(tensor('weight_hh_l0_reverse'), [4, 1], [20, 60, 80, 40]);
  assertTensor(tensor('bias_ih_l0'), [4], [1, 3, 4, 2]);
  assertTensor(tensor('bias_hh_l0'), [4], [10, 30, 40, 20]);
  assertTensor(tensor('bias_ih_l0_reverse'), [4], [-1, -3, -4, -2]);
});

test('embeddings, float layers and plain parameters are found, and other constants left alone', () => {
  const parameters = imported(
    [
      {
        opType: 'DequantizeLinear',
        name: '/encoder/text_encoder/embedding/Gather_quant_DequantizeLinear',
        inputs: ['rows', 'encoder.text_encoder.embedding.weight_scale', 'zero'],
      },
      {
        opType: 'MatMul',
        name: '/decoder/decoder/generator/m_source/l_linear/MatMul',
        inputs: ['x', 'onnx::MatMul_1'],
      },
      { opType: 'MatMul', name: '/encoder/bert/attention/MatMul', inputs: ['q', 'k'] },
      {
        opType: 'ConvTranspose',
        name: '/decoder/decoder/generator/istft/stft/ConvTranspose',
        inputs: ['x', 'decoder.decoder.generator.stft.inverse_basis'],
      },
      {
        opType: 'ConvTranspose',
        name: '/decoder/decoder/generator/ups.0/ConvTranspose',
        inputs: ['x', '/decoder/decoder/generator/Mul_output_0', 'b'],
      },
    ],
    [
      constant('encoder.text_encoder.embedding.weight_quantized', int8, [2, 1], [2, -2]),
      constant('encoder.text_encoder.embedding.weight_scale', float32, [], [0.25]),
      constant('zero', int8, [], [0], true),
      constant('onnx::MatMul_1', float32, [2, 1], [1, 2]),
      constant('decoder.decoder.generator.stft.inverse_basis', float32, [1, 1, 1], [1]),
      constant('/decoder/decoder/generator/Mul_output_0', float32, [1, 1, 2], [3, 4]),
      constant('encoder.text_encoder.cnn.0.1.gamma', float32, [1], [9]),
      constant('decoder.decoder.generator.noise_res.0.alpha1.0', float32, [1, 1, 1], [8]),
      constant('/decoder/decoder/generator/Constant_18_output_0', float32, [], [7]),
    ],
  );
  assertTensor(parameters.get('text_encoder.embedding.weight'), [2, 1], [0.5, -0.5]);
  assertTensor(parameters.get('decoder.generator.m_source.l_linear.weight'), [1, 2], [1, 2]);
  assertTensor(parameters.get('decoder.generator.ups.0.weight_v'), [1, 1, 2], [3, 4]);
  assertTensor(parameters.get('decoder.generator.ups.0.weight_g'), [1, 1, 1], [5]);
  assertTensor(parameters.get('text_encoder.cnn.0.1.gamma'), [1], [9]);
  assertTensor(parameters.get('decoder.generator.noise_res.0.alpha1.0'), [1, 1, 1], [8]);
  // Beside these there is ALBERT's pooler, which every checkpoint has and no export.
  assert.equal(parameters.size, 8);
});

test('a graph that lacks what it refers to, or is no graph, is refused', () => {
  const node = {
    opType: 'MatMulInteger',
    name: '/encoder/bert/query/MatMul',
    inputs: ['x', 'w_quantized', 'z', 'z'],
  };
  const weight = constant('w_quantized', int8, [1, 1], [1]);
  assert.throws(() => imported([node], [weight]), {
    code: 'bad-checkpoint',
    message: /no constant named/,
  });
  const short = constant('w_quantized', int8, [2, 2], [1]);
  assert.throws(() => imported([node], [short]), {
    message: /has 1 elements where its shape \[2, 2\] needs 4/,
  });
  const strange = constant('w_quantized', 7, [1, 1], [1]);
  assert.throws(() => imported([node], [strange]), { message: /has data type 7/ });
  assert.throws(() => decodeOnnx(Uint8Array.of(0xff, 0xff)), { code: 'bad-checkpoint' });
  assert.throws(() => decodeOnnx(new Uint8Array()), { code: 'bad-checkpoint', message: /no ONNX graph/ });
});

test('the packaged export gives all 81,763,410 parameters, part by part as they were published', () => {
  const parameters = importKokoro(decodeOnnx(readFileSync(packagedPath(weightsSource))));
  const byPart: Record<string, number> = {};
  for (const [name, { shape }] of parameters) {
    const part = name.slice(0, name.indexOf('.'));
    byPart[part] = (byPart[part] ?? 0) + elementCount(shape);
  }
  // As many as the parts of mlx-audio's network have, which loads the checkpoint strictly.
  assert.deepEqual(byPart, {
    bert: 6_292_480,
    bert_encoder: 393_728,
    decoder: 53_276_190,
    predictor: 16_194_612,
    text_encoder: 5_606_400,
  });
  assert.equal(parameters.size, 548);

  const shapeOf = (name: string) => parameters.get(name)?.shape;
  assert.deepEqual(shapeOf('predictor.text_encoder.lstms.0.weight_ih_l0'), [1024, 640]);
  assert.deepEqual(shapeOf('bert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight'), [2048, 768]);
  assert.deepEqual(shapeOf('decoder.generator.ups.0.weight_v'), [512, 256, 20]);
  assert.deepEqual(shapeOf('decoder.generator.ups.0.weight_g'), [512, 1, 1]);
  assert.deepEqual(shapeOf('decoder.decode.3.pool.weight_v'), [1090, 1, 3]);
  for (const [name, tensor] of parameters) {
    const values = tensor.read();
    assert.equal(values.length, elementCount(tensor.shape), name);
    assert.ok(
      values.every((value) => Number.isFinite(value)),
      name,
    );
  }
});
