import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { writeTensors } from '../../test/checkpoint-of.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { tinyTensors, writeTinyKokoro } from '../../test/tiny-kokoro.ts';
import type { TinyOptions } from '../../test/tiny-kokoro.ts';
import { clearCache, memorySnapshot } from '../mlx/memory.ts';
import { zeros, seedRandom } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import { liveTensors } from '../mlx/tensor.ts';
import { Kokoro } from './kokoro.ts';
import type { SynthesisOptions } from './kokoro.ts';
import { Voice } from './voice.ts';
import { alignmentIndices } from './prosody.ts';

interface Spoken {
  readonly samples: Float32Array;
  readonly durations: Int32Array;
}

function speak(folder: string, phonemes: string, options: SynthesisOptions = {}): Spoken {
  using kokoro = Kokoro.load(folder);
  using voice = Voice.load(join(folder, 'voices', 'af_tiny.safetensors'));
  return say(kokoro, voice, phonemes, options);
}

/** Runs `body` with a loaded tiny Kokoro and its voice. */
function withTiny(options: TinyOptions, body: (tiny: { kokoro: Kokoro; voice: Voice }) => void): void {
  const folder = temporaryFolder();
  writeTinyKokoro(folder, options);
  using kokoro = Kokoro.load(folder);
  using voice = Voice.load(join(folder, 'voices', 'af_tiny.safetensors'));
  body({ kokoro, voice });
}

function say(kokoro: Kokoro, voice: Voice, phonemes: string, options: SynthesisOptions): Spoken {
  using style = voice.styleFor(phonemes.length);
  const { audio, durations } = kokoro.synthesize(kokoro.tokenize(phonemes), style, options);
  try {
    assert.deepEqual(audio.shape, [1, 600 * durations.reduce((sum, frames) => sum + frames, 0)]);
    return { samples: audio.toFloat32Array(), durations };
  } finally {
    audio.dispose();
  }
}

/** Asserts that `body` throws a TidemarkError of this code, whose message matches. */
function assertRefused(body: () => unknown, code: string, message: RegExp): void {
  assert.throws(body, (error) => {
    assert.ok(error instanceof TidemarkError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

const layouts: readonly TinyOptions[] = [
  { layout: 'pytorch' },
  { layout: 'mlx' },
  { layout: 'pytorch', dtype: 'bfloat16' },
  { bits: 4 },
  { bits: 8, dtype: 'bfloat16' },
];
for (const options of layouts) {
  test(`a checkpoint of ${JSON.stringify(options)} loads to its tensors' bytes and speaks`, () => {
    const folder = temporaryFolder();
    writeTinyKokoro(folder, options);
    const before = memorySnapshot().activeBytes;
    using kokoro = Kokoro.load(folder);
    const bytes = [...kokoro.weights().values()].reduce((sum, tensor) => sum + tensor.nbytes, 0);
    assert.equal(memorySnapshot().activeBytes - before, bytes);

    using voice = Voice.load(join(folder, 'voices', 'af_tiny.safetensors'));
    const { samples, durations } = say(kokoro, voice, 'ab c.', { deterministic: true });
    assert.equal(durations.length, 7);
    assert.ok(samples.every(Number.isFinite));
    assert.ok(samples.some((sample) => sample !== 0));
  });
}

test('both layouts of the same weights speak alike', () => {
  const folder = temporaryFolder();
  const spoken = (['pytorch', 'mlx'] as const).map((layout) => {
    writeTinyKokoro(join(folder, layout), { layout });
    return speak(join(folder, layout), 'abc', { deterministic: true });
  });
  assert.deepEqual(spoken[0], spoken[1]);
});

test('synthesis leaves nothing behind but its result, and active memory constant to the byte', () => {
  withTiny({}, ({ kokoro, voice }) => {
    const readings = Array.from({ length: 5 }, () => {
      say(kokoro, voice, 'a b c.', {});
      clearCache();
      return [memorySnapshot().activeBytes, liveTensors()];
    });
    assert.deepEqual(readings[0]?.[1], kokoro.weights().size + 1);
    assert.ok(
      readings.every((reading) => reading.join() === readings[0]?.join()),
      String(readings),
    );
  });
});

test('without noise the audio is always the same; with it, only from the same seed', () => {
  withTiny({}, ({ kokoro, voice }) => {
    const spoken = (seed: number, deterministic: boolean): Float32Array => {
      seedRandom(seed);
      return say(kokoro, voice, 'abc.', { deterministic }).samples;
    };
    assert.deepEqual(spoken(1, true), spoken(2, true));
    assert.deepEqual(spoken(1, false), spoken(1, false));
    assert.notDeepEqual(spoken(1, false), spoken(2, false));
    assert.notDeepEqual(spoken(1, false), spoken(1, true));
  });
});

test('each stage alone gives what one graph gives, and is reported by name', () => {
  const folder = temporaryFolder();
  writeTinyKokoro(folder);
  const names: string[] = [];
  const onEvaluated = (stages: readonly string[]): void => void names.push(stages.join(' + '));
  const whole = speak(folder, 'abc.', { deterministic: true, onEvaluated });
  assert.deepEqual(names, [
    'bert + duration encoder + durations',
    'alignment + pitch and energy + text encoder + decoder + source + generator + waveform',
  ]);
  names.length = 0;
  assert.deepEqual(speak(folder, 'abc.', { deterministic: true, graphs: 'stage', onEvaluated }), whole);
  assert.equal(names.length, 10);
});

test('a higher speed shortens the durations', () => {
  const folder = temporaryFolder();
  writeTinyKokoro(folder);
  const frames = (speed: number): number =>
    speak(folder, 'abc.', { deterministic: true, speed }).durations.reduce((sum, each) => sum + each, 0);
  assert.ok(frames(2) < frames(1));
  assert.ok(frames(0.5) > frames(1));
});

test('symbols outside the vocabulary are dropped', () => {
  withTiny({}, ({ kokoro }) => {
    assert.deepEqual(kokoro.tokenize('a🌊b?c'), [0, 1, 2, 3, 0]);
  });
});

test('no phonemes, too many of them, and a speed of 0 are refused', () => {
  withTiny({}, ({ kokoro, voice }) => {
    using style = voice.styleFor(1);
    const synthesize = (phonemes: string, speed = 1) =>
      kokoro.synthesize(kokoro.tokenize(phonemes), style, { speed });
    assertRefused(() => synthesize('?'), 'bad-text', /no phonemes/);
    assertRefused(
      () => synthesize('a'.repeat(31)),
      'bad-text',
      /31 phonemes, but the model accepts at most 30/,
    );
    assertRefused(() => synthesize('a', 0), 'bad-input', /speed/);
    using wrong = scope(() => zeros([1, 3]));
    assertRefused(() => kokoro.synthesize([0, 1, 0], wrong), 'bad-checkpoint', /\[1, 3\]/);
  });
});

test('a checkpoint with missing, misshapen and unknown keys is refused with a list of them, and freed', () => {
  const folder = temporaryFolder();
  writeTinyKokoro(folder);
  const tensors = tinyTensors();
  const drop = (key: string): void => {
    tensors.get(key)?.dispose();
    assert.ok(tensors.delete(key), key);
  };
  drop('bert_encoder.bias');
  drop('predictor.lstm.weight_hh_l0_reverse');
  drop('decoder.generator.ups.0.weight_v');
  tensors.set(
    'decoder.generator.ups.0.weight_v',
    scope(() => zeros([16, 9, 20])),
  );
  tensors.set(
    'decoder.extra.weight',
    scope(() => zeros([1])),
  );
  writeTensors(join(folder, 'model.safetensors'), tensors);
  tensors.forEach((tensor) => tensor.dispose());
  const live = liveTensors();
  assertRefused(
    () => Kokoro.load(folder),
    'bad-checkpoint',
    /2 missing \(bert_encoder\.bias, predictor\.lstm\.Wh_backward\); 1 with the wrong shape or type \(decoder\.generator\.ups\.0\.weight_v is float32 \[16, 9, 20\].*; 1 not part of the network \(decoder\.extra\.weight\)/,
  );
  assert.equal(liveTensors(), live);
});

test('position_ids in a checkpoint are passed over', () => {
  const folder = temporaryFolder();
  writeTinyKokoro(folder);
  const tensors = tinyTensors();
  tensors.set(
    'bert.embeddings.position_ids',
    scope(() => zeros([1, 32], 'int32')),
  );
  writeTensors(join(folder, 'model.safetensors'), tensors);
  tensors.forEach((tensor) => tensor.dispose());
  using kokoro = Kokoro.load(folder);
  assert.ok(!kokoro.weights().has('bert.embeddings.position_ids'));
});

test('a truncated file, a file of something else and a quantized file with a plain config are refused', () => {
  const folder = temporaryFolder();
  writeTinyKokoro(folder, { bits: 4 });
  const path = join(folder, 'model.safetensors');
  const whole = readFileSync(path);
  writeTinyKokoro(join(folder, 'plain'));
  writeFileSync(join(folder, 'config.json'), readFileSync(join(folder, 'plain', 'config.json')));
  assertRefused(() => Kokoro.load(folder), 'bad-checkpoint', /the configuration has no quantization for it/);
  writeFileSync(path, whole.subarray(0, whole.length - 1000));
  assertRefused(() => Kokoro.load(folder), 'bad-checkpoint', /not a complete safetensors file/);
  writeFileSync(path, 'nothing');
  assertRefused(() => Kokoro.load(folder), 'bad-checkpoint', /not a complete safetensors file/);
});

test('weights load from shards that no index lists, beside a voice and a file of macOS', () => {
  const folder = temporaryFolder();
  writeTinyKokoro(folder);
  const expected = speak(folder, 'abc', { deterministic: true });
  rmSync(join(folder, 'model.safetensors'));
  const entries = [...tinyTensors()];
  for (let shard = 0; shard < 3; shard += 1) {
    const part = entries.filter((_, position) => position % 3 === shard);
    writeTensors(join(folder, `model-0000${shard + 1}-of-00003.safetensors`), part);
    part.forEach(([, tensor]) => tensor.dispose());
  }
  copyFileSync(join(folder, 'voices', 'af_tiny.safetensors'), join(folder, 'af_tiny.safetensors'));
  writeFileSync(
    join(folder, '._model-00001-of-00003.safetensors'),
    Buffer.from([0, 5, 22, 7, 0, 0, 0, 0, 0]),
  );
  assert.deepEqual(speak(folder, 'abc', { deterministic: true }), expected);
});

test('weights that are a Git LFS pointer are refused as one', () => {
  const folder = temporaryFolder();
  writeTinyKokoro(folder);
  writeFileSync(join(folder, 'model.safetensors'), 'version https://git-lfs.github.com/spec/v1\n');
  assertRefused(
    () => Kokoro.load(folder),
    'bad-checkpoint',
    /model\.safetensors is not (JSON|a safetensors file) but a Git LFS pointer/,
  );
});

test('sharded weights load from the files that the index lists', () => {
  const folder = temporaryFolder();
  writeTinyKokoro(folder);
  const expected = speak(folder, 'abc', { deterministic: true });
  const entries = [...tinyTensors()];
  const weightMap: Record<string, string> = {};
  for (const [shard, part] of [entries.slice(0, 100), entries.slice(100)].entries()) {
    writeTensors(join(folder, `shard-${shard}.safetensors`), part);
    part.forEach(([key, tensor]) => {
      weightMap[key] = `shard-${shard}.safetensors`;
      tensor.dispose();
    });
  }
  assertRefused(() => Kokoro.load(folder), 'bad-checkpoint', /has 3 weight files and no index/);
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
  assert.deepEqual(speak(folder, 'abc', { deterministic: true }), expected);
});

test('each token is repeated for as many frames as it lasts', () => {
  assert.deepEqual([...alignmentIndices(Int32Array.of(2, 1, 3))], [0, 0, 1, 2, 2, 2]);
});

test('a token that lasts no frame has none', () => {
  assert.deepEqual([...alignmentIndices(Int32Array.of(0, 2, 0))], [1, 1]);
  assert.deepEqual([...alignmentIndices(Int32Array.of())], []);
});
