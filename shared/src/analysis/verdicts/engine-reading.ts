/** What one engine's study says of a model, in figures that can be held against another engine's. */

import { engineOf } from '../../protocol/study-document.ts';
import type {
  Agreement,
  CauseInEngine,
  EngineStudy,
  Explanation,
  HypothesisId,
  StudyAnswer,
} from '../../protocol/study-document.ts';
import type { EngineName } from '../../protocol/workload.ts';
import type { Shift } from '../statistics.ts';
import { comparisonOf, partBytes } from './explain.ts';
import { noticeableShare } from './verdict.ts';

export type Told = Pick<EngineStudy, 'settings' | 'answer' | 'failures' | 'skipped'>;

/** What one engine says of a model. */
export interface Reading {
  readonly engine: EngineName;
  readonly anomaly: Agreement['anomalies'][number];
  readonly causes: ReadonlyMap<HypothesisId, CauseInEngine>;
  /** The part with the largest share that was found to be a cause; absent where there is none. */
  readonly largest?: CauseInEngine & { readonly hypothesis: HypothesisId; readonly share: Shift };
  /** Whether its interval excludes an anomaly, where it has none. */
  readonly isClearlyNone: boolean;
}

/** Undefined where the engine has not explained the model. */
export function readingOf(study: Told, model: string): Reading | undefined {
  const { answer } = study;
  const explanation = answer?.explanations.find((each) => each.model === model);
  if (answer === undefined || explanation === undefined) {
    return undefined;
  }
  const engine = engineOf(study);
  const compared = comparedDifference(answer, explanation);
  const { isAnomaly, remainderBytes, difference: byDefault } = explanation;
  const anomaly = {
    engine,
    isAnomaly,
    queue: compared.queue,
    difference: compared.difference,
    byDefault,
    remainderBytes,
  };
  const whole = compared.difference.estimate;
  const causes = new Map(
    explanation.verdicts.map((verdict): [HypothesisId, CauseInEngine] => {
      const { hypothesis, status, effectBytes, share, overlapBytes } = verdict;
      const isOfDefault = hypothesis === 'queued-work';
      const of = isOfDefault ? byDefault.estimate : whole;
      const less = (effectBytes?.estimate ?? 0) - partBytes(verdict);
      return [
        hypothesis,
        {
          engine,
          status,
          ...(effectBytes === undefined ? {} : { effectBytes }),
          ...(overlapBytes === undefined ? {} : { overlapBytes }),
          ...(share === undefined || effectBytes === undefined
            ? {}
            : {
                share: {
                  estimate: (effectBytes.estimate - less) / of,
                  low: (effectBytes.low - less) / of,
                  high: (effectBytes.high - less) / of,
                },
              }),
        },
      ];
    }),
  );
  // What is queued is no part of what is compared with the queue drained.
  const parts = [...causes].flatMap(([hypothesis, cause]) =>
    cause.status === 'supported' &&
    cause.share !== undefined &&
    !(compared.queue === 'drained' && hypothesis === 'queued-work')
      ? [{ hypothesis, ...cause, share: cause.share }]
      : [],
  );
  const [largest] = parts.toSorted((a, b) => b.share.estimate - a.share.estimate);
  return {
    engine,
    anomaly,
    causes,
    ...(largest === undefined ? {} : { largest }),
    isClearlyNone: !isAnomaly && compared.difference.high < compared.noticeable,
  };
}

/**
 * With the queue drained, where a peak repeats, unless the anomaly is there by default only. `noticeable` is how large a difference is to
 * be for an anomaly, in bytes.
 */
function comparedDifference(
  { evidence }: Pick<StudyAnswer, 'evidence'>,
  { model, isAnomaly, difference, drained }: Explanation,
): { readonly queue: 'default' | 'drained'; readonly difference: Shift; readonly noticeable: number } {
  const facts = evidence.models.find((each) => each.model === model);
  const comparisonIn = (queue: 'default' | 'drained') =>
    facts === undefined ? undefined : comparisonOf(evidence, facts, queue);
  const settled = drained === undefined ? undefined : comparisonIn('drained');
  const isDrained = drained !== undefined && (!isAnomaly || settled?.isAnomaly === true);
  const comparison = isDrained ? settled : comparisonIn('default');
  return {
    queue: isDrained ? 'drained' : 'default',
    difference: isDrained ? drained : difference,
    noticeable: noticeableShare * Math.max(0, ...(comparison?.baseline.peakBytes ?? [])),
  };
}

/** As the end of a sentence. */
export function whyMissing(study: Told, model: string): string {
  const engine = engineOf(study);
  const { answer, failures, skipped } = study;
  const failure = failures.find((each) => each.model === model);
  const refusal = answer?.refusals.find((each) => each.model === model);
  if (failure !== undefined) {
    return `${engine} could not measure it (${failure.error.message.replace(/\.$/, '')})`;
  }
  if (refusal !== undefined) {
    return `${engine} has no verdict on it (${refusal.reason})`;
  }
  return skipped.includes(model)
    ? `${engine} did not come to it`
    : answer === undefined
      ? `no intervention was measured in ${engine}`
      : `${engine} has no verdict on it`;
}
