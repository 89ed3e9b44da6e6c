/** The rules on synthetic studies: each cause is found where it is the cause, and not where it is not. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { onlyExplanation, verdictOn } from '../../../test/explanations.ts';
import { seededNormal } from '../../../test/simulated-series.ts';
import { hypothesisIds } from '../../protocol/study-document.ts';
import type {
  Arm,
  Explanation,
  Intervention,
  ModelFacts,
  StudyEvidence,
  TracedReading,
} from '../../protocol/study-document.ts';
import { explain } from './explain.ts';

const MB = 1e6;
const wobble = seededNormal(11);

/** An arm of 14 iterations that peaks `transient` above what it loads, with the wobble of a CPU. */
function arm(
  model: string,
  intervention: Intervention,
  loadedMB: number,
  transientMB: number,
  samples = 106_800,
): Arm {
  const iterations = Array.from({ length: 14 });
  return {
    model,
    intervention,
    loadedBytes: loadedMB * MB,
    loadPeakBytes: (loadedMB + 8) * MB,
    peakBytes: iterations.map(() => (loadedMB + transientMB) * MB + 0.2 * MB * wobble()),
    activeBytes: iterations.map(() => loadedMB * MB),
    samples: iterations.map(() => samples),
  };
}

const facts = (model: string, float32MB: number, bits?: number): ModelFacts => ({
  model,
  tensorBytes: 283 * MB,
  bytesByDtype: { float32: float32MB * MB },
  restBytesByDtype: float32MB === 0 ? { bfloat16: 137 * MB } : { float32: float32MB * MB },
  ...(bits === undefined ? {} : { bits }),
});

const shared: readonly Intervention[] = [
  'bfloat16-activations',
  'no-cache',
  'stage-wise',
  'fused-weight-norm',
];

/** bf16 and a quantized model; `arms` are the quantized model's, whose shared interventions change nothing. */
function study(quantized: ModelFacts, arms: readonly Arm[]): StudyEvidence {
  const given = arms.find(({ intervention }) => intervention === 'as-given');
  assert.ok(given);
  const unchanged = [...shared, 'mlx-product' as const]
    .filter((intervention) => !arms.some((each) => each.intervention === intervention))
    .map((intervention): Arm => ({ ...given, intervention }));
  const baseline = arm('bf16', 'as-given', 163.5, 480);
  return {
    baseline: 'bf16',
    models: [facts('bf16', 0), quantized],
    arms: [
      baseline,
      ...shared.map((intervention): Arm => ({ ...baseline, intervention })),
      ...arms,
      ...unchanged,
    ],
    layers: {
      [quantized.model]: [
        { path: 'bert.encoder.ffn', denseBytes: 6.3 * MB, quantizedBytes: 0.1 * MB, expandedBytes: 6.4 * MB },
      ],
    },
    unreset: [
      {
        readings: [
          { model: 'bf16', peakBytes: 644 * MB },
          { model: quantized.model, peakBytes: 770 * MB },
        ],
      },
    ],
  };
}

function assertAddsUp({ verdicts, difference, remainderBytes }: Explanation): void {
  const parts = verdicts
    .filter(({ share }) => share !== undefined)
    .reduce((sum, { effectBytes }) => sum + (effectBytes?.estimate ?? Number.NaN), 0);
  assert.ok(Math.abs(parts + remainderBytes - difference.estimate) < 1);
}

describe('a float32 rest is the cause', () => {
  const quantized = facts('4bit-fp32', 276, 4);
  const explanation = onlyExplanation(
    study(quantized, [
      arm('4bit-fp32', 'as-given', 282.7, 481),
      arm('4bit-fp32', 'rest-bfloat16', 144.6, 479),
      arm('4bit-fp32', 'dense', 326, 481),
      arm('4bit-fp32', 'frozen-durations', 282.7, 482, 106_800),
    ]),
  );

  test('it is supported and makes nearly all of the anomaly', () => {
    assert.equal(explanation.isAnomaly, true);
    const verdict = verdictOn(explanation, 'float32-rest');
    assert.equal(verdict.status, 'supported');
    assert.ok(verdict.share !== undefined && verdict.share > 0.9);
    assert.match(verdict.sentence, /138\.1 MB off what is loaded/);
    assert.match(explanation.sentence, /Float32 was left in the layers/);
  });

  test('dequantization is refuted, with the layers measured alone beside it', () => {
    const verdict = verdictOn(explanation, 'on-the-fly-dequantization');
    assert.equal(verdict.status, 'refuted');
    assert.match(verdict.sentence, /bert\.encoder\.ffn.* took 100\.0 kB of 6\.3 MB/);
  });

  test('what a trace shows of dense copies is part of the evidence, unless its audio was another', () => {
    const arms = [
      arm('4bit-fp32', 'as-given', 282.7, 481),
      arm('4bit-fp32', 'dense', 326, 481),
      arm('4bit-fp32', 'frozen-durations', 282.7, 482),
    ];
    const sentenceWith = (reading: Partial<TracedReading>): string => {
      const whole = { peakBytes: 764 * MB, plainPeakBytes: 764 * MB, sameAudio: true, ...reading };
      const traced = { '4bit-fp32': { denseCopies: { atPeak: [] }, ...whole } };
      const explained = onlyExplanation({ ...study(quantized, arms), traced });
      return verdictOn(explained, 'on-the-fly-dequantization').sentence;
    };
    assert.match(
      sentenceWith({}),
      /In a trace of its operations, with a peak of 764\.0 MB, no dense copy of a quantized weight is alive at the peak, nor at any other time\.$/,
    );
    const copies = ['a', 'b', 'c', 'd'].map((name) => ({ tensor: `bert.${name}.weight`, bytes: 6.3 * MB }));
    assert.match(
      sentenceWith({ denseCopies: { atPeak: copies, largest: { tensor: 'bert.e.weight', bytes: 9 * MB } } }),
      /dense copies of quantized weights are alive at the peak, 25\.2 MB together: bert\.a\.weight \(6\.3 MB\), .*, and 1 more\. The largest at any time is that of bert\.e\.weight \(9\.0 MB\)\.$/,
    );
    assert.match(
      sentenceWith({ denseCopies: { atPeak: [], largest: { tensor: 'bert.e.weight', bytes: 9 * MB } } }),
      /no dense copy .* is alive at the peak\. The largest at any other time is that of bert\.e\.weight \(9\.0 MB\)\.$/,
    );
    assert.doesNotMatch(sentenceWith({ sameAudio: false }), /trace/);
  });

  test('what both models share is refuted, and so is a leak', () => {
    for (const id of [
      'float32-activations',
      'allocator-cache',
      'one-lazy-graph',
      'weight-norm-temporaries',
      'leak',
    ] as const) {
      assert.equal(verdictOn(explanation, id).status, 'refuted', id);
    }
  });

  test('shares and remainder add up to the anomaly', () => assertAddsUp(explanation));

  test('the remedy casts the rest', () => {
    assert.match(explanation.remedy?.command ?? '', /^tidemark requantize 4bit-fp32 --rest bf16 --out /);
  });

  test('every hypothesis has a verdict, in the order of the list', () => {
    assert.deepEqual(
      explanation.verdicts.map(({ hypothesis }) => hypothesis),
      hypothesisIds,
    );
  });
});

describe('dequantization is the cause: a network that expands its weights and holds them', () => {
  const explanation = onlyExplanation(
    study(facts('4bit-bf16', 0, 4), [
      arm('4bit-bf16', 'as-given', 144.6, 530),
      arm('4bit-bf16', 'dense', 163.5, 478),
      arm('4bit-bf16', 'frozen-durations', 144.6, 530),
    ]),
  );

  test('it is supported, and a float32 rest refuted: the rules can say both', () => {
    assert.equal(explanation.isAnomaly, true);
    const verdict = verdictOn(explanation, 'on-the-fly-dequantization');
    assert.equal(verdict.status, 'supported');
    assert.ok(verdict.effectBytes && Math.abs(verdict.effectBytes.estimate / MB - 52) < 1);
    assert.equal(verdictOn(explanation, 'float32-rest').status, 'refuted');
    assertAddsUp(explanation);
  });
});

describe('unequal work is the cause', () => {
  test('frozen durations take the anomaly away', () => {
    const explanation = onlyExplanation(
      study(facts('4bit-bf16', 0, 4), [
        arm('4bit-bf16', 'as-given', 144.6, 530, 117_600),
        arm('4bit-bf16', 'dense', 163.5, 530, 117_600),
        arm('4bit-bf16', 'frozen-durations', 144.6, 480),
      ]),
    );
    const verdict = verdictOn(explanation, 'unequal-work');
    assert.equal(verdict.status, 'supported');
    assert.match(verdict.sentence, /117,600 samples instead of 106,800/);
  });
});

describe('a cause that only the quantized model has, among those that both could share', () => {
  test('it is supported when taking it away brings the two closer', () => {
    const explanation = onlyExplanation(
      study(facts('4bit-bf16', 0, 4), [
        arm('4bit-bf16', 'as-given', 144.6, 560),
        arm('4bit-bf16', 'dense', 163.5, 560),
        arm('4bit-bf16', 'frozen-durations', 144.6, 560),
        arm('4bit-bf16', 'stage-wise', 144.6, 500),
      ]),
    );
    assert.equal(verdictOn(explanation, 'one-lazy-graph').status, 'supported');
    assert.equal(verdictOn(explanation, 'allocator-cache').status, 'refuted');
  });
});

describe('there is no anomaly', () => {
  const explanation = onlyExplanation(
    study(facts('4bit-bf16', 0, 4), [
      arm('4bit-bf16', 'as-given', 144.6, 478),
      arm('4bit-bf16', 'dense', 163.5, 478),
      arm('4bit-bf16', 'frozen-durations', 144.6, 478),
    ]),
  );

  test('it says so, and gives no shares', () => {
    assert.equal(explanation.isAnomaly, false);
    assert.match(explanation.sentence, /lower than bf16: there is no anomaly to explain/);
    assert.ok(explanation.verdicts.every(({ share }) => share === undefined));
    assert.equal(explanation.remainderBytes, 0);
  });

  test('a peak that was never reset is shown to invert the order', () => {
    const verdict = verdictOn(explanation, 'peak-not-reset');
    assert.equal(verdict.status, 'supported');
    assert.match(verdict.sentence, /appears no lower/);
  });
});

describe('data that carry no verdict', () => {
  const given = arm('4bit-fp32', 'as-given', 282.7, 481);

  test('arms that were not run leave their hypotheses not tested, and the whole anomaly as remainder', () => {
    const evidence = study(facts('4bit-fp32', 276, 4), [given]);
    const explanation = onlyExplanation({
      ...evidence,
      arms: evidence.arms.filter(({ intervention }) => intervention === 'as-given'),
    });
    assert.equal(verdictOn(explanation, 'float32-rest').status, 'not-tested');
    assert.equal(verdictOn(explanation, 'on-the-fly-dequantization').status, 'not-tested');
    assert.equal(explanation.remainderBytes, explanation.difference.estimate);
    assert.match(explanation.sentence, /None of the tested hypotheses/);
  });

  const broken: readonly [what: string, arm: Arm][] = [
    ['three iterations', { ...given, peakBytes: given.peakBytes.slice(0, 3) }],
    ['a NaN', { ...given, peakBytes: [...given.peakBytes.slice(1), Number.NaN] }],
  ];
  for (const [what, brokenArm] of broken) {
    test(`${what}: the model is refused with a reason, and has no verdict`, () => {
      const { explanations, refusals } = explain(study(facts('4bit-fp32', 276, 4), [brokenArm]));
      assert.deepEqual(explanations, []);
      assert.equal(refusals.length, 1);
      assert.match(refusals[0]?.reason ?? '', /too few|not a number/);
    });
  }
});
