/** What several engines say of the same models, side by side: one table, and whether they agree. */

import { shortNames } from '@tidemark/shared/analysis/verdicts/rules.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatPercent } from '@tidemark/shared/format/numbers.ts';
import { shortModel } from '@tidemark/shared/format/work-words.ts';
import type { Agreement, CauseInEngine } from '@tidemark/shared/protocol/study-document.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import { column, figures, nothing, tableOf } from './layout.ts';
import { agreementWord, verdictWord } from './run-words.ts';

interface Row {
  readonly name: string;
  readonly cells: ReadonlyMap<EngineName, readonly [verdict: string, figure: string]>;
  readonly agreement: string;
}

/** Of each model its anomaly in each engine, and its causes with their shares there; then the statements. */
export function agreementLines(engines: readonly EngineName[], agreements: readonly Agreement[]): string[] {
  if (agreements.length === 0) {
    return ['', 'No intervention was measured, so whether the engines agree on a cause cannot be told.'];
  }
  const isDrained = agreements.some(({ anomalies }) => anomalies.some(({ queue }) => queue === 'drained'));
  return [
    '',
    tableOf(agreements.flatMap(rowsOf), [
      column<Row>('side by side', ({ name }) => name),
      ...engines.flatMap((engine) => [
        column<Row>(engine, ({ cells }) => cells.get(engine)?.[0] ?? nothing),
        figures<Row>('effect (share)', ({ cells }) => cells.get(engine)?.[1] ?? nothing),
      ]),
      column<Row>('the engines', ({ agreement }) => agreement),
    ]),
    ...(isDrained
      ? ['With the queue drained, but for queued work, which is a share of the anomaly as MLX is by default.']
      : []),
    'Other hypotheses, which no engine supports, are in --report and --json.',
    ...agreements.flatMap(({ sentence, notes }) => ['', [sentence, ...notes].join(' ')]),
  ];
}

function rowsOf({ model, baseline, status, anomalies, causes }: Agreement): Row[] {
  const isAnomaly = anomalies.some((each) => each.isAnomaly);
  const head: Row = {
    name: `${shortModel(model)} above ${shortModel(baseline)}`,
    cells: new Map(
      anomalies.map((each) => [
        each.engine,
        [each.isAnomaly ? 'anomaly' : 'no anomaly', inMb(each.difference.estimate)],
      ]),
    ),
    agreement: agreementWord(status),
  };
  if (!isAnomaly) {
    return [head];
  }
  const shown = causes.filter(
    (cause) =>
      cause.hypothesis === 'on-the-fly-dequantization' ||
      cause.status === 'disagree' ||
      cause.engines.some((each) => each.status === 'supported' || each.share !== undefined),
  );
  return [
    head,
    ...shown.map((cause): Row => ({
      name: `  ${shortNames[cause.hypothesis]}`,
      cells: new Map(
        cause.engines.map((each) => [each.engine, [verdictWord(each.status), effectWords(each)]]),
      ),
      agreement: agreementWord(cause.status),
    })),
    {
      name: '  unexplained',
      cells: new Map(
        anomalies.map(({ engine, remainderBytes, difference, ...each }) => [
          engine,
          [
            '',
            each.isAnomaly
              ? `${inMb(remainderBytes)} (${formatPercent(remainderBytes / difference.estimate, { sign: true })})`
              : nothing,
          ],
        ]),
      ),
      agreement: '',
    },
  ];
}

function effectWords({ effectBytes, share, overlapBytes }: CauseInEngine): string {
  if (effectBytes === undefined) {
    return nothing;
  }
  const size = inMb(effectBytes.estimate);
  return share === undefined
    ? overlapBytes === undefined
      ? size
      : `${size} (in others)`
    : `${size} (${formatPercent(share.estimate, { sign: true })})`;
}

const inMb = (bytes: number): string => formatBytes(bytes, { unit: 'MB', sign: true });
