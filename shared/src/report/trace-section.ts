/** Memory operation by operation, as a picture; several traces above each other on one scale. */

import { tracesOf } from '../analysis/trace/named-traces.ts';
import type { NamedTrace } from '../analysis/trace/named-traces.ts';
import { pictureOf } from '../analysis/trace/picture.ts';
import { traceSentence } from '../analysis/trace/sentences.ts';
import { element } from '../format/charts/svg.ts';
import { traceChart } from '../format/charts/trace-chart.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import { aliveContent } from './alive-section.ts';
import { explorerPolicy, explorerScript } from './explorer-script.ts';
import { paragraph, responsiveChart, section } from './markup.ts';
import type { PageScript } from './markup.ts';

/** Of the runs of a page: its section, and the script that makes the picture one to explore. Nothing where no run has a trace. */
export function traceContent(runs: readonly ProfileDocument[]): {
  readonly section: string;
  readonly script?: PageScript;
} {
  const traces = tracesOf(runs);
  return traces.length === 0
    ? { section: '' }
    : { section: traceSection(traces), script: { markup: explorerScript(traces), policy: explorerPolicy } };
}

function traceSection(traces: readonly NamedTrace[]): string {
  const names = [...new Set(traces.map(({ model }) => model))].join(' and ');
  return section(
    'Operation by operation',
    paragraph(
      'Each operation’s arrays were released as they were used, or when MLX’s queue came to it. An area’s height is what memory was for ' +
        'while an operation ran; where operations are closer together than the picture can show, each column shows the highest of them.',
    ) +
      traces.map((each) => paragraph(traceSentence(each))).join('') +
      element(
        'div',
        {},
        responsiveChart((canvas) =>
          traceChart(
            `Memory of ${names} by operation`,
            traces.map(({ model, trace }) => pictureOf(model, trace, canvas.width)),
            canvas,
          ),
        ) + element('div', { class: 'explorer', hidden: '' }, ''),
      ) +
      aliveContent(traces),
  );
}
