/** Holds two documents against each other: which of their runs belong together, what stands in the way, and the verdict. */

import { mlxPhrases, strategyIn } from '../format/workload.ts';
import { channelNames } from '../format/leak-channels.ts';
import { counted, formatList } from '../format/numbers.ts';
import { comparisonSchemaVersion } from '../protocol/comparison-document.ts';
import type {
  ChangeStatus,
  ComparisonDocument,
  MetricChange,
  ModelChange,
} from '../protocol/comparison-document.ts';
import type { LeakChannel } from '../protocol/leak-verdicts.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import { runsOf } from '../protocol/run-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import { engineOf, studiesOf } from '../protocol/study-document.ts';
import type { WatchDocument } from '../protocol/watch-document.ts';
import { isLeaking } from './leak-verdicts.ts';
import { judgeChange, leastTimeThreshold } from './regression.ts';
import { refusal, refuseOtherDevice, refuseOtherWork } from './same-work.ts';
import type { Side } from './same-work.ts';

/**
 * `threshold` is the share from which a difference counts; for times it is at least {@link leastTimeThreshold}.
 * Throws a TidemarkError, 'not-comparable', for documents whose runs did other work or on another kind of device.
 */
export function compareDocuments(before: Side, after: Side, threshold: number): ComparisonDocument {
  refuseOtherWork(before, after);
  const { pairs, unmatched } = pairsOf(before, after);
  for (const [first, second] of pairs) {
    refuseOtherDevice(before.file, first, after.file, second);
  }
  const models = pairs.map(([first, second]) => compareRunPair(first, second, threshold));
  const status = overall(models, unmatched.length);
  const compared = ({ file, document }: Side) => ({
    file,
    kind: document.kind,
    startedAt: document.startedAt,
  });
  return {
    kind: 'comparison',
    schemaVersion: comparisonSchemaVersion,
    before: compared(before),
    after: compared(after),
    models,
    unmatched,
    status,
    sentence: sentenceOf(models, unmatched, status),
  };
}

const hasEngines = (document: RunDocument): boolean =>
  document.kind === 'study' && studiesOf(document).length > 1;

/** What is compared of a profile, and of a watched program alike. */
interface ComparedRun extends Pick<ProfileDocument, 'device' | 'leaks' | 'outcome'> {
  readonly name: string;
  readonly mlx: string;
  readonly iterations: readonly Pick<
    ProfileDocument['iterations'][number],
    'warmup' | 'activeBytes' | 'peakBytes' | 'seconds'
  >[];
  readonly document: ProfileDocument | WatchDocument;
}

type Pair = readonly [before: ComparedRun, after: ComparedRun];

interface Pairs {
  readonly pairs: readonly Pair[];
  readonly unmatched: ComparisonDocument['unmatched'];
}

function comparedRuns(document: RunDocument, isByEngine: boolean): readonly ComparedRun[] {
  const parts = document.kind === 'watch' ? [document] : runsOf(document);
  return parts.map((part) => {
    const { device, leaks, outcome, iterations, versions } = part;
    const name =
      part.kind === 'watch'
        ? part.program.name
        : `${part.model.name}${isByEngine ? ` (${part.settings.engine ?? 'tidemark'})` : ''}`;
    return { name, mlx: versions.mlx, device, leaks, outcome, iterations, document: part };
  });
}

/** By the model's name, and its engine where there are several, the first with the first where a study has one twice. Two profiles are a pair whatever their names. */
function pairsOf(before: Side, after: Side): Pairs {
  const [first, second] = [before.document, after.document];
  const isByEngine = hasEngines(first) || hasEngines(second);
  const runsIn = (document: RunDocument) => comparedRuns(document, isByEngine);
  const [[one], [other]] = [runsIn(first), runsIn(second)];
  if (first.kind !== 'study' && second.kind !== 'study' && one !== undefined && other !== undefined) {
    return { pairs: [[one, other]], unmatched: [] };
  }
  const rest = [...runsIn(second)];
  const pairs: Pair[] = [];
  const unmatched: ComparisonDocument['unmatched'] = [];
  for (const run of runsIn(first)) {
    const place = rest.findIndex(({ name }) => name === run.name);
    const counterpart = rest[place];
    if (counterpart === undefined) {
      unmatched.push({ model: run.name, onlyIn: 'before' });
    } else {
      pairs.push([run, counterpart]);
      rest.splice(place, 1);
    }
  }
  unmatched.push(...rest.map(({ name }) => ({ model: name, onlyIn: 'after' as const })));
  if (pairs.length === 0) {
    const namesOf = (document: RunDocument): string =>
      runsIn(document)
        .map(({ name }) => name)
        .join(', ') || 'no run';
    throw refusal(
      `The two documents have no model in common: ${before.file} has ${namesOf(first)}, ${after.file} has ${namesOf(second)}.`,
      'Runs are matched by model name; two profiles can be compared whatever their models are.',
    );
  }
  // A study may hold more than the one profile that is asked about.
  return { pairs, unmatched: first.kind === second.kind ? unmatched : [] };
}

/** Three metrics of two runs of the same work. */
function compareRunPair(first: ComparedRun, second: ComparedRun, threshold: number): ModelChange {
  const measured = (run: ComparedRun) => run.iterations.filter(({ warmup }) => !warmup);
  const [a, b] = [measured(first), measured(second)];
  const obstacle = endedEarly(first, 'first') ?? endedEarly(second, 'second');
  const otherMachine =
    first.device.name === second.device.name && first.device.platform === second.device.platform
      ? undefined
      : 'the two were measured on different machines';
  const timeThreshold = Math.max(threshold, leastTimeThreshold);
  const metrics: MetricChange[] = [
    judgeChange({
      metric: 'active',
      before: a.map(({ activeBytes }) => activeBytes),
      after: b.map(({ activeBytes }) => activeBytes),
      threshold,
      obstacle,
    }),
    judgeChange({
      metric: 'peak',
      before: a.map(({ peakBytes }) => peakBytes),
      after: b.map(({ peakBytes }) => peakBytes),
      threshold,
      obstacle,
    }),
    judgeChange({
      metric: 'seconds',
      before: a.map(({ seconds }) => seconds),
      after: b.map(({ seconds }) => seconds),
      threshold: timeThreshold,
      obstacle: obstacle ?? otherMachine,
    }),
  ];
  const newLeaks = newLeaksOf(first, second);
  return {
    before: first.name,
    after: second.name,
    status: newLeaks.length > 0 ? 'worse' : worst(metrics.map(({ status }) => status)),
    metrics,
    newLeaks,
    warnings: warningsOf(first, second),
  };
}

function endedEarly({ outcome, document, iterations }: ComparedRun, which: string): string | undefined {
  if (outcome.status === 'complete') {
    return undefined;
  }
  const count = iterations.filter(({ warmup }) => !warmup).length;
  const verb = outcome.status === 'failed' ? 'failed' : 'was interrupted';
  const asked = document.kind === 'watch' ? '' : ` of ${counted(document.settings.iterations, 'iteration')}`;
  return `the ${which} run ${verb} after ${asked === '' ? counted(count, 'iteration') : `${count}${asked}`}`;
}

/** A leak counts where it was confirmed, and where the first run was asked too. */
function newLeaksOf(first: ComparedRun, second: ComparedRun): LeakChannel[] {
  const leaking = (run: ComparedRun): LeakChannel[] =>
    (run.leaks ?? []).filter(isLeaking).map(({ channel }) => channel);
  const before = leaking(first);
  return first.leaks === undefined ? [] : leaking(second).filter((channel) => !before.includes(channel));
}

function warningsOf(first: ComparedRun, second: ComparedRun): string[] {
  return [
    ...workWarnings(first.document, second.document),
    ...warn(
      first.device.name !== second.device.name || first.device.platform !== second.device.platform,
      `The machines differ: ${first.device.name} (${first.device.platform}) and ${second.device.name} (${second.device.platform}).`,
    ),
    ...warn(first.mlx !== second.mlx, `The MLX versions differ: ${first.mlx} and ${second.mlx}.`),
    ...warn(
      first.leaks === undefined && second.leaks?.some(isLeaking) === true,
      'The second run leaks; the first was not checked for leaks.',
    ),
  ];
}

const warn = (isSo: boolean, sentence: string): string[] => (isSo ? [sentence] : []);

/** What makes the work of both less alike than it could be. */
function workWarnings(
  first: ProfileDocument | WatchDocument,
  second: ProfileDocument | WatchDocument,
): string[] {
  if (first.kind === 'watch' || second.kind === 'watch') {
    const [a, b] = [first, second].map((each) =>
      each.kind === 'watch' ? each.program.command.join(' ') : '',
    );
    return warn(a !== b, `The commands differ: “${a ?? ''}” and “${b ?? ''}”.`);
  }
  const [a, b] = [first.summary?.samples.median, second.summary?.samples.median];
  return [
    ...warn(
      first.model.name !== second.model.name,
      `The models differ: ${first.model.name} and ${second.model.name}.`,
    ),
    ...warn(
      first.model.name === second.model.name && first.model.source.sha256 !== second.model.source.sha256,
      `The two runs loaded different weights files for ${first.model.name}.`,
    ),
    ...warn(
      first.settings.deterministic !== second.settings.deterministic,
      'One run used deterministic excitation, the other did not.',
    ),
    ...warn(
      engineOf(first) !== engineOf(second),
      `The engines differ: ${engineOf(first)} and ${engineOf(second)}.`,
    ),
    ...warn(
      strategyIn(first.settings) !== strategyIn(second.settings),
      `The strategies differ: ${strategyIn(first.settings)} and ${strategyIn(second.settings)}.`,
    ),
    ...warn(mlxOf(first) !== mlxOf(second), `MLX was set differently: ${mlxOf(first)} and ${mlxOf(second)}.`),
    ...warn(
      a !== undefined && b !== undefined && a !== b,
      `They generated ${a ?? 0} and ${b ?? 0} audio samples: part of the difference is unequal work.`,
    ),
  ];
}

const mlxOf = ({ settings: { mlx = {} } }: ProfileDocument): string =>
  formatList(mlxPhrases(mlx)) || 'MLX’s own settings';

const badness: readonly ChangeStatus[] = ['worse', 'inconclusive', 'better', 'same'];

const worst = (statuses: readonly ChangeStatus[]): ChangeStatus =>
  badness.find((status) => statuses.includes(status)) ?? 'inconclusive';

function overall(models: readonly ModelChange[], unmatched: number): ChangeStatus {
  const status = worst(models.map((each) => each.status));
  return unmatched > 0 && status !== 'worse' ? 'inconclusive' : status;
}

const nouns: Readonly<Record<MetricChange['metric'], string>> = {
  active: 'active memory',
  peak: 'peak',
  seconds: 'time',
};

function sentenceOf(
  models: readonly ModelChange[],
  unmatched: ComparisonDocument['unmatched'],
  status: ChangeStatus,
): string {
  const which = (wanted: ChangeStatus): string => {
    const named = models
      .map((model) => {
        const parts = partsOf(model, wanted);
        const { before, after } = model;
        return parts === '' ? '' : `${before === after ? after : `${before} to ${after}`} (${parts})`;
      })
      .filter((each) => each !== '');
    return formatList(named);
  };
  const only = unmatched.map(
    ({ model, onlyIn }) => `${model} appears only in the ${onlyIn === 'before' ? 'first' : 'second'}`,
  );
  const sentences = [
    which('worse') === '' ? '' : `Worse: ${which('worse')}.`,
    which('better') === '' ? '' : `Better: ${which('better')}.`,
    which('inconclusive') === '' ? '' : `Inconclusive: ${which('inconclusive')}.`,
    only.length === 0 ? '' : `Not compared: ${formatList(only)}.`,
  ].filter((sentence) => sentence !== '');
  return status === 'same'
    ? 'Nothing got worse: every metric is the same within its threshold.'
    : sentences.join(' ');
}

/** What of a model has a status, as a list; what is inconclusive, with why. */
function partsOf({ metrics, newLeaks }: ModelChange, wanted: ChangeStatus): string {
  const of = metrics.filter(({ status }) => status === wanted);
  if (wanted === 'inconclusive') {
    // The same reason often holds for all of them.
    const byReason = Map.groupBy(of, ({ reason }) => reason ?? '');
    return [...byReason]
      .map(([reason, alike]) => `${formatList(alike.map(({ metric }) => nouns[metric]))}: ${reason}`)
      .join('; ');
  }
  const leaks = wanted === 'worse' ? newLeaks.map((channel) => `a leak in ${channelNames[channel]}`) : [];
  return formatList([...of.map(({ metric }) => nouns[metric]), ...leaks]);
}
