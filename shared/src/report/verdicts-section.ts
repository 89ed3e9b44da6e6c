/** Why a model peaks higher, or that it does not: each hypothesis with its experiment, and shares that add up. */

import { anomalyDifference, anomalyWords, partBytes } from '../analysis/verdicts/explain.ts';
import { makeupParts, peakRemedies } from '../analysis/verdicts/peak-makeup.ts';
import { shortNames } from '../analysis/verdicts/rules.ts';
import { stackedBars, waterfall } from '../format/charts/bars.ts';
import type { WaterfallStep } from '../format/charts/bars.ts';
import { element, escapeMarkup } from '../format/charts/svg.ts';
import { counted, formatList } from '../format/numbers.ts';
import type {
  Explanation,
  PeakMakeup,
  StudyAnswer,
  StudyEvidence,
  Verdict,
} from '../protocol/study-document.ts';
import {
  commandLine,
  details,
  facts,
  number,
  paragraph,
  responsiveChart,
  subheading,
  table,
  verdictStatusMark,
} from './markup.ts';
import type { Cell } from './markup.ts';
import { intervalText, megabytes, none, percent, signedMegabytes } from './words.ts';

/** Markup of the whole section. */
export function verdictsContent({ explanations, refusals, evidence, peaks = [] }: StudyAnswer): string {
  return [
    makeupContent(peaks, evidence),
    explanations.length > 1 ? verdictMatrix(explanations) : '',
    ...explanations.map((explanation) => explanationContent(explanation, evidence)),
    ...refusals.map(({ model, reason }) => paragraph(`No verdict on ${model}: ${reason}.`, 'notice')),
    explanations.length + refusals.length === 0
      ? paragraph('There was no model to compare with the baseline.')
      : '',
    unresetContent(evidence),
  ].join('');
}

/** What each peak is made of, and which of MLX's variables lowers it. */
function makeupContent(peaks: readonly PeakMakeup[], { device }: StudyEvidence): string {
  if (peaks.length === 0) {
    return '';
  }
  const names = [...new Set(peaks.flatMap((peak) => makeupParts(peak).map(({ name }) => name)))];
  const rows = peaks.map((peak): Cell[] => {
    const parts = makeupParts(peak);
    const { given, drained, narrow } = peak;
    return [
      peak.model,
      megabytes(peak.peakBytes),
      peakRange(peak),
      ...names.map((name) => megabytes(parts.find((each) => each.name === name)?.bytes ?? Number.NaN)),
      [given, drained, narrow].flatMap((way) => way?.iterations ?? []).join(' / '),
    ];
  });
  return [
    subheading('What each peak is for'),
    paragraph(
      'The operations need what they take with graphs evaluated one operation wide. The order in which MLX evaluates adds to that' +
        (peaks.some(({ orderBytes = 0 }) => orderBytes < 0) ? ', or takes off it what is outlined' : '') +
        (device === 'gpu'
          ? ', and so does queued work: on a GPU, temporaries live until a whole command buffer is done.'
          : device === 'cpu'
            ? '. On the CPU there are no command buffers, so nothing is queued work.'
            : '.'),
    ),
    responsiveChart((canvas) =>
      stackedBars(
        {
          title: 'What each peak is for',
          axis: 'peak',
          bars: peaks.map((peak) => ({
            label: peak.model,
            parts: makeupParts(peak).map(({ name, bytes }) => ({ name, value: bytes })),
          })),
        },
        canvas,
      ),
    ),
    table(
      ['model', number('peak, median'), number('range'), ...names.map(number), number('iterations')],
      rows,
    ),
    paragraph(
      `Iterations: ${['as given', ...(peaks.some(({ drained }) => drained) ? ['with the queue drained'] : []), ...(peaks.some(({ narrow }) => narrow) ? ['one operation wide'] : [])].join(' / ')}.`,
      'muted',
    ),
    ...peakRemedies(peaks).map(({ sentence }) => paragraph(sentence)),
  ].join('');
}

const peakRange = ({ minimumBytes, maximumBytes }: PeakMakeup): string =>
  `${megabytes(minimumBytes).replace(' MB', '')} – ${megabytes(maximumBytes)}`;

/** Hypotheses by models, as the overview. */
function verdictMatrix(explanations: readonly Explanation[]): string {
  const hypotheses = [
    ...new Set(explanations.flatMap(({ verdicts }) => verdicts.map(({ hypothesis }) => hypothesis))),
  ];
  return table(
    ['hypothesis', ...explanations.map(({ model }) => model)],
    hypotheses.map((id) => [
      shortNames[id],
      ...explanations.map(({ verdicts }): Cell => {
        const verdict = verdicts.find(({ hypothesis }) => hypothesis === id);
        return verdict === undefined ? none : { markup: matrixCell(verdict) };
      }),
    ]),
  );
}

const matrixCell = ({ status, share, overlapBytes }: Verdict): string =>
  verdictStatusMark(status) +
  (share === undefined
    ? overlapBytes === undefined
      ? ''
      : ` ${element('span', { class: 'muted' }, 'in other parts')}`
    : ` ${element('span', { class: 'muted' }, percent(share, true))}`);

function explanationContent(explanation: Explanation, evidence: StudyEvidence): string {
  const { model, baseline, difference, drained, isAnomaly, verdicts, sentence, remedy } = explanation;
  const list = verdicts.map((verdict) => verdictContent(verdict, explanation)).join('');
  const counts = countsByStatus(verdicts);
  return [
    subheading(model),
    paragraph(sentence),
    paragraph(
      `Its peak minus the peak of ${baseline}, with a 95% interval: ${intervalText(difference)}` +
        (drained === undefined ? '.' : `; with the queue drained on both sides: ${intervalText(drained)}.`),
      'muted',
    ),
    isAnomaly ? sharesContent(explanation) : '',
    remedy === undefined ? '' : remedyContent(remedy),
    verdicts.length === 0
      ? ''
      : details(`${counted(verdicts.length, 'hypothesis', 'hypotheses')}: ${counts}`, list, isAnomaly),
    layersContent(model, evidence),
  ].join('');
}

function countsByStatus(verdicts: readonly Verdict[]): string {
  const words = {
    supported: 'supported',
    refuted: 'refuted',
    inconclusive: 'inconclusive',
    'not-tested': 'not tested',
    'not-applicable': 'not applicable',
  };
  return (Object.keys(words) as (keyof typeof words)[])
    .map((status) => ({
      word: words[status],
      count: verdicts.filter((each) => each.status === status).length,
    }))
    .filter(({ count }) => count > 0)
    .map(({ word, count }) => `${count} ${word}`)
    .join(', ');
}

export function remedyContent({ sentence, command }: NonNullable<Explanation['remedy']>): string {
  return `${paragraph(sentence)}${command === undefined ? '' : commandLine(command)}`;
}

/** The parts and the remainder, which make the anomaly. */
function sharesContent(explanation: Explanation): string {
  const { model, baseline, verdicts, remainderBytes } = explanation;
  const difference = anomalyDifference(explanation);
  const parts = verdicts.filter(({ share, effectBytes }) => share !== undefined && effectBytes !== undefined);
  const steps: WaterfallStep[] = [
    ...parts.map((verdict): WaterfallStep => ({
      label: shortNames[verdict.hypothesis],
      value: partBytes(verdict),
      kind: 'part',
    })),
    { label: 'remainder', value: remainderBytes, kind: 'part' },
    { label: `peak above ${baseline}`, value: difference.estimate, kind: 'total' },
  ];
  if (!steps.every(({ value }) => Number.isFinite(value))) {
    return '';
  }
  const shareOf = (value: number): string =>
    `${signedMegabytes(value)}, ${percent(value / difference.estimate)}`;
  const sum = [
    ...parts.map((verdict) => addend(partBytes(verdict))),
    `${addend(remainderBytes)} remainder`,
  ].join(' ');
  return [
    responsiveChart((canvas) =>
      waterfall(
        {
          title: `How the parts make up the anomaly of ${model}`,
          steps,
          axis: `peak above ${baseline},`,
          valueText: shareOf,
        },
        canvas,
      ),
    ),
    paragraph(
      `Together: ${sum} = ${signedMegabytes(difference.estimate)}` +
        (explanation.drained === undefined ? '.' : `, ${anomalyWords(explanation)}.`),
      'sum muted',
    ),
  ].join('');
}

/** `+ 138.2 MB`, `− 7.0 MB`: as a term of a sum. */
const addend = (bytes: number): string => `${bytes < 0 ? '−' : '+'} ${megabytes(Math.abs(bytes))}`;

function verdictContent(verdict: Verdict, explanation: Explanation): string {
  const { statement, status, sentence, prediction, arms, opposite, effectBytes, share, iterations } = verdict;
  const figures = [
    ...(effectBytes === undefined ? [] : [`Effect ${intervalText(effectBytes)}`]),
    ...(share === undefined ? [] : [`${percent(share)} of ${anomalyWords(explanation)}`]),
  ];
  return element(
    'div',
    { class: 'verdict' },
    [
      element('p', {}, `${verdictStatusMark(status)} ${element('strong', {}, escapeMarkup(statement))}`),
      paragraph(sentence),
      figures.length === 0 ? '' : paragraph(`${figures.join('; ')}.`, 'muted'),
      details(
        'How it was tested',
        facts([
          ['prediction if true', prediction],
          ['arms', arms.length === 0 ? none : arms.join('; ')],
          ...(iterations === undefined
            ? []
            : ([['measured', `${counted(iterations, 'iteration')} or more in each arm`]] as const)),
          ['evidence against it', opposite],
        ]),
      ),
    ].join(''),
  );
}

/** The layers that are shown of those measured alone. */
const mostLayers = 12;

function layersContent(model: string, evidence: StudyEvidence): string {
  const layers = evidence.layers[model] ?? [];
  if (layers.length === 0) {
    return '';
  }
  const largest = layers.toSorted((a, b) => b.denseBytes - a.denseBytes).slice(0, mostLayers);
  return details(
    layers.length > largest.length
      ? `${counted(layers.length, 'quantized layer')} measured alone (the ${largest.length} largest shown)`
      : `${counted(layers.length, 'quantized layer')} measured alone`,
    table(
      [
        'layer',
        number('a dense copy would take'),
        number('its product took'),
        number('deliberately expanded'),
      ],
      largest.map(({ path, denseBytes, quantizedBytes, expandedBytes }) => [
        path,
        megabytes(denseBytes),
        megabytes(quantizedBytes),
        megabytes(expandedBytes),
      ]),
    ),
  );
}

/** What a peak that is never reset shows, beside what each model reaches alone. */
function unresetContent({ unreset, arms }: StudyEvidence): string {
  if (unreset.length === 0) {
    return '';
  }
  const rows = unreset.map(({ readings }) =>
    readings.map(({ model, peakBytes }) => `${model} ${megabytes(peakBytes)}`).join(', then '),
  );
  const models = [...new Set(unreset.flatMap(({ readings }) => readings.map(({ model }) => model)))];
  const alone = models.flatMap((model) => {
    const peaks = arms
      .find((arm) => arm.model === model && arm.intervention === 'as-given')
      ?.peakBytes.toSorted((a, b) => a - b);
    const middle = peaks?.[Math.floor((peaks.length - 1) / 2)];
    return middle === undefined ? [] : [`${model} ${megabytes(middle)}`];
  });
  return [
    subheading('One process, without resetting the peak'),
    paragraph('MLX keeps one peak for the whole process. Read in sequence without a reset, the peaks were:'),
    element('ul', {}, rows.map((row) => element('li', {}, escapeMarkup(row))).join('')),
    alone.length === 0 ? '' : paragraph(`Separately, each in its own process: ${formatList(alone)}.`),
  ].join('');
}
