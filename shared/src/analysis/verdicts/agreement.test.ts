/** When two engines are said to agree on the cause of an anomaly, when to disagree, and when that cannot be told. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exampleProfile } from '../../../test/example-documents.ts';
import { gpuAnswer, mlxAudioGpu } from '../../../test/simulated-gpu.ts';
import type { GpuArm, GpuStudyOptions } from '../../../test/simulated-gpu.ts';
import type {
  Agreement,
  AgreementStatus,
  Explanation,
  HypothesisId,
  StudyAnswer,
  VerdictStatus,
} from '../../protocol/study-document.ts';
import { agreementsOf } from './agreement.ts';
import type { Told } from './engine-reading.ts';

const { settings } = exampleProfile();

const told = (engine: 'tidemark' | 'mlx-audio', answer: StudyAnswer | undefined): Told => ({
  settings: engine === 'tidemark' ? settings : { ...settings, engine },
  answer,
  failures: [],
  skipped: [],
});

/** What the engines say of 4bit-fp32. */
function agreement(own: StudyAnswer | undefined, other: StudyAnswer | undefined): Agreement {
  const [found, ...more] = agreementsOf([told('tidemark', own), told('mlx-audio', other)]);
  assert.deepEqual(more, []);
  assert.ok(found);
  assert.equal(found.model, '4bit-fp32');
  return found;
}

const onCause = ({ causes }: Agreement, hypothesis: HypothesisId): AgreementStatus | undefined =>
  causes.find((each) => each.hypothesis === hypothesis)?.status;

const notesOf = ({ notes }: Agreement): string => notes.join(' ');

interface Finding {
  readonly status: VerdictStatus;
  /** Its share of the anomaly, with how far the interval reaches to either side; no part where it is absent. */
  readonly share?: number;
  readonly give?: number;
}

/** An answer whose verdicts are these, of an anomaly of 100 MB with the queue drained; all others are refuted. */
function answerWith(found: Partial<Record<HypothesisId, Finding>>, whole = 107e6): StudyAnswer {
  const answer = gpuAnswer();
  return {
    ...answer,
    explanations: answer.explanations.map((explanation): Explanation => {
      const all = explanation.difference.estimate;
      return {
        ...explanation,
        verdicts: explanation.verdicts.map(
          ({ hypothesis, statement, prediction, arms, sentence, opposite }) => {
            const verdict = { hypothesis, statement, prediction, arms, sentence, opposite };
            const { status, share, give = 0.01 } = found[hypothesis] ?? { status: 'refuted' as const };
            const of = explanation.drained?.estimate ?? whole;
            const effect = (at: number): number => at * of;
            return {
              ...verdict,
              status,
              ...(share === undefined
                ? {}
                : {
                    share: effect(share) / all,
                    effectBytes: {
                      estimate: effect(share),
                      low: effect(share - give),
                      high: effect(share + give),
                    },
                  }),
            };
          },
        ),
      };
    }),
  };
}

const lower: readonly GpuArm[] = [
  { queue: 'default', loadedMB: 144.6, peakMB: 395, iterations: 60, wobbleMB: 2 },
  { loadedMB: 144.6, peakMB: 265 },
];
const steady: GpuStudyOptions = {
  iterations: 60,
  baselineChanges: [{ queue: 'default', loadedMB: 163.5, peakMB: 467, iterations: 60, wobbleMB: 2 }],
};
const none = (): StudyAnswer => gpuAnswer({ ...steady, changes: lower });

describe('the engines agree', () => {
  test('on mlx-audio’s figures of a GPU: the float32 rest of the anomaly with the queue drained, though the queue is larger by default', () => {
    const found = agreement(gpuAnswer(), gpuAnswer(mlxAudioGpu));
    assert.equal(found.status, 'agree');
    assert.match(
      found.sentence,
      /^The engines agree on the cause of the anomaly of 4bit-fp32: float32 left in the rest, 13\d\.\d% \(1\d\d\.\d MB\) in tidemark and 11\d\.\d% \(136\.\d MB\) in mlx-audio of it with the queue drained; their 95% intervals do not overlap\.$/,
    );
    assert.match(notesOf(found), /queued work is .* and 5\d\.\d% \(16\d\.\d MB\) in mlx-audio/);
    assert.deepEqual(
      found.anomalies.map(({ engine, queue, isAnomaly }) => [engine, queue, isAnomaly]),
      [
        ['tidemark', 'drained', true],
        ['mlx-audio', 'drained', true],
      ],
    );
    assert.ok(
      found.anomalies.every(
        ({ remainderBytes, difference }) => Math.abs(remainderBytes) < 0.05 * difference.estimate,
      ),
    );
  });

  test('and what one of them cannot be given is named as not tested, and is no disagreement', () => {
    const found = agreement(gpuAnswer(), gpuAnswer(mlxAudioGpu));
    for (const each of ['float32-activations', 'one-lazy-graph', 'weight-norm-temporaries'] as const) {
      assert.equal(onCause(found, each), 'cannot-be-told', each);
    }
    assert.match(
      notesOf(found),
      /Not tested, which is no disagreement: float32 activations, one large lazy graph, and weight-norm temporaries in mlx-audio\./,
    );
    assert.equal(onCause(found, 'on-the-fly-dequantization'), 'agree');
    assert.equal(onCause(found, 'float32-rest'), 'agree');
  });

  test('where the same cause is the largest, whether or not the intervals of its shares overlap', () => {
    const of = (share: number, give: number) =>
      answerWith({ 'float32-rest': { status: 'supported', share, give } });
    const near = agreement(of(0.9, 0.05), of(0.95, 0.05));
    const far = agreement(of(0.9, 0.01), of(0.5, 0.01));
    assert.deepEqual([near.status, far.status], ['agree', 'agree']);
    assert.match(near.sentence, /their 95% intervals overlap\./);
    assert.match(far.sentence, /their 95% intervals do not overlap\./);
  });

  test('where the largest differ, but both are causes in both and one of them cannot tell which is larger', () => {
    const found = agreement(
      answerWith({
        'float32-rest': { status: 'supported', share: 0.5, give: 0.1 },
        'unequal-work': { status: 'supported', share: 0.45, give: 0.1 },
      }),
      answerWith({
        'float32-rest': { status: 'supported', share: 0.3 },
        'unequal-work': { status: 'supported', share: 0.7 },
      }),
    );
    assert.equal(found.status, 'agree');
    assert.match(found.sentence, /not told apart in size/);
  });

  test('that there is no anomaly, where neither has one', () => {
    const found = agreement(none(), none());
    assert.equal(found.status, 'agree');
    assert.match(found.sentence, /agree that 4bit-fp32 has no anomaly/);
  });

  test('where another cause is supported in one and refuted in the other, which is said', () => {
    const rest = { status: 'supported', share: 0.8 } as const;
    const found = agreement(
      answerWith({ 'float32-rest': rest }),
      answerWith({ 'float32-rest': rest, 'evaluation-order': { status: 'supported', share: 0.2 } }),
    );
    assert.equal(found.status, 'agree');
    assert.equal(onCause(found, 'evaluation-order'), 'disagree');
    assert.match(
      notesOf(found),
      /They do not say the same of order of evaluation \(refuted in tidemark and supported in mlx-audio\)\./,
    );
  });
});

describe('the engines disagree', () => {
  test('where the largest cause in one is refuted in the other, whichever of them is first', () => {
    const rest = answerWith({ 'float32-rest': { status: 'supported', share: 0.9 } });
    const expanding = answerWith({ 'on-the-fly-dequantization': { status: 'supported', share: 0.9 } });
    for (const [own, other] of [
      [rest, expanding],
      [expanding, rest],
    ] as const) {
      const found = agreement(own, other);
      assert.equal(found.status, 'disagree');
      assert.match(
        found.sentence,
        /is the largest cause in tidemark \(90\.0% .* is refuted in mlx-audio, and /,
      );
    }
    const nothing = agreement(rest, answerWith({}));
    assert.equal(nothing.status, 'disagree');
    assert.match(nothing.sentence, /refuted in mlx-audio, where no cause was found/);
  });

  test('where both have the same two causes and tell them apart in opposite ways', () => {
    const of = (rest: number, work: number) =>
      answerWith({
        'float32-rest': { status: 'supported', share: rest },
        'unequal-work': { status: 'supported', share: work },
      });
    const found = agreement(of(0.7, 0.3), of(0.3, 0.7));
    assert.equal(found.status, 'disagree');
    assert.match(
      found.sentence,
      /the largest is float32 left in the rest in tidemark .* and unequal work in mlx-audio/,
    );
  });

  test('where one has an anomaly and the other clearly has none', () => {
    const found = agreement(gpuAnswer(), none());
    assert.equal(found.status, 'disagree');
    assert.match(found.sentence, /4bit-fp32 is an anomaly in tidemark, and none in mlx-audio/);
  });
});

describe('it cannot be told', () => {
  const rest = answerWith({ 'float32-rest': { status: 'supported', share: 0.9 } });

  for (const [status, words] of [
    ['not-tested', 'was not tested'],
    ['inconclusive', 'is inconclusive'],
    ['not-applicable', 'is not applicable'],
  ] as const) {
    test(`where the largest cause in one is “${status}” in the other`, () => {
      const found = agreement(rest, answerWith({ 'float32-rest': { status } }));
      assert.equal(found.status, 'cannot-be-told');
      assert.match(found.sentence, new RegExp(`the largest cause in tidemark, ${words} in mlx-audio`));
    });
  }

  test('where none of the hypotheses explains the anomaly in any of them', () => {
    const found = agreement(answerWith({}), answerWith({}));
    assert.equal(found.status, 'cannot-be-told');
    assert.match(found.sentence, /none of the tested hypotheses explains it in any of them/);
  });

  test('where one has an anomaly and the other’s interval leaves open whether it has', () => {
    const unclear = gpuAnswer({
      changes: [
        { queue: 'default', loadedMB: 163.5, peakMB: 467, iterations: 15 },
        { loadedMB: 163.5, peakMB: 303, wobbleMB: 20 },
      ],
    });
    assert.equal(unclear.explanations[0]?.isAnomaly, false);
    const found = agreement(gpuAnswer(), unclear);
    assert.equal(found.status, 'cannot-be-told');
    assert.match(found.sentence, /in mlx-audio its difference to bf16 is open/);
  });

  test('where one has no verdict on the model: refused, failed, not started, or without interventions', () => {
    const answer = gpuAnswer();
    const failed = { ...told('mlx-audio', { ...answer, explanations: [] }) };
    const cases: readonly (readonly [study: Told, words: RegExp])[] = [
      [
        told('mlx-audio', {
          ...answer,
          explanations: [],
          refusals: [{ model: '4bit-fp32', reason: 'it has no complete run' }],
        }),
        /mlx-audio has no verdict on it \(it has no complete run\)/,
      ],
      [
        {
          ...failed,
          failures: [{ model: '4bit-fp32', error: { code: 'host-died', message: 'The host died.' } }],
        },
        /mlx-audio could not measure it \(The host died\)/,
      ],
      [{ ...failed, skipped: ['4bit-fp32'] }, /mlx-audio did not come to it/],
      [failed, /mlx-audio has no verdict on it\./],
      [told('mlx-audio', undefined), /no intervention was measured in mlx-audio/],
    ];
    for (const [study, words] of cases) {
      const [found] = agreementsOf([told('tidemark', answer), study]);
      assert.equal(found?.status, 'cannot-be-told');
      assert.match(found.sentence, words);
      assert.ok(found.causes.every(({ status }) => status === 'cannot-be-told'));
    }
  });

  test('where they ran on different devices, or were held against different baselines', () => {
    const answer = gpuAnswer();
    const on = (change: object): StudyAnswer => ({ ...answer, evidence: { ...answer.evidence, ...change } });
    assert.match(
      agreement(answer, on({ device: 'cpu' })).sentence,
      /it ran on the GPU in tidemark and the CPU in mlx-audio/,
    );
    assert.match(
      agreement(answer, on({ baseline: 'fp16' })).sentence,
      /the baselines are not the same \(bf16 and fp16\)/,
    );
    assert.equal(agreement(answer, on({ device: 'cpu' })).status, 'cannot-be-told');
  });

  test('and nothing is said where no engine explained anything', () => {
    assert.deepEqual(agreementsOf([told('tidemark', undefined), told('mlx-audio', undefined)]), []);
  });
});

describe('what is compared', () => {
  test('is the default difference where the anomaly is all queue, which then is its largest cause', () => {
    const queueOnly = gpuAnswer({
      iterations: 60,
      queueMB: { bf16: 100, quantized: 240 },
      changes: [
        { loadedMB: 163.5, peakMB: 298 },
        ...(['rest-bfloat16', 'dense-bfloat16', 'mlx-product', 'dense', 'frozen-durations'] as const).map(
          (intervention) => ({ intervention, loadedMB: 163.5, peakMB: 298 }),
        ),
        { queue: 'default', loadedMB: 163.5, peakMB: 438, iterations: 60 },
      ],
    });
    const found = agreement(queueOnly, queueOnly);
    assert.equal(found.status, 'agree');
    assert.deepEqual(
      found.anomalies.map(({ queue }) => queue),
      ['default', 'default'],
    );
    assert.match(found.sentence, /: queued work, /);
    // In the other the anomaly is there with the queue drained, and the queue decides nothing about that.
    const against = agreement(queueOnly, gpuAnswer());
    assert.notEqual(against.status, 'agree');
  });

  test('every hypothesis has a statement for each engine, with a share only where the effect is a part', () => {
    const found = agreement(gpuAnswer(), gpuAnswer(mlxAudioGpu));
    assert.equal(found.causes.length, 13);
    assert.ok(found.causes.every(({ engines }) => engines.length === 2));
    const order = found.causes.find(({ hypothesis }) => hypothesis === 'evaluation-order')?.engines[1];
    assert.equal(order?.status, 'supported');
    assert.equal(order.share, undefined);
    assert.ok(order.overlapBytes !== undefined);
  });
});
