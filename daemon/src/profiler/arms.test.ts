/** Which interventions a model gets, and what they change. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interventions } from '@tidemark/shared/protocol/study-document.ts';
import type { ModelFacts } from '@tidemark/shared/protocol/study-document.ts';
import { armsFor, changeOf } from './arms.ts';

const facts = (model: string, restDtype: string, bits?: number): ModelFacts => ({
  model,
  tensorBytes: 1,
  bytesByDtype: { [restDtype]: 1 },
  restBytesByDtype: { [restDtype]: 1 },
  ...(bits === undefined ? {} : { bits }),
});

test('a float32 rest is taken away, a bfloat16 one widened', () => {
  const options = { baseline: 'bf16', needsControls: false };
  assert.deepEqual(armsFor(facts('4bit-fp32', 'float32', 4), options), [
    'rest-bfloat16',
    'dense-bfloat16',
    'mlx-product',
    'dense',
    'frozen-durations',
    'narrow-evaluation',
  ]);
  assert.equal(armsFor(facts('4bit-bf16', 'bfloat16', 4), options)[0], 'rest-float32');
});

test('what all models share but the order of evaluation is taken away from the anomaly and from its baseline, and nowhere else', () => {
  const bf16 = facts('bf16', 'bfloat16');
  const controls = armsFor(bf16, { baseline: 'bf16', needsControls: true });
  const anomalous = armsFor(facts('4bit-fp32', 'float32', 4), { baseline: 'bf16', needsControls: true });
  assert.ok(controls.length > 1);
  assert.deepEqual(anomalous.slice(-controls.length), controls);
  const order = ['narrow-evaluation'];
  assert.deepEqual(armsFor(bf16, { baseline: 'bf16', needsControls: false }), order);
  assert.deepEqual(armsFor(facts('fp32', 'float32'), { baseline: 'bf16', needsControls: true }), order);
});

test('every intervention but the model as given changes something, each something else', () => {
  const changes = interventions.map((intervention) => JSON.stringify(changeOf(intervention)));
  assert.equal(new Set(changes).size, interventions.length);
});
