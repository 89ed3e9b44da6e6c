/** Studies on a GPU: the default peaks wander with the queue, the drained ones repeat and decide, and what is open gets more iterations. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { onlyExplanation, verdictOn } from '../../../test/explanations.ts';
import { gpuStudy, mlxAudioGpu } from '../../../test/simulated-gpu.ts';
import type { Explanation, StudyEvidence } from '../../protocol/study-document.ts';
import { anomalyDifference, partBytes } from './explain.ts';
import { furtherIterations } from './further-iterations.ts';
import { peakMakeups, peakRemedies } from './peak-makeup.ts';

const MB = 1e6;

const partsOf = ({ verdicts }: Explanation): number =>
  verdicts.reduce((sum, verdict) => sum + partBytes(verdict), 0);

describe('a GPU whose default peaks wander by 25 MB', () => {
  const seeds = Array.from({ length: 40 }, (_, seed) => seed);

  test('dequantization is refuted with an upper bound of 1 MB, whatever the queue does', () => {
    for (const seed of seeds) {
      const verdict = verdictOn(onlyExplanation(gpuStudy({ seed })), 'on-the-fly-dequantization');
      assert.equal(verdict.status, 'refuted');
      assert.ok(verdict.effectBytes && verdict.effectBytes.high <= MB, String(verdict.effectBytes?.high));
      assert.ok(verdict.arms.every((name) => name.includes('queue drained')));
    }
  });

  test('the float32 rest is supported, and all but the queue and the leak are decided', () => {
    for (const seed of seeds) {
      const explanation = onlyExplanation(gpuStudy({ seed }));
      assert.equal(verdictOn(explanation, 'float32-rest').status, 'supported');
      for (const { hypothesis, status } of explanation.verdicts) {
        if (hypothesis !== 'queued-work') {
          assert.ok(status === 'supported' || status === 'refuted', `${hypothesis}: ${status}`);
        }
      }
    }
  });

  test('the queue is a part like the others, and the remainder is within 5% of the anomaly', () => {
    for (const seed of seeds) {
      const explanation = onlyExplanation(gpuStudy({ seed }));
      assert.equal(explanation.anomalyOf, undefined);
      assert.ok(verdictOn(explanation, 'queued-work').share !== undefined);
      const whole = anomalyDifference(explanation).estimate;
      assert.ok(Math.abs(partsOf(explanation) + explanation.remainderBytes - whole) < 1);
      assert.ok(Math.abs(explanation.remainderBytes) < 0.05 * whole);
    }
  });

  test('the answer says of the anomaly what it is by default, drained, and what the queue adds', () => {
    const { sentence } = onlyExplanation(gpuStudy());
    assert.match(
      sentence,
      /higher than bf16 by default and 107\.\d MB with the queue drained: queued work adds/,
    );
  });

  test('with sixty iterations the queue itself is decided in nearly every study', () => {
    const decided = seeds.filter(
      (seed) =>
        verdictOn(onlyExplanation(gpuStudy({ seed, iterations: 60 })), 'queued-work').status !==
        'inconclusive',
    );
    assert.ok(decided.length >= 0.8 * seeds.length, String(decided.length));
  });
});

describe('other causes on a GPU', () => {
  test('a model that expands its weights is found to do so', () => {
    const explanation = onlyExplanation(
      gpuStudy({
        changes: [
          { intervention: 'mlx-product', loadedMB: 282.7, peakMB: 457 },
          { loadedMB: 282.7, peakMB: 457 },
          { intervention: 'rest-bfloat16', loadedMB: 145.5, peakMB: 317 },
        ],
      }),
    );
    const verdict = verdictOn(explanation, 'on-the-fly-dequantization');
    assert.equal(verdict.status, 'supported');
    assert.ok(verdict.effectBytes && Math.abs(verdict.effectBytes.estimate - 52 * MB) < 0.5 * MB);
  });

  test('an anomaly that is all queue is supported as that, and MLX’s variable is its remedy', () => {
    const explanation = onlyExplanation(
      gpuStudy({
        iterations: 60,
        queueMB: { bf16: 100, quantized: 240 },
        changes: [
          { loadedMB: 163.5, peakMB: 298 },
          { intervention: 'rest-bfloat16', loadedMB: 163.5, peakMB: 298 },
          { intervention: 'mlx-product', loadedMB: 163.5, peakMB: 298 },
          { intervention: 'dense', loadedMB: 163.5, peakMB: 298 },
          { queue: 'default', loadedMB: 163.5, peakMB: 438, iterations: 60 },
        ],
      }),
    );
    assert.equal(explanation.isAnomaly, true);
    assert.equal(verdictOn(explanation, 'queued-work').status, 'supported');
    assert.equal(verdictOn(explanation, 'float32-rest').status, 'refuted');
    assert.match(explanation.remedy?.sentence ?? '', /MLX_MAX_OPS_PER_BUFFER=1/);
  });

  test('an anomaly that the queue hides is explained as one with the queue drained', () => {
    const explanation = onlyExplanation(
      gpuStudy({
        changes: [{ queue: 'default', loadedMB: 282.7, peakMB: 440 }],
        queueMB: { bf16: 169, quantized: 35 },
      }),
    );
    assert.equal(explanation.isAnomaly, true);
    assert.equal(explanation.anomalyOf, 'drained');
    assert.match(explanation.sentence, /^With the queue drained, .* which queued work hides by default/);
    assert.equal(verdictOn(explanation, 'queued-work').share, undefined);
    const whole = anomalyDifference(explanation).estimate;
    assert.ok(Math.abs(whole - 107 * MB) < MB);
    assert.ok(Math.abs(partsOf(explanation) + explanation.remainderBytes - whole) < 1);
  });

  test('a model that peaks lower has no shares, and the queue is refuted or open, never left out', () => {
    const low = { loadedMB: 144.6, peakMB: 265 };
    const explanation = onlyExplanation(
      gpuStudy({
        iterations: 60,
        changes: [{ ...low, queue: 'default', peakMB: 265 + 130, iterations: 60 }, low],
      }),
    );
    assert.equal(explanation.isAnomaly, false);
    assert.equal(explanation.remainderBytes, 0);
    assert.ok(explanation.verdicts.every(({ share }) => share === undefined));
    const { status, sentence } = verdictOn(explanation, 'queued-work');
    assert.match(status, /^(refuted|inconclusive)$/);
    assert.match(sentence, /drained, its distance to bf16 changes by \+\d+\.\d MB\.$/);
  });

  test('without drained arms what rests on them is not tested, and nothing is decided from the wandering peaks', () => {
    const evidence = gpuStudy();
    const explanation = onlyExplanation({
      ...evidence,
      arms: evidence.arms.filter(({ queue }) => queue === undefined),
    });
    for (const id of ['queued-work', 'on-the-fly-dequantization', 'float32-rest', 'packed-layers'] as const) {
      assert.equal(verdictOn(explanation, id).status, 'not-tested');
    }
    assert.equal(explanation.drained, undefined);
  });
});

describe('a cause that both models share overlaps with the steps from the model to the baseline', () => {
  const orderOf = (explanation: Explanation) => verdictOn(explanation, 'evaluation-order');

  test('mlx-audio on a GPU: the order is supported and no part, and what remains is within 5% of the anomaly', () => {
    for (const seed of Array.from({ length: 20 }, (_, each) => each)) {
      const explanation = onlyExplanation(gpuStudy({ ...mlxAudioGpu, seed }));
      const { status, share, overlapBytes, sentence } = orderOf(explanation);
      assert.equal(status, 'supported');
      assert.equal(share, undefined);
      assert.ok(overlapBytes !== undefined && Math.abs(overlapBytes - 52.6 * MB) < MB);
      assert.match(sentence, /The other parts contain these bytes already/);
      const whole = anomalyDifference(explanation).estimate;
      assert.ok(Math.abs(explanation.remainderBytes) < 0.05 * whole, String(explanation.remainderBytes));
      assert.ok(Math.abs(partsOf(explanation) + explanation.remainderBytes - whole) < 1);
      assert.match(
        explanation.sentence,
        /Contained in the parts of it, and not added to them: The order in which MLX evaluates .* \(52\.\d MB\)\.$/,
      );
    }
  });

  test('what the steps leave open it counts toward, and only the rest of it overlaps', () => {
    // The steps make 72 MB of 107, and a narrow order takes off more than the 35 that are open.
    const explanation = onlyExplanation(
      gpuStudy({
        iterations: 60,
        queueMB: { bf16: 169, quantized: 169 },
        changes: [
          { intervention: 'rest-bfloat16', loadedMB: 145.5, peakMB: 333 },
          { intervention: 'dense-bfloat16', loadedMB: 163.5, peakMB: 333 },
          { intervention: 'narrow-evaluation', loadedMB: 282.7, peakMB: 304.4 },
        ],
      }),
    );
    const order = orderOf(explanation);
    assert.equal(order.status, 'supported');
    const { share = 0, overlapBytes = 0, effectBytes } = order;
    const whole = anomalyDifference(explanation).estimate;
    assert.ok(overlapBytes > 0 && share > 0);
    assert.ok(Math.abs(share * whole + overlapBytes - (effectBytes?.estimate ?? 0)) < 1);
    assert.ok(Math.abs(explanation.remainderBytes) < 1);
    assert.match(order.sentence, /Of this, \d+\.\d MB overlap with the other parts/);
  });

  test('where the steps leave all of it open, it is a part and overlaps with nothing', () => {
    const evidence = gpuStudy({
      changes: [{ intervention: 'narrow-evaluation', loadedMB: 282.7, peakMB: 335 }],
    });
    const steps = ['rest-bfloat16', 'dense-bfloat16', 'mlx-product', 'dense', 'frozen-durations'];
    const arms = evidence.arms.filter(({ intervention }) => !steps.includes(intervention));
    const order = orderOf(onlyExplanation({ ...evidence, arms }));
    assert.equal(order.status, 'supported');
    assert.ok(order.share !== undefined);
    assert.equal(order.overlapBytes, undefined);
  });
});

describe('on the CPU', () => {
  const { arms, ...rest } = gpuStudy();
  const evidence: StudyEvidence = {
    ...rest,
    device: 'cpu',
    arms: arms.flatMap(({ queue, ...arm }) => (queue === undefined ? [] : [arm])),
  };

  test('queued work is not applicable, has no share, and says why', () => {
    const verdict = verdictOn(onlyExplanation(evidence), 'queued-work');
    assert.equal(verdict.status, 'not-applicable');
    assert.equal(verdict.share, undefined);
    assert.match(verdict.sentence, /no command buffers/);
  });
});

describe('further iterations', () => {
  const limits = { most: 24, mostAsGiven: 60 };

  test('none are asked for where every verdict is decided', () => {
    const sure = gpuStudy({ queueMB: { bf16: 169, quantized: 300 }, iterations: 60 });
    assert.deepEqual(furtherIterations(sure, limits), []);
  });

  test('an open verdict on the queue asks for the model as given and its baseline, twice as often', () => {
    const open = gpuStudy();
    assert.equal(verdictOn(onlyExplanation(open), 'queued-work').status, 'inconclusive');
    assert.deepEqual(
      furtherIterations(open, limits).filter(({ queue }) => queue === 'default'),
      ['bf16', '4bit-fp32'].map((model) => ({
        model,
        intervention: 'as-given',
        queue: 'default',
        iterations: 15,
      })),
    );
  });

  test('what has been measured in another process counts, and nothing goes beyond the limit', () => {
    const open = gpuStudy();
    const given = open.arms.filter(
      ({ queue, intervention }) => queue === undefined && intervention === 'as-given',
    );
    const grown = { ...open, arms: [...open.arms, ...given, ...given, ...given] };
    const asked = furtherIterations(grown, { ...limits, mostAsGiven: 60 });
    assert.ok(asked.every(({ queue }) => queue !== 'default'));
    const [first] = furtherIterations({ ...open, arms: [...open.arms, ...given, ...given] }, limits);
    assert.deepEqual(first?.iterations, 15);
  });

  test('an arm whose noise leaves its verdict open is asked for', () => {
    const noisy = gpuStudy({
      changes: [{ intervention: 'stage-wise', loadedMB: 282.7, peakMB: 395, wobbleMB: 6 }],
    });
    assert.equal(verdictOn(onlyExplanation(noisy), 'one-lazy-graph').status, 'inconclusive');
    const asked = furtherIterations(noisy, limits);
    assert.ok(
      asked.some(
        ({ model, intervention, iterations }) =>
          model === '4bit-fp32' && intervention === 'stage-wise' && iterations === 6,
      ),
    );
  });
});

describe('what each peak is for', () => {
  const peaks = peakMakeups(gpuStudy({ iterations: 60 }));

  test('the baseline is first, and the parts add up to the median peak', () => {
    assert.deepEqual(
      peaks.map(({ model }) => model),
      ['bf16', '4bit-fp32'],
    );
    for (const { weightsBytes, operationsBytes, orderBytes = 0, queueBytes = 0, peakBytes } of peaks) {
      assert.ok(Math.abs(weightsBytes + operationsBytes + orderBytes + queueBytes - peakBytes) < 1);
    }
  });

  test('weights, operations, order and queue are each what was planted', () => {
    const [bf16] = peaks;
    assert.ok(bf16);
    const near = (bytes: number | undefined, megabytes: number, by: number): void =>
      assert.ok(Math.abs((bytes ?? 0) / MB - megabytes) < by, `${bytes} is not ${megabytes} MB`);
    near(bf16.weightsBytes, 164, 0.1);
    near(bf16.operationsBytes, 86, 0.2);
    near(bf16.orderBytes, 48, 0.2);
    near(bf16.queueBytes, 169, 12);
    assert.deepEqual([bf16.given.iterations, bf16.drained?.iterations, bf16.narrow?.iterations], [60, 6, 6]);
  });

  test('both variables are remedies, with what they take off and what they cost', () => {
    const [order, queue] = peakRemedies(peaks);
    assert.equal(order?.variable, 'MLX_BFS_MAX_WIDTH=1');
    assert.match(
      order.sentence,
      /wide: with the queue drained on both sides, it took 45\.\d MB to 48\.\d MB \(11\.\d% to 16\.\d%\) off/,
    );
    assert.equal(queue?.variable, 'MLX_MAX_OPS_PER_BUFFER=1');
    assert.match(queue.sentence, /changed the time of an iteration by \+36\.8%/);
  });

  test('a variable that takes nothing off is no remedy, and what was not measured is no part', () => {
    const evidence = gpuStudy();
    const given = { ...evidence, arms: evidence.arms.filter(({ queue }) => queue === undefined) };
    const [first] = peakMakeups(given);
    assert.equal(first?.orderBytes, undefined);
    assert.equal(first?.queueBytes, undefined);
    assert.deepEqual(peakRemedies(peakMakeups(given)), []);
    const unhelpful = peaks.map((peak) => ({ ...peak, orderBytes: 0.2 * MB }));
    assert.deepEqual(
      peakRemedies(unhelpful).map(({ variable }) => variable),
      ['MLX_MAX_OPS_PER_BUFFER=1'],
    );
  });
});
