/** Whether several engines agree on what makes a quantized model peak higher than the baseline. */

import { formatBytes } from '../../format/bytes.ts';
import { formatList, formatPercent } from '../../format/numbers.ts';
import { engineOf } from '../../protocol/study-document.ts';
import type {
  Agreement,
  AgreementStatus,
  CauseInEngine,
  HypothesisId,
  VerdictStatus,
} from '../../protocol/study-document.ts';
import type { Shift } from '../statistics.ts';
import { readingOf, whyMissing } from './engine-reading.ts';
import type { Reading, Told } from './engine-reading.ts';
import { shortNames } from './rules.ts';

/** Of each model that any of the studies explained or could not explain, in their order. Empty where none was explained at all. */
export function agreementsOf(studies: readonly Told[]): Agreement[] {
  const answers = studies.flatMap(({ answer }) => answer ?? []);
  const models = new Set(
    answers.flatMap(({ explanations, refusals }) => [...explanations, ...refusals].map(({ model }) => model)),
  );
  return [...models].map((model) => agreementOn(model, studies));
}

function agreementOn(model: string, studies: readonly Told[]): Agreement {
  const readings: Reading[] = [];
  const missing: string[] = [];
  for (const study of studies) {
    const reading = readingOf(study, model);
    if (reading === undefined) {
      missing.push(whyMissing(study, model));
    } else {
      readings.push(reading);
    }
  }
  const baselines = new Set(studies.flatMap(({ answer }) => answer?.evidence.baseline ?? []));
  const [baseline = ''] = baselines;
  const devices = studies.flatMap(({ answer, settings }) =>
    answer?.evidence.device === undefined
      ? []
      : [`the ${answer.evidence.device.toUpperCase()} in ${engineOf({ settings })}`],
  );
  const kinds = new Set(studies.flatMap(({ answer }) => answer?.evidence.device ?? []));
  const {
    status,
    sentence,
    notes = [],
  } = missing.length > 0
    ? untold(model, formatList(missing))
    : baselines.size > 1
      ? untold(model, `the baselines are not the same (${formatList([...baselines])})`)
      : kinds.size > 1
        ? untold(model, `it ran on ${formatList(devices)}`)
        : judge(model, baseline, readings);
  const hypotheses = [...new Set(readings.flatMap(({ causes }) => [...causes.keys()]))];
  return {
    model,
    baseline,
    status,
    anomalies: readings.map(({ anomaly }) => anomaly),
    causes: hypotheses.map((hypothesis) => {
      const engines = readings.flatMap(({ causes }) => causes.get(hypothesis) ?? []);
      return { hypothesis, status: onCause(engines.map((each) => each.status)), engines };
    }),
    sentence,
    notes: [...notes],
  };
}

interface Judgement extends Pick<Agreement, 'status' | 'sentence'> {
  readonly notes?: readonly string[];
}

const untold = (model: string, why: string): Judgement => ({
  status: 'cannot-be-told',
  sentence: `Whether the engines agree on ${model} cannot be told: ${why}.`,
});

const openStatuses: readonly VerdictStatus[] = ['not-tested', 'inconclusive', 'not-applicable'];

/** On one hypothesis, by what each engine says of it. What is open in one of them is no disagreement. */
function onCause(statuses: readonly VerdictStatus[]): AgreementStatus {
  const kinds = new Set(statuses);
  const [only] = kinds;
  if (statuses.length < 2 || kinds.has('not-tested') || kinds.has('inconclusive')) {
    return 'cannot-be-told';
  }
  return kinds.size === 1 && only !== undefined
    ? 'agree'
    : kinds.has('not-applicable')
      ? 'cannot-be-told'
      : 'disagree';
}

function judge(model: string, baseline: string, readings: readonly Reading[]): Judgement {
  const having = readings.filter(({ anomaly }) => anomaly.isAnomaly);
  const lacking = readings.filter(({ anomaly }) => !anomaly.isAnomaly);
  if (having.length === 0) {
    return {
      status: 'agree',
      sentence: `The engines agree that ${model} has no anomaly: above ${baseline} it peaks by ${differences(readings)}.`,
    };
  }
  if (lacking.length > 0) {
    const unclear = lacking.find(({ isClearlyNone }) => !isClearlyNone);
    const names = `${model} is an anomaly in ${formatList(having.map(({ engine }) => engine))}`;
    return unclear === undefined
      ? {
          status: 'disagree',
          sentence: `The engines disagree on ${model}: ${names}, and none in ${formatList(lacking.map(({ engine }) => engine))} (above ${baseline} by ${differences(readings)}).`,
        }
      : untold(
          model,
          `${names}, and in ${unclear.engine} its difference to ${baseline} is open (${intervalWords(unclear.anomaly.difference)})`,
        );
  }
  const { status, reason } = onLargest(readings);
  const subject = `the cause of the anomaly of ${model}`;
  const opening =
    status === 'agree'
      ? `The engines agree on ${subject}: ${reason}.`
      : status === 'disagree'
        ? `The engines disagree on ${subject}: ${reason}.`
        : `Whether the engines agree on ${subject} cannot be told: ${reason}.`;
  return { status, sentence: opening, notes: notesOn(readings) };
}

interface Reasoned {
  readonly status: AgreementStatus;
  /** As the end of a sentence. */
  readonly reason: string;
}

/**
 * They agree where each engine's largest cause is that of every other, or one of its causes that is not told apart in size from its
 * largest. They disagree where one refutes what is the largest in another, or where both tell the two apart in opposite ways.
 */
function onLargest(readings: readonly Reading[]): Reasoned {
  const found = readings.filter(({ largest }) => largest !== undefined);
  const openings: string[] = [];
  for (const { engine, largest, causes } of found) {
    for (const other of readings.filter((each) => each.engine !== engine)) {
      if (largest === undefined || other.largest?.hypothesis === largest.hypothesis) {
        continue;
      }
      const name = shortNames[largest.hypothesis];
      const there = other.causes.get(largest.hypothesis);
      const status = there?.status ?? 'not-tested';
      if (status === 'refuted') {
        return {
          status: 'disagree',
          reason: `${name} is the largest cause in ${engine} (${shareWords(largest)}) and is refuted in ${other.engine}${largestWords(other)}`,
        };
      }
      if (openStatuses.includes(status)) {
        openings.push(`${name}, the largest cause in ${engine}, ${openWords(status)} in ${other.engine}`);
      } else if (
        other.largest !== undefined &&
        areApart(largest, causes.get(other.largest.hypothesis)) &&
        areApart(other.largest, there)
      ) {
        return {
          status: 'disagree',
          reason:
            `both have ${name} and ${shortNames[other.largest.hypothesis]} as causes, but the largest is ${name} in ${engine} ` +
            `(${shareWords(largest)})${largestWords(other)}`,
        };
      }
    }
  }
  const [first] = found;
  if (first?.largest === undefined) {
    return { status: 'cannot-be-told', reason: 'none of the tested hypotheses explains it in any of them' };
  }
  if (openings.length > 0) {
    return { status: 'cannot-be-told', reason: formatList(openings) };
  }
  const same = readings.every(({ largest }) => largest?.hypothesis === first.largest?.hypothesis);
  const shares = readings.map(
    ({ engine, largest }) =>
      `${same || largest === undefined ? '' : `${shortNames[largest.hypothesis]}, `}${largest === undefined ? '' : shareWords(largest)} in ${engine}`,
  );
  const drained = readings.every(({ anomaly }) => anomaly.queue === 'drained')
    ? ' of it with the queue drained'
    : '';
  return {
    status: 'agree',
    reason: same
      ? `${shortNames[first.largest.hypothesis]}, ${formatList(shares)}${drained}; ${overlapWords(readings)}`
      : `the largest is ${formatList(shares)}, and both are causes in each, not told apart in size`,
  };
}

/** Whether a cause is larger than another one in the same engine by more than their intervals. */
const areApart = (largest: { readonly share: Shift }, other: CauseInEngine | undefined): boolean =>
  other?.share === undefined || other.share.high < largest.share.low;

/** Whether the shares of what is the largest cause in all of them are the same, as far as their intervals tell. */
function overlapWords(readings: readonly Reading[]): string {
  const shares = readings.flatMap(({ largest }) => largest?.share ?? []);
  const doOverlap = Math.max(...shares.map(({ low }) => low)) <= Math.min(...shares.map(({ high }) => high));
  return doOverlap ? 'their 95% intervals overlap' : 'their 95% intervals do not overlap';
}

function openWords(status: VerdictStatus): string {
  switch (status) {
    case 'not-tested':
      return 'was not tested';
    case 'not-applicable':
      return 'is not applicable';
    case 'inconclusive':
    case 'supported':
    case 'refuted':
      return 'is inconclusive';
  }
}

const shareWords = ({
  share,
  effectBytes,
  overlapBytes = 0,
}: Omit<CauseInEngine, 'engine' | 'status'>): string =>
  `${formatPercent(share?.estimate ?? 0)} (${formatBytes((effectBytes?.estimate ?? 0) - overlapBytes)})`;

const largestWords = ({ engine, largest }: Reading): string =>
  largest === undefined
    ? ', where no cause was found'
    : `, and ${shortNames[largest.hypothesis]} in ${engine} (${shareWords(largest)})`;

/** `18.9 MB in tidemark and −2.0 MB in mlx-audio`. */
const differences = (readings: readonly Reading[]): string =>
  formatList(
    readings.map(
      ({ engine, anomaly }) =>
        `${formatBytes(anomaly.difference.estimate, { sign: true })} in ${engine}${anomaly.queue === 'drained' ? ' with the queue drained' : ''}`,
    ),
  );

const intervalWords = ({ low, high }: Shift): string =>
  `${formatBytes(low, { sign: true })} to ${formatBytes(high, { sign: true })}`;

/** What else is to be said beside the largest cause: on what they disagree, what the queue adds, and what was not tested. */
function notesOn(readings: readonly Reading[]): string[] {
  const hypotheses = [...new Set(readings.flatMap(({ causes }) => [...causes.keys()]))];
  const largest = new Set(readings.map((each) => each.largest?.hypothesis));
  const statusIn = (hypothesis: HypothesisId, { causes }: Reading): VerdictStatus =>
    causes.get(hypothesis)?.status ?? 'not-tested';
  const disputed = hypotheses.filter(
    (hypothesis) =>
      !largest.has(hypothesis) &&
      onCause(readings.map((reading) => statusIn(hypothesis, reading))) === 'disagree',
  );
  const untested = readings.flatMap((reading) => {
    const names = hypotheses.filter(
      (hypothesis) =>
        statusIn(hypothesis, reading) === 'not-tested' &&
        readings.some((other) => statusIn(hypothesis, other) !== 'not-tested'),
    );
    return names.length === 0
      ? []
      : [`${formatList(names.map((name) => shortNames[name]))} in ${reading.engine}`];
  });
  const queued = readings.flatMap(({ engine, causes }) => {
    const queue = causes.get('queued-work');
    return queue?.share === undefined
      ? []
      : [`${shareWords(queue)}${queue.status === 'inconclusive' ? ', inconclusive,' : ''} in ${engine}`];
  });
  return [
    ...(queued.length === 0 || largest.has('queued-work')
      ? []
      : [`Of the anomaly as MLX is by default, queued work is ${formatList(queued)}.`]),
    ...(disputed.length === 0
      ? []
      : [
          `They do not say the same of ${formatList(
            disputed.map(
              (hypothesis) =>
                `${shortNames[hypothesis]} (${formatList(readings.map((reading) => `${statusIn(hypothesis, reading)} in ${reading.engine}`))})`,
            ),
          )}.`,
        ]),
    ...(untested.length === 0 ? [] : [`Not tested, which is no disagreement: ${formatList(untested)}.`]),
  ];
}
