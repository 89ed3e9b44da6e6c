/** What several engines say of the same models, side by side: each anomaly and each cause in each engine, and whether they agree. */

import { shortNames } from '../analysis/verdicts/rules.ts';
import type { Agreement, CauseInEngine } from '../protocol/study-document.ts';
import type { EngineName } from '../protocol/workload.ts';
import { agreementMark, number, paragraph, subheading, table, verdictStatusMark } from './markup.ts';
import type { Cell } from './markup.ts';
import { intervalText, none, percent, signedMegabytes } from './words.ts';

/** Markup of the whole section; `engines` in the order in which they were asked. */
export function enginesContent(engines: readonly EngineName[], agreements: readonly Agreement[]): string {
  if (agreements.length === 0) {
    return paragraph(
      'No intervention was measured, so whether the engines agree on a cause cannot be told.',
      'notice',
    );
  }
  return [
    agreements.length === 1 ? '' : overview(engines, agreements),
    ...agreements.map((agreement) => modelContent(engines, agreement)),
  ].join('');
}

/** The models beside each other. */
const overview = (engines: readonly EngineName[], agreements: readonly Agreement[]): string =>
  table(
    [
      'model',
      ...engines.map((engine) => number(`peak above the baseline, ${engine}`)),
      'on the cause, the engines',
    ],
    agreements.map(({ model, status, anomalies }) => [
      model,
      ...engines.map((engine) => {
        const found = anomalies.find((each) => each.engine === engine);
        return found === undefined
          ? none
          : `${signedMegabytes(found.difference.estimate)}${found.isAnomaly ? '' : ', no anomaly'}`;
      }),
      { markup: agreementMark(status) },
    ]),
  );

function modelContent(engines: readonly EngineName[], agreement: Agreement): string {
  const { model, baseline, sentence, notes, anomalies, causes } = agreement;
  const isDrained = anomalies.some(({ queue }) => queue === 'drained');
  const wholes = anomalies.map(
    ({ engine, difference, byDefault, queue }) =>
      `${intervalText(difference)}${queue === 'drained' ? ` with the queue drained (${signedMegabytes(byDefault.estimate)} by default)` : ''} in ${engine}`,
  );
  return [
    subheading(model),
    paragraph([sentence, ...notes].join(' ')),
    wholes.length === 0
      ? ''
      : paragraph(
          `Its peak minus the peak of ${baseline}, with a 95% interval: ${wholes.join('; ')}.`,
          'muted',
        ),
    causes.length === 0
      ? ''
      : table(
          [
            'hypothesis',
            ...engines.flatMap((engine) => [engine, number(`effect in ${engine}`)]),
            'the engines',
          ],
          [
            ...causes.map((cause): Cell[] => [
              shortNames[cause.hypothesis],
              ...engines.flatMap((engine): Cell[] => {
                const found = cause.engines.find((each) => each.engine === engine);
                return found === undefined
                  ? [none, none]
                  : [{ markup: verdictStatusMark(found.status) }, effectText(found)];
              }),
              { markup: agreementMark(cause.status) },
            ]),
            ...remainderRow(engines, agreement),
          ],
        ),
    isDrained
      ? paragraph(
          'Effects and shares are of the difference with the queue drained; queued work is a share of the anomaly as MLX is by default.',
          'muted',
        )
      : '',
  ].join('');
}

/** What the parts leave in each engine, where there is an anomaly. */
function remainderRow(engines: readonly EngineName[], { anomalies }: Agreement): Cell[][] {
  if (!anomalies.some(({ isAnomaly }) => isAnomaly)) {
    return [];
  }
  const cells = engines.flatMap((engine) => {
    const found = anomalies.find((each) => each.engine === engine);
    return [
      '',
      found?.isAnomaly === true
        ? `${signedMegabytes(found.remainderBytes)}, ${percent(found.remainderBytes / found.difference.estimate)}`
        : none,
    ];
  });
  return [['remainder', ...cells, '']];
}

/** The effect, and of what is a part its share. */
function effectText({ effectBytes, share, overlapBytes }: CauseInEngine): string {
  if (effectBytes === undefined) {
    return none;
  }
  const size = signedMegabytes(effectBytes.estimate);
  return share === undefined
    ? overlapBytes === undefined
      ? size
      : `${size}, in other parts`
    : `${size}, ${percent(share.estimate)}`;
}
