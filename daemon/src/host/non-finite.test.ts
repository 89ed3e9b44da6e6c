/** Audio that is not finite is never measured or handed out, and the error names the tensor or the stage where it begins. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { cliOver, documentIn } from '../../test/cli.ts';
import { writeTensors } from '../../test/checkpoint-of.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { tinyTensors, writeTinyKokoro } from '../../test/tiny-kokoro.ts';
import type { TinyOptions } from '../../test/tiny-kokoro.ts';
import { astype, full } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import { HostSession } from './session.ts';

const speech = { deterministic: true, speed: 1 };

/** Writes other values over a float32 tensor of a file, in place. */
function change(path: string, key: string, edit: (values: Float32Array) => void): void {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const [from, to] = header[key]?.data_offsets ?? assert.fail(`no tensor ${key}`);
  const values = new Float32Array(Uint8Array.from(file.subarray(start + from, start + to)).buffer);
  edit(values);
  file.set(new Uint8Array(values.buffer), start + from);
  writeFileSync(path, file);
}

interface Broken {
  readonly options?: TinyOptions;
  readonly weights?: Readonly<Record<string, (values: Float32Array) => void>>;
  readonly voice?: (values: Float32Array) => void;
}

async function sessionOf({ options, weights = {}, voice }: Broken): Promise<HostSession> {
  const folder = temporaryFolder();
  const voiceFile = join(folder, 'voices', 'af_tiny.safetensors');
  writeTinyKokoro(folder, options);
  Object.entries(weights).forEach(([key, edit]) => change(join(folder, 'model.safetensors'), key, edit));
  if (voice !== undefined) {
    change(voiceFile, 'voice', voice);
  }
  const session = new HostSession();
  await session.load({ folder, voiceFile });
  return session;
}

const iterate = (session: HostSession, ...phonemes: string[]) =>
  session.iterate({ index: 0, warmup: false, phonemes, seed: 0, ...speech });

/** Every way of speaking fails alike. */
async function refuses(broken: Broken, message: RegExp, hint: RegExp, phonemes = 'abc.'): Promise<void> {
  const session = await sessionOf(broken);
  try {
    const ways = [
      () => iterate(session, phonemes),
      () => Promise.resolve().then(() => session.synthesize({ phonemes, ...speech })),
    ];
    for (const speak of ways) {
      await assert.rejects(speak, (error) => {
        assert.ok(error instanceof TidemarkError && error.code === 'bad-checkpoint', String(error));
        assert.match(error.message, message);
        assert.match(error.hint ?? '', hint);
        return true;
      });
    }
  } finally {
    session.dispose();
  }
}

const all = (value: number) => (values: Float32Array) => void values.fill(value);
const first = (count: number, value: number) => (values: Float32Array) => void values.fill(value, 0, count);

test('a weight that is not finite is named, with how much of it, in whatever part of the network', async () => {
  for (const [key, edit, found] of [
    ['bert.embeddings.LayerNorm.beta', first(1, NaN), '1 NaN of 64 values'],
    ['bert_encoder.bias', all(Infinity), '64 infinite of 64 values'],
    ['predictor.F0_proj.bias', all(NaN), '1 NaN of 1 value'],
    ['text_encoder.cnn.0.1.beta', first(3, -Infinity), '3 infinite of 64 values'],
    [
      'decoder.encode.conv1.bias',
      (values: Float32Array) => values.set([NaN, Infinity, NaN]),
      '2 NaN and 1 infinite of \\d+ values',
    ],
    ['decoder.generator.conv_post.bias', first(2, NaN), '2 NaN of 22 values'],
    ['decoder.generator.m_source.l_linear.weight', first(1, NaN), '1 NaN of 9 values'],
  ] as const) {
    const name = key.replaceAll('.', String.raw`\.`);
    await refuses(
      { weights: { [key]: edit } },
      new RegExp(`^The model's audio is not finite: the weight ${name} in /.* has ${found}\\.$`),
      /^The file is at fault\. Download it again/,
    );
  }
});

test('of several weights the one that the network reads first is named, and the others are counted', async () => {
  const weights = {
    'decoder.encode.conv1.bias': all(NaN),
    'bert_encoder.bias': all(NaN),
    'text_encoder.cnn.0.1.beta': all(NaN),
  };
  await refuses(
    { weights },
    /the weight bert_encoder\.bias in .*, and 2 more of its tensors are not finite\.$/,
    /at fault/,
  );
});

test('the scales and biases of a packed weight are weights too', async () => {
  for (const [key, value] of [
    ['bert_encoder.scales', Infinity],
    ['bert.encoder.albert_layer_groups.0.albert_layers.0.ffn.biases', NaN],
  ] as const) {
    await refuses(
      { options: { bits: 4 }, weights: { [key]: first(1, value) } },
      new RegExp(
        `the weight ${key.replaceAll('.', String.raw`\.`)} in .* has 1 (NaN|infinite) of \\d+ values\\.$`,
      ),
      /at fault/,
    );
  }
});

test('a voice that is not finite is named, and only for the lengths of which it is true', async () => {
  const row = (phonemes: number) => (values: Float32Array) =>
    void values.fill(NaN, (phonemes - 1) * 128, (phonemes - 1) * 128 + 3);
  await refuses(
    { voice: row(4) },
    /the style for 4 phonemes in the voice \/.*af_tiny\.safetensors has 3 NaN of 128 values\.$/,
    /^The voice file is at fault\./,
  );
  await refuses(
    { voice: all(Infinity) },
    /the style for 4 phonemes .* has 128 infinite of 128 values\.$/,
    /voice file/,
  );
  const session = await sessionOf({ voice: row(4) });
  assert.ok((await iterate(session, 'abcab', 'ab')).samples > 0);
  // One bad utterance among good ones is one too many.
  await assert.rejects(iterate(session, 'abcab', 'abc.', 'ab'), /the style for 4 phonemes/);
  session.dispose();
});

test('finite files whose values overflow are told by the stage where it shows first', async () => {
  for (const [broken, stage, found] of [
    [{ weights: { 'decoder.encode.conv1.weight_g': all(3e38) } }, 'decoder', 'decoded has [\\d,]+ NaN'],
    [
      { weights: { 'text_encoder.embedding.weight': all(3e38) } },
      'text encoder',
      'textEncoding has [\\d,]+ NaN',
    ],
    [
      { weights: { 'bert_encoder.weight': all(1e38) } },
      'duration encoder',
      'durationEncoding has [\\d,]+ NaN',
    ],
    [{ voice: all(1e3) }, 'generator', 'magnitude has [\\d,]+ infinite'],
  ] as const) {
    await refuses(
      broken,
      new RegExp(
        `it first appears in the stage “${stage}” for 4 phonemes \\(${found}.* of [\\d,]+ values\\), though all weights`,
      ),
      /^The weights make values that float32 cannot hold\./,
    );
  }
});

test('an overflow in float16 is told with the dtype', async () => {
  const folder = temporaryFolder();
  writeTinyKokoro(folder);
  scope(() => {
    const tensors = [...tinyTensors()].map(([key, tensor]) => {
      const isLarge = key === 'text_encoder.embedding.weight';
      return [key, astype(isLarge ? full(tensor.shape, 60_000) : tensor, 'float16')] as const;
    });
    writeTensors(join(folder, 'model.safetensors'), tensors);
  });
  const session = new HostSession();
  await session.load({ folder, voiceFile: join(folder, 'voices', 'af_tiny.safetensors') });
  await assert.rejects(iterate(session, 'abc.'), {
    message: /the stage “text encoder” for 4 phonemes \(textEncoding has/,
    hint: /^The weights make values that float16 cannot hold/,
  });
  session.dispose();
});

test('what is unusual but finite is measured: a style of zeros, large values in it, silence', async () => {
  for (const broken of [
    { voice: all(0) },
    { voice: all(2) },
    { weights: { 'decoder.generator.conv_post.bias': all(-80) } },
  ]) {
    const session = await sessionOf(broken);
    assert.ok((await iterate(session, 'abc.')).samples > 0);
    session.dispose();
  }
});

test('profile and say fail with the reason, and what was measured before is kept', async () => {
  const folder = temporaryFolder();
  writeTinyKokoro(folder);
  change(join(folder, 'model.safetensors'), 'decoder.encode.conv1.bias', all(NaN));
  const home = temporaryFolder();
  const cli = cliOver(home);
  const options = ['--phonemes', 'abc.', '--voice', join(folder, 'voices', 'af_tiny.safetensors')];
  const reason =
    /The model's audio is not finite: the weight decoder\.encode\.conv1\.bias in .* has 128 NaN of 128 values\./;

  const profiled = await cli(['profile', folder, ...options, '--iterations', '2', '--json']);
  assert.equal(profiled.code, 1);
  const { outcome, iterations, load } = documentIn(profileDocument, profiled);
  assert.ok(outcome.status === 'failed' && outcome.error.code === 'bad-checkpoint');
  assert.match(outcome.reason, reason);
  assert.deepEqual(iterations, []);
  assert.ok(load.activeBytes > 0);

  const out = join(home, 'o.wav');
  const said = await cli(['say', '--model', folder, ...options, '--out', out]);
  assert.equal(said.code, 1);
  assert.match(said.stderr, reason);
  assert.match(said.stderr, /^hint: The file is at fault\./m);
  assert.ok(!existsSync(out));
});

test('weights that only durations come from are told when the model is loaded', async () => {
  for (const key of ['predictor.duration_proj.linear_layer.bias', 'predictor.lstm.weight_hh_l0_reverse']) {
    await assert.rejects(sessionOf({ weights: { [key]: first(2, NaN) } }), {
      code: 'bad-checkpoint',
      message: new RegExp(
        `^The model's durations are not finite: the weight ${key.replaceAll('.', String.raw`\.`)} in /`,
      ),
    });
  }
});
