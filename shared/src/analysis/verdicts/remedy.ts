/** What to do about a model, by its verdicts: accept it, avoid it, or report it. About no model but the one that was studied. */

import { formatBytes } from '../../format/bytes.ts';
import type { Explanation, HypothesisId, ModelFacts, Verdict } from '../../protocol/study-document.ts';

export type Remedy = NonNullable<Explanation['remedy']>;

type Answered = Pick<Explanation, 'baseline' | 'isAnomaly' | 'verdicts'>;

/** The remedy for the largest cause that was found; where there is no anomaly, what still may be mended or misread. */
export function remedyFor(facts: ModelFacts, { baseline, isAnomaly, verdicts }: Answered): Remedy {
  const supported = verdicts.filter(({ status }) => status === 'supported');
  const find = (id: HypothesisId): Verdict | undefined =>
    supported.find(({ hypothesis }) => hypothesis === id);
  const leak = find('leak');
  if (leak !== undefined) {
    return {
      sentence: `Report it as a bug in the code that runs the model, with this study: ${leak.sentence}`,
    };
  }
  if (!isAnomaly) {
    return find('peak-not-reset') === undefined
      ? { sentence: `Accept it: nothing in ${facts.model} needs fixing.` }
      : {
          sentence: `Accept it, and reset the peak before each measurement (mx.reset_peak_memory()): without a reset, ${facts.model} seems to need as much as ${baseline}.`,
        };
  }
  const cause = largestCause(verdicts);
  return cause === undefined ? withoutCause(facts, verdicts) : remedyOf(cause, facts, baseline);
}

/** The supported cause with the largest share of the anomaly, which is what a remedy is for. */
export const largestCause = (verdicts: readonly Verdict[]): Verdict | undefined =>
  verdicts
    .filter(({ status, share }) => status === 'supported' && share !== undefined)
    .toSorted((a, b) => (b.share ?? 0) - (a.share ?? 0))[0];

function withoutCause({ model }: ModelFacts, verdicts: readonly Verdict[]): Remedy {
  const isOpen = verdicts.some(({ status }) => status === 'inconclusive' || status === 'not-tested');
  return {
    sentence: isOpen
      ? `Measure again with more iterations before acting on it: not every hypothesis about ${model} could be decided.`
      : 'Report it, with this study: every hypothesis was tested, and none explains it.',
  };
}

function remedyOf({ hypothesis, effectBytes }: Verdict, facts: ModelFacts, baseline: string): Remedy {
  const saved = formatBytes(effectBytes?.estimate ?? 0);
  const { model } = facts;
  switch (hypothesis) {
    case 'float32-rest':
      return {
        sentence: `Avoid it: cast the layers that cannot be quantized to bfloat16, which took ${saved} off the peak and leaves the quantized layers unchanged.`,
        command: `tidemark requantize ${word(model)} --rest bf16 --out ${word(`./${slug(model)}-bf16-rest`)}`,
      };
    case 'weight-norm-temporaries':
      return {
        sentence: `Avoid it: store weight norm fused, which took ${saved} off the peak; such a checkpoint loads only in Tidemark.`,
        command: `tidemark requantize ${word(model)} --fuse-weight-norm --out ${word(`./${slug(model)}-fused`)}`,
      };
    case 'on-the-fly-dequantization':
      return {
        sentence: `Report it to MLX, with this study: the quantized product takes ${saved} more than the same values stored dense.`,
      };
    case 'unequal-work':
      return {
        sentence: `Accept it: it speaks longer than ${baseline}, and with equal durations it needs ${saved} less.`,
      };
    case 'float32-activations':
      return {
        sentence: `Avoid it in the code that runs the model: cast activations to bfloat16, which took ${saved} off the peak.`,
      };
    case 'allocator-cache':
      return {
        sentence: `Avoid it: limit MLX's cache (mx.set_cache_limit), which took ${saved} off the peak.`,
      };
    case 'one-lazy-graph':
      return {
        sentence: `Avoid it in the code that runs the model: evaluate between its stages, which took ${saved} off the peak.`,
      };
    case 'packed-layers':
      return {
        sentence: `Avoid it: keep those layers dense in bfloat16, which took ${saved} off the peak.`,
      };
    case 'queued-work':
      return {
        sentence: `Avoid it in any program that uses MLX: set MLX_MAX_OPS_PER_BUFFER=1 in its environment, which brought the peak ${saved} closer to that of ${baseline}.`,
      };
    case 'evaluation-order':
      return {
        sentence: `Avoid it in any program that uses MLX: set MLX_BFS_MAX_WIDTH=1 in its environment, which brought the peak ${saved} closer to that of ${baseline}.`,
      };
    case 'load-transient':
    case 'peak-not-reset':
      return {
        sentence:
          'Accept it, and reset the peak after loading and before each measurement (mx.reset_peak_memory()).',
      };
    case 'leak':
      return { sentence: 'Report it as a bug in the code that runs the model, with this study.' };
  }
}

/** A model's name as the name of a folder: of a repository or a path the last part. */
const slug = (model: string): string =>
  (model.split(/[/\\]/).findLast((part) => /\w/.test(part)) ?? 'model')
    .replaceAll(/[^\w.-]+/g, '-')
    .replace(/^[-.]+/, '');

/** As a shell takes it for one word. */
const word = (text: string): string =>
  /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
