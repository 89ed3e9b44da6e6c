/** A run, or two against each other, as the text of a detail: findings first, then the chart, then what does not fit into metadata. */

import { cacheRates, cacheRemedySentences } from '@tidemark/client/analysis/cache-sentence';
import { isLeaking } from '@tidemark/client/analysis/leak-verdicts';
import { marksSentence } from '@tidemark/client/analysis/watched';
import { makeupParts, peakRemedies } from '@tidemark/client/analysis/verdicts/peak-makeup';
import { peakParts, peakSteps } from '@tidemark/client/analysis/waterfall';
import { channelAmount, judgedName } from '@tidemark/client/format/leak-channels';
import { formatBytes } from '@tidemark/client/format/bytes';
import { formatDuration, formatPercent } from '@tidemark/client/format/numbers';
import type { RunDetail } from '@tidemark/client/protocol/daemon/methods';
import { isOpen } from '@tidemark/client/protocol/daemon/run-record';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import type { ChannelVerdict, LeakStatus } from '@tidemark/client/protocol/leak-verdicts';
import type { ProfileDocument } from '@tidemark/client/protocol/profile-document';
import { engineOf, studiesOf } from '@tidemark/client/protocol/study-document';
import type {
  EngineStudy,
  Explanation,
  PeakMakeup,
  StudyDocument,
  VerdictStatus,
} from '@tidemark/client/protocol/study-document';
import type {
  ChangeStatus,
  ComparisonDocument,
  MetricChange,
} from '@tidemark/client/protocol/comparison-document';
import type { WatchDocument } from '@tidemark/client/protocol/watch-document';
import { memoryChart, partsChart, peakBars, tracesChart } from './charts.ts';
import type { ChartOptions } from './charts.ts';
import { blocks, plain, table } from './markdown.ts';
import { amount, signedAmount } from './memory-words.ts';
import { endSentence, runTitle, samplesPhrase } from './run-words.ts';
import type { MemoryUnit } from './preferences.ts';

/** More than a list's detail has room for, where there is a screen of its own. */
interface RunMarkdownOptions extends ChartOptions {
  readonly isBrief: boolean;
}

export function runMarkdown(
  { record, document, samples, pictures = [] }: RunDetail,
  options: RunMarkdownOptions,
): string {
  const traces = options.isBrief ? '' : traceMarkdown(pictures, options);
  switch (document?.kind) {
    case 'study':
      return blocks([studyMarkdown(record, document, options), traces]);
    case 'profile':
      return blocks([profileMarkdown(record, document, options), traces]);
    case 'watch':
      return watchedMarkdown(record, document, options);
    case undefined:
      return blocks([
        headSentence(record),
        memoryChart(runTitle(record), samples, options, [], record.workload),
        record.samplesTaken === 0 && !isOpen(record.state) ? 'No iterations were measured.' : '',
      ]);
  }
}

/** Still: the report of the run, which can be exported, has it to explore. */
const traceMarkdown = (pictures: RunDetail['pictures'] = [], options: ChartOptions): string =>
  pictures.length === 0 ? '' : blocks(['### Operation by operation', tracesChart(pictures, options)]);

/** What a list shows before the run itself is fetched. */
export const recordMarkdown = (record: RunRecord): string => headSentence(record);

function headSentence(record: RunRecord): string {
  const end = endSentence(record);
  return blocks([
    end === '' ? '' : `**${plain(end)}**`,
    plain(record.error?.hint ?? ''),
    plain(record.finding ?? ''),
    end === '' && record.finding === undefined ? openSentence(record) : '',
  ]);
}

function openSentence(record: RunRecord): string {
  const { state, samplesTaken } = record;
  if (state !== 'running') {
    return state === 'queued' ? 'Queued.' : '';
  }
  return samplesTaken === 0
    ? 'Running; no iteration is complete yet.'
    : `Running; ${samplesPhrase(record)} so far.`;
}

function profileMarkdown(record: RunRecord, run: ProfileDocument, options: RunMarkdownOptions): string {
  const { model, settings, iterations, confirmation = [], leaks = [] } = run;
  const parts = options.isBrief ? undefined : peakParts(run);
  return blocks([
    headSentence(record),
    memoryChart(model.name, iterations, options, confirmation, settings),
    ...(options.isBrief || leaks.length === 0 || iterations.length === 0
      ? []
      : [leakTable(leaks), ...leaks.flatMap(cacheMarkdown)]),
    parts === undefined
      ? ''
      : partsChart(`Parts of the peak of ${model.name}`, peakSteps(parts, run), options),
    options.isBrief || run.attribution === undefined ? '' : stageTable(run.attribution, options),
  ]);
}

/** The record's finding says what leaks, and what the peaks do. */
function watchedMarkdown(record: RunRecord, run: WatchDocument, options: RunMarkdownOptions): string {
  const { program, iterations, leaks } = run;
  return blocks([
    headSentence(record),
    memoryChart(program.name, iterations, options, [], { keepCache: true }),
    plain(marksSentence(run)),
    options.isBrief || iterations.length === 0 ? '' : leakTable(leaks),
  ]);
}

const leakWords: Readonly<Record<LeakStatus, string>> = {
  leak: '▲ leak',
  'no-leak': '● no leak',
  'cache-growth': '✕ cache growth',
  plateau: '✕ plateau',
  inconclusive: '◐ inconclusive',
  constant: '● constant',
  'levels-off': '● levels off',
  bounded: '● bounded',
  grows: '▲ grows',
};

function leakTable(leaks: readonly ChannelVerdict[]): string {
  return table(
    ['Channel', 'Verdict', 'Per iteration', 'Smallest detectable'],
    leaks.map((verdict) => {
      const { channel, status, ratePerIteration, smallestDetectable } = verdict;
      return [
        judgedName(verdict),
        leakWords[status],
        isLeaking(verdict) ? channelAmount(channel, ratePerIteration, { sign: true }) : '–',
        smallestDetectable === undefined ? '–' : channelAmount(channel, smallestDetectable),
      ];
    }),
  );
}

/** A kept cache's rates, and what to do about it. */
function cacheMarkdown(verdict: ChannelVerdict): string[] {
  const { cache } = verdict;
  const rates = cache === undefined ? [] : cacheRates(cache);
  return rates.length === 0
    ? []
    : [
        table(
          ['Cache grows per', 'By', '95% interval'],
          rates.map(([per, { estimate, low, high }]) => [
            per,
            formatBytes(estimate),
            `${formatBytes(low)} to ${formatBytes(high)}`,
          ]),
        ),
        ...cacheRemedySentences(verdict),
      ];
}

function stageTable(
  { parts, granularity }: NonNullable<ProfileDocument['attribution']>,
  { unit }: ChartOptions,
): string {
  const largest = parts.toSorted((a, b) => b.transientBytes - a.transientBytes).slice(0, 10);
  return blocks([
    `### The largest ${granularity === 'layers' ? 'layers' : 'stages'}`,
    table(
      ['Part', 'Transient', 'Peak'],
      largest.map(({ name, transientBytes, peakBytes }) => [
        name,
        amount(transientBytes, unit),
        amount(peakBytes, unit),
      ]),
    ),
  ]);
}

function studyMarkdown(record: RunRecord, study: StudyDocument, options: RunMarkdownOptions): string {
  const end = endSentence(record);
  const studies = studiesOf(study);
  const [first] = studies;
  return blocks([
    end === '' ? '' : `**${plain(end)}**`,
    plain(study.conclusion),
    ...(studies.length === 1 && first !== undefined
      ? findingsMarkdown(first, options)
      : studies.flatMap((each) => [`## ${plain(engineOf(each))}`, ...findingsMarkdown(each, options)])),
  ]);
}

/** What one engine's study found. */
function findingsMarkdown(
  { runs, comparison, answer, failures }: EngineStudy,
  options: RunMarkdownOptions,
): string[] {
  const { unit } = options;
  const bars = runs.flatMap(({ model, summary }) =>
    summary === undefined
      ? []
      : [
          {
            model: model.name,
            activeBytes: summary.active.lastBytes,
            peakBytes: summary.peakBytes.median,
          },
        ],
  );
  return [
    peakBars(bars, options),
    comparison === undefined
      ? ''
      : table(
          [`Compared to ${comparison.baseline}`, 'Peak', 'Share', 'Loaded'],
          comparison.differences.map(({ model, peakBytes, peakShare, peakRelation, loadActiveBytes }) => [
            model,
            peakRelation === 'unclear'
              ? `${signedAmount(peakBytes, unit)} (unclear)`
              : signedAmount(peakBytes, unit),
            formatPercent(peakShare, { sign: true }),
            signedAmount(loadActiveBytes, unit),
          ]),
        ),
    ...failures.map(({ model, error }) => `**${plain(model)} failed:** ${plain(error.message)}`),
    ...(options.isBrief ? [] : makeupMarkdown(answer?.peaks ?? [], options)),
    ...(answer?.explanations ?? []).map((each) => explanationMarkdown(each, options)),
    ...(answer?.refusals ?? []).map(({ model, reason }) => plain(`No verdict for ${model}: ${reason}.`)),
  ];
}

/** What each peak is for, and which of MLX's variables lowers it. */
function makeupMarkdown(peaks: readonly PeakMakeup[], { unit }: RunMarkdownOptions): string[] {
  if (peaks.length === 0) {
    return [];
  }
  const names = [...new Set(peaks.flatMap((peak) => makeupParts(peak).map(({ name }) => name)))];
  return [
    table(
      ['Peak of', 'Median', ...names.map((name) => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`)],
      peaks.map((peak) => [
        peak.model,
        amount(peak.peakBytes, unit),
        ...names.map((name) => {
          const part = makeupParts(peak).find((each) => each.name === name);
          return part === undefined ? '–' : amount(part.bytes, unit);
        }),
      ]),
    ),
    ...peakRemedies(peaks).map(({ sentence }) => plain(sentence)),
  ];
}

const verdictWords: Readonly<Record<VerdictStatus, string>> = {
  supported: '● supported',
  refuted: '✕ refuted',
  inconclusive: '◐ inconclusive',
  'not-tested': '○ not tested',
  'not-applicable': '– not applicable',
};

function explanationMarkdown(
  { model, sentence, verdicts, remedy, drained, anomalyOf }: Explanation,
  { isBrief, unit }: RunMarkdownOptions,
): string {
  const rows = isBrief ? verdicts.filter(({ status }) => status === 'supported') : verdicts;
  return blocks([
    `### ${plain(model)}`,
    plain(sentence),
    plain(remedy?.sentence ?? ''),
    remedy?.command === undefined ? '' : `\`${remedy.command}\``,
    rows.length === 0
      ? ''
      : table(
          [
            'Hypothesis',
            'Verdict',
            'Effect',
            // Where the queue was drained, of which difference it is a share.
            drained === undefined
              ? 'Share'
              : `Share, ${anomalyOf === 'drained' ? 'queue drained' : 'by default'}`,
          ],
          rows.map(({ statement, status, effectBytes, share, overlapBytes }) => [
            statement,
            verdictWords[status],
            effectBytes === undefined ? '–' : signedAmount(effectBytes.estimate, unit),
            share === undefined
              ? overlapBytes === undefined
                ? '–'
                : 'in other parts'
              : formatPercent(share, { sign: true }),
          ]),
        ),
  ]);
}

const statusWords: Readonly<Record<ChangeStatus, string>> = {
  better: '▼ better',
  worse: '▲ worse',
  same: '● same',
  inconclusive: '◐ inconclusive',
};

const metricNames = { active: 'Active', peak: 'Peak', seconds: 'Time per iteration' } as const;

export function comparisonMarkdown(comparison: ComparisonDocument, options: ChartOptions): string {
  const { sentence, models, unmatched, status } = comparison;
  return blocks([
    `## ${statusWords[status]}`,
    plain(sentence),
    ...models.flatMap(({ before, after, metrics, newLeaks, warnings }) => [
      `### ${plain(before === after ? after : `${before} → ${after}`)}`,
      bars(before, after, metrics, options),
      table(
        ['', 'Before', 'After', 'Difference', 'Verdict'],
        metrics.map((metric) => row(metric, options.unit)),
      ),
      newLeaks.length === 0 ? '' : `**New leaks:** ${plain(newLeaks.join(', '))}.`,
      ...warnings.map((warning) => `> ${plain(warning)}`),
    ]),
    ...unmatched.map(({ model, onlyIn }) =>
      plain(`${model} was only measured ${onlyIn === 'before' ? 'before' : 'after'}.`),
    ),
  ]);
}

function bars(
  before: string,
  after: string,
  metrics: readonly MetricChange[],
  options: ChartOptions,
): string {
  const find = (name: MetricChange['metric']): MetricChange | undefined =>
    metrics.find(({ metric }) => metric === name);
  const [active, peak] = [find('active'), find('peak')];
  if (
    active?.before === undefined ||
    active.after === undefined ||
    peak?.before === undefined ||
    peak.after === undefined
  ) {
    return '';
  }
  return peakBars(
    [
      {
        model: `before: ${before}`,
        activeBytes: active.before.median,
        peakBytes: peak.before.median,
      },
      { model: `after: ${after}`, activeBytes: active.after.median, peakBytes: peak.after.median },
    ],
    options,
  );
}

function row(
  { metric, unit, before, after, difference, share, status }: MetricChange,
  shown: MemoryUnit,
): string[] {
  const value = (middle: { median: number } | undefined): string =>
    middle === undefined
      ? '–'
      : unit === 'bytes'
        ? amount(middle.median, shown)
        : formatDuration(middle.median);
  const change =
    difference === undefined
      ? '–'
      : unit === 'bytes'
        ? signedAmount(difference.estimate, shown)
        : `${difference.estimate < 0 ? '−' : '+'}${formatDuration(Math.abs(difference.estimate))}`;
  const relative = share === undefined ? '' : ` (${formatPercent(share, { sign: true })})`;
  return [metricNames[metric], value(before), value(after), `${change}${relative}`, statusWords[status]];
}
