/** Remedies by verdicts: each cause has its own, and nothing is said beyond the model that was studied. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hypothesisIds } from '../../protocol/study-document.ts';
import type { HypothesisId, ModelFacts, Verdict, VerdictStatus } from '../../protocol/study-document.ts';
import { remedyFor } from './remedy.ts';

const facts: ModelFacts = {
  model: '4bit-fp32',
  tensorBytes: 283e6,
  bytesByDtype: { float32: 276e6 },
  restBytesByDtype: { float32: 274e6 },
  bits: 4,
};

/** All hypotheses refuted but those named, with a share of the anomaly for each. */
function verdicts(
  named: Partial<Record<HypothesisId, { readonly status?: VerdictStatus; readonly share?: number }>>,
): Verdict[] {
  return hypothesisIds.map((hypothesis) => {
    const { status = 'supported', share } = named[hypothesis] ?? { status: 'refuted' };
    return {
      hypothesis,
      statement: 'It is so.',
      status,
      prediction: 'It is seen.',
      arms: [],
      sentence: 'It was seen.',
      opposite: 'It not being seen.',
      ...(share === undefined
        ? {}
        : { share, effectBytes: { estimate: share * 138e6, low: share * 137e6, high: share * 139e6 } }),
    };
  });
}

const anomaly = (named: Parameters<typeof verdicts>[0], about: ModelFacts = facts) =>
  remedyFor(about, { baseline: 'bf16', isAnomaly: true, verdicts: verdicts(named) });

test('a float32 rest is avoided by a command, which names the model and a folder', () => {
  assert.deepEqual(anomaly({ 'float32-rest': { share: 1 } }), {
    sentence:
      'Avoid it: cast the layers that cannot be quantized to bfloat16, which took 138.0 MB off the peak and leaves the quantized layers unchanged.',
    command: 'tidemark requantize 4bit-fp32 --rest bf16 --out ./4bit-fp32-bf16-rest',
  });
});

test('the command is one that a shell takes, whatever the model is called', () => {
  const commandFor = (model: string) =>
    anomaly({ 'float32-rest': { share: 1 } }, { ...facts, model }).command?.replace(
      'tidemark requantize ',
      '',
    );
  assert.equal(
    commandFor('owner/Kokoro-4bit'),
    'owner/Kokoro-4bit --rest bf16 --out ./Kokoro-4bit-bf16-rest',
  );
  assert.equal(commandFor('/my models/it’s 4'), "'/my models/it’s 4' --rest bf16 --out ./it-s-4-bf16-rest");
  assert.equal(commandFor("/a'b/"), String.raw`'/a'\''b/' --rest bf16 --out ./a-b-bf16-rest`);
  assert.equal(commandFor('..'), '.. --rest bf16 --out ./model-bf16-rest');
});

test('of several causes the largest is remedied', () => {
  const { sentence, command } = anomaly({
    'float32-rest': { share: 0.2 },
    'on-the-fly-dequantization': { share: 0.7 },
  });
  assert.match(sentence, /^Report it to MLX/);
  assert.equal(command, undefined);
  assert.match(
    anomaly({ 'float32-rest': { share: 0.7 }, 'on-the-fly-dequantization': { share: 0.2 } }).command ?? '',
    /--rest bf16/,
  );
});

test('a leak is reported before anything else, also where there is no anomaly', () => {
  const found = { leak: {}, 'float32-rest': { share: 1 } };
  assert.match(anomaly(found).sentence, /^Report it as a bug/);
  assert.match(
    remedyFor(facts, { baseline: 'bf16', isAnomaly: false, verdicts: verdicts({ leak: {} }) }).sentence,
    /^Report it as a bug/,
  );
});

test('where there is no anomaly the model is accepted, with a word on the reset where that misleads', () => {
  const remedy = (named: Parameters<typeof verdicts>[0]) =>
    remedyFor(
      { ...facts, model: '4bit-bf16' },
      { baseline: 'bf16', isAnomaly: false, verdicts: verdicts(named) },
    );
  assert.deepEqual(remedy({}), { sentence: 'Accept it: nothing in 4bit-bf16 needs fixing.' });
  assert.match(remedy({ 'peak-not-reset': {} }).sentence, /reset the peak/);
});

test('without a cause it says whether to measure again or to report', () => {
  assert.match(anomaly({}).sentence, /^Report it, with this study/);
  assert.match(anomaly({ 'float32-rest': { status: 'inconclusive' } }).sentence, /^Measure again/);
  assert.match(anomaly({ 'float32-rest': { status: 'not-tested' } }).sentence, /^Measure again/);
});

test('every hypothesis has a remedy of its own that begins with what to do', () => {
  const sentences = hypothesisIds.map((id) => anomaly({ [id]: { share: 1 } }).sentence);
  for (const sentence of sentences) {
    assert.match(sentence, /^(Accept|Avoid|Report) it/);
  }
});

test('no remedy speaks of checkpoints other than the one that was studied', () => {
  for (const id of hypothesisIds) {
    const { sentence, command = '' } = anomaly({ [id]: { share: 1 } });
    assert.doesNotMatch(
      `${sentence} ${command}`,
      /publish|mlx-community|hugging|all quantized|other models/i,
    );
  }
});
