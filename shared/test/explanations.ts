/** What tests of the rules ask of a study's evidence. */

import assert from 'node:assert/strict';
import { explain } from '../src/analysis/verdicts/explain.ts';
import type { Explanation, HypothesisId, StudyEvidence, Verdict } from '../src/protocol/study-document.ts';

/** The explanation of evidence that explains one model, and refuses none. */
export function onlyExplanation(evidence: StudyEvidence): Explanation {
  const { explanations, refusals } = explain(evidence);
  assert.deepEqual(refusals, []);
  assert.equal(explanations.length, 1);
  const [explanation] = explanations;
  assert.ok(explanation);
  return explanation;
}

export function verdictOn(explanation: Explanation, id: HypothesisId): Verdict {
  const verdict = explanation.verdicts.find(({ hypothesis }) => hypothesis === id);
  assert.ok(verdict);
  return verdict;
}
