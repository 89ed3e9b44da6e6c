/** Models beside each other as text: a study and its answer, and a requantized checkpoint beside its source. */

import { anomalyDifference } from '@tidemark/shared/analysis/verdicts/explain.ts';
import { makeupParts, peakRemedies } from '@tidemark/shared/analysis/verdicts/peak-makeup.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted, formatCount, formatList, formatPercent } from '@tidemark/shared/format/numbers.ts';
import type { LoadRecord, ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import type {
  MeasuredCheckpoint,
  RequantizeDocument,
  Verification,
} from '@tidemark/shared/protocol/requantize-document.ts';
import { engineOf, studiesOf } from '@tidemark/shared/protocol/study-document.ts';
import type {
  Agreement,
  EngineStudy,
  PeakMakeup,
  StudyAnswer,
  StudyComparison,
  StudyDocument,
  VerdictStatus,
} from '@tidemark/shared/protocol/study-document.ts';
import { agreementLines } from './engines-report.ts';
import { column, figures, inMegabytes, nothing, tableOf } from './layout.ts';
import type { Column } from './layout.ts';
import { environmentLine, speechLines } from './profile-report.ts';
import { verdictWord } from './run-words.ts';

export function studyReport(document: StudyDocument): string {
  const { runs, settings, conclusion, answer, otherEngines, agreements = [] } = document;
  if (otherEngines !== undefined) {
    return enginesReport(document, agreements);
  }
  const [first] = runs;
  return [
    ...(first === undefined ? [] : [environmentLine(first)]),
    ...speechLines(settings),
    loopLine(settings),
    ...measuredLines(document),
    '',
    conclusion,
    ...(answer === undefined ? [] : answerLines(answer)),
  ].join('\n');
}

/** What each engine measured, then all of them in one table, and what helps. */
function enginesReport(document: StudyDocument, agreements: readonly Agreement[]): string {
  const studies = studiesOf(document);
  const { settings } = document;
  const remedies = studies.flatMap((study) =>
    (study.answer?.explanations ?? []).flatMap(({ model, isAnomaly, remedy }) =>
      isAnomaly && remedy !== undefined ? [{ model, engine: engineOf(study), remedy }] : [],
    ),
  );
  return [
    ...speechLines(settings),
    loopLine(settings),
    ...studies.flatMap((study) => {
      const [first] = study.runs;
      return [
        '',
        `${engineOf(study)}${first === undefined ? '' : `: ${environmentLine(first)}`}`,
        ...measuredLines(study),
        ...(study.skipped.length === 0 ? [] : [`Not started: ${formatList(study.skipped)}.`]),
      ];
    }),
    ...agreementLines(studies.map(engineOf), agreements),
    ...(remedies.length === 0 ? [] : ['']),
    ...remedies.map(({ model, engine, remedy }) => `${model} in ${engine}: ${remedy.sentence}`),
    ...new Set(
      remedies.flatMap(({ remedy: { command } }) => (command === undefined ? [] : [`  $ ${command}`])),
    ),
  ].join('\n');
}

/** The models beside each other, and what became of those that were not measured. */
function measuredLines({ runs, failures, comparison }: EngineStudy): string[] {
  const measured = runs.map(({ model, load, summary }) => ({ name: model.name, load, summary }));
  const compared = comparison === undefined ? [] : [againstBaseline(comparison)];
  return [
    ...(measured.length === 0
      ? []
      : ['', tableOf(measured, [...loaded, growth, ...peaks, aboveActive, ...times, ...compared])]),
    ...failures.map(({ model, error }) => `\n${model} failed: ${error.message}`),
    ...runs.flatMap(({ model, outcome }) =>
      outcome.status === 'complete' ? [] : [`\n${model.name} ended early: ${outcome.reason}`],
    ),
  ];
}

/** Each model's answer, and the hypotheses below it with what their interventions took off the difference. */
function answerLines({ explanations, refusals, peaks = [] }: StudyAnswer): string[] {
  return [
    ...makeupLines(peaks),
    ...explanations.flatMap((explanation) => [
      '',
      explanation.sentence,
      ...(explanation.remedy === undefined ? [] : [explanation.remedy.sentence]),
      ...(explanation.remedy?.command === undefined ? [] : [`  $ ${explanation.remedy.command}`]),
      '',
      tableOf(rowsOf(explanation), [
        column(`hypothesis on ${explanation.model}`, ({ statement }) => statement),
        column('verdict', ({ status }) => (status === undefined ? '' : verdictWord(status))),
        figures('effect', ({ bytes }) =>
          bytes === undefined ? nothing : formatBytes(bytes, { unit: 'MB', sign: true }),
        ),
        figures(shareHeader(explanation), ({ share, overlaps = false }) =>
          share === undefined
            ? overlaps
              ? 'in other parts'
              : nothing
            : formatPercent(share, { sign: true }),
        ),
      ]),
      ...explanation.verdicts
        .filter(
          ({ hypothesis }) => hypothesis === 'float32-rest' || hypothesis === 'on-the-fly-dequantization',
        )
        .map(({ sentence }) => sentence),
    ]),
    ...refusals.map(({ model, reason }) => `\nNo verdict on ${model}: ${reason}.`),
  ];
}

/** What each peak is for, and which of MLX's variables lowers it. */
function makeupLines(peaks: readonly PeakMakeup[]): string[] {
  if (peaks.length === 0) {
    return [];
  }
  const names = [...new Set(peaks.flatMap((peak) => makeupParts(peak).map(({ name }) => name)))];
  return [
    '',
    tableOf(peaks, [
      column<PeakMakeup>('MB of the peak', ({ model }) => model),
      figures<PeakMakeup>('peak', ({ peakBytes }) => inMegabytes(peakBytes)),
      figures<PeakMakeup>('iterations', ({ given }) => String(given.iterations)),
      ...names.map((header) =>
        figures<PeakMakeup>(header, (peak) => {
          const part = makeupParts(peak).find(({ name }) => name === header);
          return part === undefined ? nothing : inMegabytes(part.bytes);
        }),
      ),
    ]),
    ...peakRemedies(peaks).map(({ sentence }) => sentence),
  ];
}

interface HypothesisRow {
  readonly statement: string;
  readonly status?: VerdictStatus;
  readonly bytes: number | undefined;
  readonly share: number | undefined;
  readonly overlaps?: boolean;
}

/** Its hypotheses, and what of the difference they leave open. */
function rowsOf(explanation: Explanation): HypothesisRow[] {
  const { verdicts, isAnomaly, remainderBytes } = explanation;
  return [
    ...verdicts.map(({ statement, status, effectBytes, share, overlapBytes }) => ({
      statement,
      status,
      bytes: effectBytes?.estimate,
      share,
      overlaps: overlapBytes !== undefined,
    })),
    ...(isAnomaly
      ? [
          {
            statement: 'Unexplained, including interactions',
            bytes: remainderBytes,
            share: remainderBytes / anomalyDifference(explanation).estimate,
          },
        ]
      : []),
  ];
}

type Explanation = StudyAnswer['explanations'][number];

/** Where the queue was drained, shares say of which difference they are one. */
const shareHeader = ({ drained, anomalyOf }: Explanation): string =>
  drained === undefined ? 'share' : `share, ${anomalyOf === 'drained' ? 'queue drained' : 'by default'}`;

interface Measured {
  readonly name: string;
  readonly load: Pick<LoadRecord, 'activeBytes'>;
  /** Undefined where the loop ended before it could be summed up. */
  readonly summary: Summary | undefined;
}

type Summary = MeasuredCheckpoint['summary'];

const figuresOf = (header: string, cell: (summary: Summary, name: string) => string): Column<Measured> =>
  figures(header, ({ summary, name }) => (summary === undefined ? nothing : cell(summary, name)));

const loaded = [
  column<Measured>('MB', ({ name }) => name),
  figures<Measured>('loaded', ({ load }) => inMegabytes(load.activeBytes)),
  figuresOf('in the loop', ({ active }) => inMegabytes(active.lastBytes)),
] as const;

const growth = figuresOf('growth', ({ active }) =>
  active.course === 'constant' ? '0 B' : formatBytes(active.growthBytes, { sign: true }),
);

const peaks = [
  figuresOf('peak', ({ peakBytes }) => inMegabytes(peakBytes.median)),
  figuresOf('from', ({ peakBytes }) => inMegabytes(peakBytes.minimum)),
  figuresOf('to', ({ peakBytes }) => inMegabytes(peakBytes.maximum)),
] as const;

const aboveActive = figuresOf('above active', ({ transientBytes }) => inMegabytes(transientBytes.median));

const times = [
  figuresOf('time', ({ seconds }) => `${seconds.median.toFixed(2)} s`),
  figuresOf('audio', ({ audioSeconds }) => `${audioSeconds.median.toFixed(2)} s`),
] as const;

function againstBaseline({ baseline, differences }: StudyComparison): Column<Measured> {
  return figuresOf(`peak vs. ${baseline}`, (_summary, name) => {
    const difference = differences.find(({ model }) => model === name);
    if (difference === undefined) {
      return nothing;
    }
    const share = formatPercent(difference.peakShare, { sign: true });
    return `${formatBytes(difference.peakBytes, { unit: 'MB', sign: true })} (${share})`;
  });
}

const loopLine = ({ iterations, warmupIterations }: ProfileSettings): string =>
  `${counted(iterations, 'iteration')} after ${warmupIterations} warm-up, each model in a separate process`;

/** A requantized checkpoint as text: what changed, what the folder holds, and what was measured. */
export function requantizeReport(document: RequantizeDocument): string {
  const { source, result, folder, changes, loadsIn, reading, warnings, verification } = document;
  const loaders = loadsIn.includes('mlx-audio')
    ? 'mlx-audio and Tidemark can load it'
    : 'only Tidemark can load it';
  return [
    `${folder}: converted from ${source.name}; ${loaders}.`,
    ...changes.map((change) => `  ${change}`),
    `${formatBytes(result.tensorBytes)} of tensors; the source has ${formatBytes(source.tensorBytes)}. ${reading}`,
    ...warnings.map((warning) => `Note: ${warning}`),
    ...(verification === undefined ? [] : ['', ...verificationLines(document, verification)]),
  ].join('\n');
}

function verificationLines({ source }: RequantizeDocument, verification: Verification): string[] {
  const { settings, original, result, conclusion } = verification;
  return [
    environmentLine(verification),
    ...speechLines(settings),
    loopLine(settings),
    '',
    tableOf(
      [
        { name: source.name, ...original },
        { name: 'the result', ...result },
      ],
      [...loaded, ...peaks, ...times, figures('samples', ({ samples }) => formatCount(samples))],
    ),
    '',
    conclusion,
  ];
}
