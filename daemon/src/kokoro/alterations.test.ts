/** Each intervention changes one thing: what it should, by how much it should, and not what is said. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { writeTinyKokoro } from '../../test/tiny-kokoro.ts';
import type { TinyOptions } from '../../test/tiny-kokoro.ts';
import { liveTensors } from '../mlx/tensor.ts';
import type { Tensor } from '../mlx/tensor.ts';
import type { Alterations } from './alterations.ts';
import { Kokoro } from './kokoro.ts';
import type { SynthesisOptions } from './kokoro.ts';
import { Voice } from './voice.ts';

interface Spoken {
  readonly samples: Float32Array;
  readonly durations: readonly number[];
  readonly bytes: number;
  readonly dtypes: ReadonlyMap<string, string>;
}

function speak(made: TinyOptions, alterations: Alterations, options: SynthesisOptions = {}): Spoken {
  const folder = temporaryFolder();
  writeTinyKokoro(folder, made);
  const live = liveTensors();
  try {
    using kokoro = Kokoro.load(folder, alterations);
    using voice = Voice.load(join(folder, 'voices', 'af_tiny.safetensors'));
    using style = voice.styleFor(4);
    const { audio, durations } = kokoro.synthesize(kokoro.tokenize('ab c'), style, {
      deterministic: true,
      ...options,
    });
    using spoken = audio;
    const weights = [...kokoro.weights()];
    return {
      samples: spoken.toFloat32Array(),
      durations: [...durations],
      bytes: weights.reduce((sum, [, tensor]) => sum + tensor.nbytes, 0),
      dtypes: new Map(weights.map(([key, tensor]): [string, Tensor['dtype']] => [key, tensor.dtype])),
    };
  } finally {
    assert.equal(liveTensors(), live);
  }
}

/** The excitation's phase carries the last bits of a pitch far, so samples agree to a few parts in a hundred. */
function assertAlike(a: Float32Array, b: Float32Array): void {
  assert.equal(a.length, b.length);
  const loudest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = a.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - (b[index] ?? Number.NaN))),
    0,
  );
  assert.ok(difference < 0.02 * loudest, `${difference} of ${loudest}`);
}

test('a rest cast to bfloat16 leaves packed weights and their scales as they were', () => {
  const given = speak({ bits: 4 }, {});
  const cast = speak({ bits: 4 }, { restDType: 'bfloat16' });
  assert.ok(cast.bytes < given.bytes);
  assert.equal(cast.dtypes.get('bert_encoder.weight'), 'uint32');
  assert.equal(cast.dtypes.get('bert_encoder.scales'), 'float32');
  assert.equal(cast.dtypes.get('bert_encoder.bias'), 'bfloat16');
  assert.equal(cast.dtypes.get('decoder.encode.conv1.weight_v'), 'bfloat16');
});

test('a rest cast to float32 and back to what it was loses nothing', () => {
  const given = speak({ bits: 8, dtype: 'bfloat16' }, {});
  const wide = speak({ bits: 8, dtype: 'bfloat16' }, { restDType: 'float32' });
  assert.ok(wide.bytes > given.bytes);
  assert.deepEqual(speak({ dtype: 'bfloat16' }, { restDType: 'bfloat16' }), speak({ dtype: 'bfloat16' }, {}));
});

test('dense weights say what the packed ones say, and have no scales', () => {
  const given = speak({ bits: 8 }, {});
  const dense = speak({ bits: 8 }, { dense: true }, { durations: given.durations });
  assert.equal(dense.dtypes.get('bert_encoder.weight'), 'float32');
  assert.equal(dense.dtypes.has('bert_encoder.scales'), false);
  assert.ok(dense.bytes > given.bytes);
  assert.deepEqual(dense.durations, given.durations);
  assertAlike(dense.samples, given.samples);
});

test('dense weights of a rest that is cast are cast with it: nothing but their values tells them from the baseline', () => {
  const { dtypes } = speak({ bits: 8 }, { dense: true, restDType: 'bfloat16' });
  assert.equal(dtypes.get('bert_encoder.weight'), 'bfloat16');
  assert.deepEqual([...new Set(dtypes.values())], ['bfloat16']);
});

for (const layout of ['pytorch', 'mlx'] as const) {
  test(`fused weight norm says the same from fewer tensors, in the layout of ${layout}`, () => {
    const given = speak({ layout }, {});
    const fused = speak({ layout }, { fuseWeightNorm: true });
    assert.ok(fused.dtypes.has('decoder.encode.conv1.weight'));
    assert.equal(
      [...fused.dtypes.keys()].some((key) => /weight_[vg]$/.test(key)),
      false,
    );
    assert.deepEqual(fused.durations, given.durations);
    assertAlike(fused.samples, given.samples);
  });
}

test('replayed durations decide the length', () => {
  const durations = [1, 2, 3, 1, 4, 2];
  const spoken = speak({}, {}, { durations });
  assert.deepEqual(spoken.durations, durations);
  assert.equal(spoken.samples.length, 600 * 13);
  assert.throws(() => speak({}, {}, { durations: [1] }), /1 durations for 6 tokens/);
});

test('bfloat16 activations pass between stages as bfloat16, and the audio stays float32', () => {
  const seen = new Map<string, string>();
  const durations = speak({ dtype: 'bfloat16' }, {}).durations;
  speak(
    { dtype: 'bfloat16' },
    {},
    {
      durations,
      activations: 'bfloat16',
      graphs: 'stage',
      onEvaluated: (_stages, values) => {
        for (const [name, tensor] of Object.entries(values)) {
          seen.set(name, tensor.dtype);
        }
      },
    },
  );
  assert.equal(seen.get('decoded'), 'bfloat16');
  assert.equal(seen.get('magnitude'), 'bfloat16');
  assert.equal(seen.get('audio'), 'float32');
});
