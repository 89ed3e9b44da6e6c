/** Studies as they were measured, one file a backend: the statistics decide on real series, without the hardware. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { agreementsOf } from '@tidemark/shared/analysis/verdicts/agreement.ts';
import { anomalyDifference, explain } from '@tidemark/shared/analysis/verdicts/explain.ts';
import { furtherIterations } from '@tidemark/shared/analysis/verdicts/further-iterations.ts';
import { peakMakeups } from '@tidemark/shared/analysis/verdicts/peak-makeup.ts';
import { recognizeWarmup } from '@tidemark/shared/analysis/warm-up.ts';
import { studyDocument } from '@tidemark/shared/protocol/study-document.ts';
import type { HypothesisId, StudyAnswer } from '@tidemark/shared/protocol/study-document.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';

const MB = 1e6;

const folder = join(import.meta.dirname, 'fixtures');
const files = readdirSync(folder).filter((name) => /^study-.*\.json$/.test(name));

const evidenceSchema = v.nonOptional(v.unwrap(studyDocument.entries.answer).entries.evidence);

test('there is a recorded study of the CPU', () => assert.ok(files.includes('study-cpu.json')));

for (const file of files) {
  const evidence = v.parse(evidenceSchema, JSON.parse(readFileSync(join(folder, file), 'utf8')));
  const { explanations, refusals } = explain(evidence);
  const anomalies = explanations.filter(({ isAnomaly }) => isAnomaly);
  const verdictsOn = (id: HypothesisId) =>
    explanations.map(({ model, verdicts }) => {
      const verdict = verdicts.find(({ hypothesis }) => hypothesis === id);
      assert.ok(verdict);
      return { model, ...verdict };
    });

  describe(file, () => {
    test('every model is explained, and 4bit-fp32 is an anomaly', () => {
      assert.deepEqual(refusals, []);
      assert.ok(anomalies.some(({ model }) => model === '4bit-fp32'));
      assert.ok(anomalies.every(({ model }) => model.endsWith('-fp32')));
    });

    test('dequantization is refuted, by no more than 1 MB', () => {
      for (const { model, status, effectBytes } of verdictsOn('on-the-fly-dequantization')) {
        assert.equal(status, 'refuted', model);
        assert.ok(effectBytes && effectBytes.high <= MB, `${model}: ${effectBytes?.high}`);
      }
    });

    test('a float32 rest is the cause of every anomaly', () => {
      for (const { model, status } of verdictsOn('float32-rest')) {
        assert.equal(status, anomalies.some((each) => each.model === model) ? 'supported' : 'refuted', model);
      }
    });

    test('whatever rests on an interval is decided, but for what a queue adds', () => {
      for (const { model, verdicts } of explanations) {
        for (const { hypothesis, status, effectBytes } of verdicts) {
          if (effectBytes !== undefined && hypothesis !== 'queued-work') {
            assert.match(status, /^(supported|refuted)$/, `${model}: ${hypothesis}`);
          }
        }
      }
      const further = furtherIterations(evidence, { most: 1000, mostAsGiven: 1000 });
      assert.ok(further.every(({ intervention }) => intervention === 'as-given'));
    });

    test('the remainder is within 5% of the anomaly', () => {
      for (const explanation of anomalies) {
        const whole = anomalyDifference(explanation).estimate;
        assert.ok(Math.abs(explanation.remainderBytes) <= 0.05 * whole, String(explanation.remainderBytes));
      }
    });

    test('each peak is the sum of its parts, and the order of evaluation is a noticeable one', () => {
      const peaks = peakMakeups(evidence);
      assert.equal(peaks.length, evidence.models.length);
      for (const { peakBytes, weightsBytes, operationsBytes, orderBytes, queueBytes } of peaks) {
        // Of a GPU's peak, part of which is its queue, it is less.
        const share = evidence.device === 'cpu' ? 0.09 : 0.05;
        assert.ok(orderBytes !== undefined && orderBytes > share * peakBytes, String(orderBytes));
        const sum = weightsBytes + operationsBytes + orderBytes + (queueBytes ?? 0);
        assert.ok(Math.abs(sum - peakBytes) < 1);
        assert.equal(queueBytes !== undefined, evidence.device === 'gpu');
      }
    });

    test('what is left of each series has no warm-up, and drained ones repeat', () => {
      for (const { model, intervention, queue, peakBytes } of evidence.arms) {
        const each = `${model} (${intervention})`;
        if (evidence.device === 'cpu') {
          assert.equal(recognizeWarmup(peakBytes), 0, each);
        }
        if (queue === 'drained') {
          // An operation may begin before the buffers of the last are given back, which is one activation more, or some.
          const levels = peakBytes
            .toSorted((a, b) => a - b)
            .filter((peak, at, all) => at === 0 || peak - (all[at - 1] ?? 0) > 0.1 * MB);
          assert.ok(levels.length <= Math.max(3, peakBytes.length / 3), each);
        }
      }
    });
  });
}

describe('Tidemark’s recorded study beside one of mlx-audio', () => {
  const { settings } = exampleProfile();
  const recorded = (file: string): StudyAnswer => {
    const evidence = v.parse(evidenceSchema, JSON.parse(readFileSync(join(folder, file), 'utf8')));
    return { evidence, ...explain(evidence) };
  };
  const mlxAudio = recorded('mlx-audio-study-gpu.json');
  const beside = (file: string) =>
    agreementsOf([
      { settings, answer: recorded(file), failures: [], skipped: [] },
      { settings: { ...settings, engine: 'mlx-audio' }, answer: mlxAudio, failures: [], skipped: [] },
    ]).find(({ model }) => model === '4bit-fp32');

  test('the steps of mlx-audio leave nothing open, and contain what the order of evaluation takes', () => {
    const [explanation] = mlxAudio.explanations;
    assert.ok(explanation);
    const whole = anomalyDifference(explanation).estimate;
    assert.ok(Math.abs(explanation.remainderBytes) <= 0.01 * whole, String(explanation.remainderBytes));
    const order = explanation.verdicts.find(({ hypothesis }) => hypothesis === 'evaluation-order');
    assert.equal(order?.status, 'supported');
    assert.equal(order.share, undefined);
    assert.equal(order.overlapBytes, order.effectBytes?.estimate);
  });

  test('on a GPU they agree on the float32 rest and on dequantization, and not on the order of evaluation', () => {
    const { status, sentence, causes } = beside('study-gpu.json') ?? assert.fail('it is not compared');
    assert.equal(status, 'agree');
    assert.match(
      sentence,
      /float32 left in the rest, 109\.\d% \(127\.\d MB\) in tidemark and 11[78]\.\d% \(136\.\d MB\) in mlx-audio of it with the queue drained/,
    );
    const on = (id: HypothesisId) => causes.find(({ hypothesis }) => hypothesis === id)?.status;
    assert.equal(on('float32-rest'), 'agree');
    assert.equal(on('on-the-fly-dequantization'), 'agree');
    assert.equal(on('evaluation-order'), 'disagree');
    assert.equal(on('weight-norm-temporaries'), 'cannot-be-told');
  });

  test('a study of a CPU is not held against one of a GPU', () => {
    assert.equal(beside('study-cpu.json')?.status, 'cannot-be-told');
  });
});
