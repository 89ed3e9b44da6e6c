/** A study as text: one row a model, and below the table what it shows. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatPercent } from '@tidemark/shared/format/numbers.ts';
import { figures, formatTable } from '@tidemark/shared/format/table.ts';
import type { TableColumn } from '@tidemark/shared/format/table.ts';
import type { ProfileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import type { StudyComparison, StudyDocument } from '@tidemark/shared/protocol/study-document.ts';
import type { StudyAnswer, VerdictStatus } from '@tidemark/shared/protocol/study-evidence.ts';
import { inMegabytes } from './layout.ts';
import { environmentLine, speechLine } from './profile-report.ts';

const columns = (baseline: string | undefined): readonly TableColumn[] => [
  { header: 'MB' },
  figures('loaded'),
  figures('in the loop'),
  figures('growth'),
  figures('peak'),
  figures('from'),
  figures('to'),
  figures('above active'),
  figures('time'),
  figures('audio'),
  ...(baseline === undefined ? [] : [figures(`peak against ${baseline}`)]),
];

export function studyReport(document: StudyDocument): string {
  const { runs, failures, settings, comparison, conclusion } = document;
  const [first] = runs;
  const rows = runs.map((run) => row(run, comparison));
  return [
    ...(first === undefined ? [] : [environmentLine(first)]),
    speechLine(settings),
    `${settings.iterations} iterations after ${settings.warmupIterations} of warm-up, each model in a process of its own`,
    ...(rows.length === 0 ? [] : ['', formatTable(columns(comparison?.baseline), rows)]),
    ...failures.map(({ model, error }) => `\n${model} failed: ${error.message}`),
    ...runs.flatMap(({ model, outcome }) =>
      outcome.status === 'complete' ? [] : [`\n${model.name} ended early: ${outcome.reason}`],
    ),
    '',
    conclusion,
    ...(document.answer === undefined ? [] : answerLines(document.answer)),
  ].join('\n');
}

const statusWords: Record<VerdictStatus, string> = {
  supported: 'supported',
  refuted: 'refuted',
  inconclusive: 'inconclusive',
  'not-tested': 'not tested',
};

/** Each model's answer, and the hypotheses below it with what their interventions took off the difference. */
function answerLines({ explanations, refusals }: StudyAnswer): string[] {
  return [
    ...explanations.flatMap((explanation) => [
      '',
      explanation.sentence,
      ...(explanation.remedy === undefined ? [] : [explanation.remedy.sentence]),
      ...(explanation.remedy?.command === undefined ? [] : [`  $ ${explanation.remedy.command}`]),
      '',
      formatTable(
        [
          { header: `Hypothesis on ${explanation.model}` },
          { header: 'verdict' },
          figures('effect'),
          figures('share'),
        ],
        [
          ...explanation.verdicts.map(({ statement, status, effectBytes, share }) => [
            statement,
            statusWords[status],
            effectBytes === undefined
              ? nothing
              : formatBytes(effectBytes.estimate, { unit: 'MB', sign: true }),
            share === undefined ? nothing : formatPercent(share, { sign: true }),
          ]),
          ...(explanation.isAnomaly
            ? [
                [
                  'Left unexplained, interactions included',
                  '',
                  formatBytes(explanation.remainderBytes, { unit: 'MB', sign: true }),
                  formatPercent(explanation.remainderBytes / explanation.difference.estimate, { sign: true }),
                ],
              ]
            : []),
        ],
      ),
      ...explanation.verdicts
        .filter(
          ({ hypothesis }) => hypothesis === 'float32-rest' || hypothesis === 'on-the-fly-dequantization',
        )
        .map(({ sentence }) => sentence),
    ]),
    ...refusals.map(({ model, reason }) => `\nNo verdict on ${model}: ${reason}.`),
  ];
}

const nothing = '–';

function row({ model, load, summary }: ProfileDocument, comparison: StudyComparison | undefined): string[] {
  const head = [model.name, inMegabytes(load.activeBytes)];
  if (summary === undefined) {
    return [...head, ...Array.from({ length: 9 }, () => nothing)];
  }
  const { active, peakBytes, transientBytes, seconds, audioSeconds } = summary;
  return [
    ...head,
    inMegabytes(active.lastBytes),
    active.course === 'constant' ? '0 B' : formatBytes(active.growthBytes, { sign: true }),
    inMegabytes(peakBytes.median),
    inMegabytes(peakBytes.minimum),
    inMegabytes(peakBytes.maximum),
    inMegabytes(transientBytes.median),
    `${seconds.median.toFixed(2)} s`,
    `${audioSeconds.median.toFixed(2)} s`,
    againstBaseline(model.name, comparison),
  ];
}

function againstBaseline(model: string, comparison: StudyComparison | undefined): string {
  const difference = comparison?.differences.find((each) => each.model === model);
  if (difference === undefined) {
    return nothing;
  }
  const share = formatPercent(difference.peakShare, { sign: true });
  return `${formatBytes(difference.peakBytes, { unit: 'MB', sign: true })} (${share})`;
}
