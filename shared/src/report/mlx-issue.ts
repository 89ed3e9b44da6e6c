/**
 * A bug report for MLX from a profile or a study, in Markdown: what was seen, versions, figures, and a script that needs nothing
 * but `mlx`. It holds figures, and names only where they cannot name a person or a place of their machine.
 */

import { aliveAtPeak, groupAlive, layerOf } from '../analysis/trace/alive.ts';
import { highestOperations } from '../analysis/trace/bands.ts';
import { tracedOperation } from '../analysis/trace/picture.ts';
import { formatBytes } from '../format/bytes.ts';
import { channelAmount, channelNames } from '../format/leak-channels.ts';
import { counted, formatCount, formatDuration, formatList, formatPercent } from '../format/numbers.ts';
import { orderWords } from '../format/trace-words.ts';
import type { ChannelVerdict } from '../protocol/leak-verdicts.ts';
import { mlxEnvironment } from '../protocol/mlx-settings.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import type { OperationTrace } from '../protocol/trace-document.ts';
import { findings, nothingFound } from './mlx-findings.ts';
import type { Finding } from './mlx-findings.ts';
import { leftOut, publicText } from './public-text.ts';
import type { PublicText } from './public-text.ts';

/** Scripts in Python that reproduce a finding with `mlx` alone. */
export interface IssueScripts {
  readonly evaluationOrder: string;
  readonly leak: string;
}

/** Rows of the table of a trace: enough to see its course. */
const traceRows = 60;
const groupRows = 10;

/**
 * `privateWords` are left out wherever they stand: the names of the person and of their machine. Throws a TidemarkError:
 * 'bad-document' where nothing was found that is MLX's.
 */
export function mlxIssue(
  document: RunDocument,
  scripts: IssueScripts,
  privateWords: readonly string[] = [],
): string {
  const found = findings(document);
  const [first] = found;
  if (first === undefined) {
    throw nothingFound(document);
  }
  const safe = publicText(privateWords);
  const scriptOf = (kind: Finding['kind']): string =>
    kind === 'leak' ? scripts.leak : scripts.evaluationOrder;
  const kinds = [...new Set(found.map(({ kind }) => kind))];
  return [
    `# ${titleOf(first)}`,
    '',
    '## What was seen',
    '',
    ...found.flatMap((finding) => seen(finding, safe)),
    ...environment(first.run, safe),
    ...settings(first.run, safe),
    ...[...new Set(found.map(({ run }) => run))].flatMap((run) => figures(run, safe)),
    ...kinds.flatMap((kind) => reproduction(kind, scriptOf(kind))),
    `Measured with Tidemark ${safe(first.run.versions.tidemark)}, which has sent this to nobody.`,
    '',
  ].join('\n');
}

const megabytes = (bytes: number): string => formatBytes(bytes, { unit: 'MB' });

/** Whose repositories are everybody's. */
const publicOwners = ['mlx-community', 'hexgrad', 'onnx-community'];

/** A model by its name; a checkpoint of the person's own has none that is anybody's business. */
function modelName({ model: { name, source } }: ProfileDocument, safe: PublicText): string {
  const [owner, repository, ...rest] = name.split('/');
  if (source.kind === 'hub' && owner !== undefined && repository !== undefined && rest.length === 0) {
    return publicOwners.includes(owner) ? `${owner}/${safe(repository)}` : 'a Kokoro-82M checkpoint';
  }
  return source.kind === 'packaged' ? safe(name) : 'a Kokoro-82M checkpoint';
}

function titleOf(finding: Finding): string {
  if (finding.kind === 'leak') {
    const [verdict] = finding.verdicts;
    return verdict === undefined
      ? 'Memory grows'
      : `${capital(channelNames[verdict.channel])} grows by ${channelAmount(verdict.channel, verdict.ratePerIteration)} each time the same work is done`;
  }
  const { ownBytes, narrowBytes } = finding;
  return `The breadth-first order of mx.eval makes ${formatPercent((ownBytes - narrowBytes) / ownBytes)} of the peak memory of a network with residual branches`;
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

function seen(finding: Finding, safe: PublicText): string[] {
  const { run } = finding;
  const work = `inference of ${modelName(run, safe)} (text to speech, one text said again and again in one process)`;
  if (finding.kind === 'leak') {
    return [
      `During ${work}, with garbage collected and \`clear_cache\` called after each iteration:`,
      '',
      ...finding.verdicts.map(leakLine),
      '',
      'The number of array handles that the program holds is the same after each iteration.',
      '',
    ];
  }
  const { ownBytes, narrowBytes, aheadBytes, narrow } = finding;
  const order =
    aheadBytes === undefined
      ? 'MLX’s own order of evaluation'
      : 'MLX’s own order of evaluation, each operation waited for,';
  const ahead =
    aheadBytes === undefined
      ? ''
      : ` With operations queued ahead, as MLX does by itself, the peak is ${megabytes(aheadBytes)}.`;
  return [
    `During ${work}, ${order} peaks at ${megabytes(ownBytes)}, and the same graph ` +
      `${narrow === 'depth first' ? 'evaluated depth first, one operation at a time,' : `with ${narrow}`} at ${megabytes(narrowBytes)}: ` +
      `${megabytes(ownBytes - narrowBytes)} less${narrow === 'depth first' ? ', with the same output bit for bit' : ''}. ` +
      'Breadth first, all branches over a long array are begun before any is finished, so that what they hold is alive at once.' +
      ahead,
    '',
  ];
}

function leakLine({ channel, ratePerIteration, first, confirmation }: ChannelVerdict): string {
  const over = first === undefined ? '' : ` over ${formatCount(first.count)} iterations`;
  const again = confirmation === undefined ? '' : `, and again over ${formatCount(confirmation.count)} more`;
  const bound = confirmation ?? first;
  const low =
    bound === undefined
      ? ''
      : ` (lower bound of the slope: ${channelAmount(channel, bound.slopeLowerBound)})`;
  return `- ${channelNames[channel]} grows by ${channelAmount(channel, ratePerIteration)} an iteration${over}${again}${low}.`;
}

type Rows = readonly (readonly [name: string, value: string])[];

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map((_, place) => (place === 0 ? '---' : '---:')).join('|')}|`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
  '',
];

const folded = (summary: string, lines: readonly string[]): string[] => [
  '<details>',
  `<summary>${summary}</summary>`,
  '',
  ...lines,
  '</details>',
  '',
];

function environment({ device, versions }: ProfileDocument, safe: PublicText): string[] {
  const numbers = Object.entries(device.info).flatMap(([name, value]): Rows =>
    typeof value === 'number' ? [[safe(name), formatCount(value)]] : [],
  );
  const rows: Rows = [
    ['MLX', safe(versions.mlx)],
    ['Device', `${device.type.toUpperCase()}: ${safe(device.name)}`],
    ['System', safe(`${device.platform} ${device.architecture}, ${device.cores} cores`)],
    ['Memory', formatBytes(device.memoryBytes)],
    ['BLAS', safe(versions.blas)],
    ['Node.js', safe(versions.node)],
    ...numbers,
  ];
  return ['## Versions and device', '', ...table(['what', 'value'], rows)];
}

function settings(run: ProfileDocument, safe: PublicText): string[] {
  const { settings: chosen, cacheLimitBytes } = run;
  const variables = Object.entries(mlxEnvironment(chosen.mlx ?? {})).map(
    ([name, value]) => `${name}=${value ?? ''}`,
  );
  const rows: Rows = [
    [
      'Iterations',
      `${formatCount(chosen.iterations)}, after ${formatCount(chosen.warmupIterations)} of warm-up`,
    ],
    [
      'Text',
      `${counted(chosen.phonemes.join('').length, 'phoneme')} in ${counted(chosen.phonemes.length, 'utterance')}`,
    ],
    ['Seed', String(chosen.seed)],
    ...(chosen.strategy === undefined ? [] : ([['Strategy', chosen.strategy]] as const)),
    ['Cache', chosen.keepCache === true ? 'kept between iterations' : 'cleared after each iteration'],
    ...(cacheLimitBytes === undefined ? [] : ([['Cache limit', formatBytes(cacheLimitBytes)]] as const)),
    ['MLX’s variables', variables.length === 0 ? 'none set' : safe(variables.join(', '))],
    ...(chosen.mlx?.memoryLimitBytes === undefined
      ? []
      : ([['Memory limit', formatBytes(chosen.mlx.memoryLimitBytes)]] as const)),
  ];
  return ['## Settings', '', ...table(['what', 'value'], rows)];
}

function figures(run: ProfileDocument, safe: PublicText): string[] {
  const { summary, load, iterations, confirmation = [], attribution } = run;
  const weights = Object.entries(run.model.bytesByDtype).map(
    ([dtype, bytes]) => `${megabytes(bytes)} ${safe(dtype)}`,
  );
  const spread = (
    name: string,
    { median, minimum, maximum }: Record<'median' | 'minimum' | 'maximum', number>,
  ) => [name, ...[median, minimum, maximum].map(megabytes)] as const;
  return [
    `## Figures: ${modelName(run, safe)}`,
    '',
    `Weights: ${formatList(weights)}; ${megabytes(load.activeBytes)} active once loaded.`,
    '',
    ...(summary === undefined
      ? []
      : [
          ...table(
            ['over the measured iterations', 'median', 'minimum', 'maximum'],
            [
              spread('peak', summary.peakBytes),
              spread('peak less what was active before', summary.transientBytes),
              spread('cache', summary.cacheBytes),
              spread('footprint of the process', summary.footprintBytes),
            ],
          ),
          `Active memory after an iteration: ${formatCount(summary.active.minimumBytes)} B to ` +
            `${formatCount(summary.active.maximumBytes)} B; an iteration takes ${formatDuration(summary.seconds.median)}.`,
          '',
        ]),
    ...folded(
      'Iterations',
      table(
        ['iteration', 'active after, B', 'peak, B', 'cache, B', 'footprint, B', 'arrays', 'seconds'],
        [...iterations, ...confirmation].map((each) => [
          each.warmup ? 'warm-up' : String(each.index),
          ...[each.activeBytes, each.peakBytes, each.cacheBytes, each.footprintBytes, each.liveTensors].map(
            formatCount,
          ),
          each.seconds.toFixed(3),
        ]),
      ),
    ),
    ...(attribution?.traces ?? []).flatMap((trace) => tracePart(trace, safe)),
  ];
}

function tracePart(trace: OperationTrace, safe: PublicText): string[] {
  const alive = aliveAtPeak(trace);
  const { length } = trace.operations.peakBytes;
  const places = Array.from({ length: length + 1 }, (_, place) => place);
  const highest = highestOperations(
    trace.operations.peakBytes,
    places,
    0,
    length,
    Math.min(traceRows, length),
  );
  const rows = [...new Set(highest)]
    .filter((place) => place >= 0)
    .map((place) => tracedOperation(trace, place, 0));
  const columns = {
    operation: rows.map(({ place }) => place),
    peakBytes: rows.map(({ peakBytes }) => peakBytes),
    activeBytes: rows.map(({ activeBytes }) => activeBytes),
    layer: rows.map(({ layer }) => safe(layer)),
  };
  const groups = groupAlive(alive.buffers, (buffer) =>
    // A weight's layer is a part of its name, and shown only where all of it may be.
    buffer.tensor === undefined || safe(buffer.tensor) === buffer.tensor ? safe(layerOf(buffer)) : leftOut,
  ).slice(0, groupRows);
  return [
    `### Operation by operation: ${orderWords(trace)}`,
    '',
    `${formatCount(length)} operations; the peak is ${megabytes(trace.peakBytes)}, during operation ${formatCount(alive.operation)} ` +
      `(${megabytes(trace.plainPeakBytes)} without the trace). Alive then, by layer:`,
    '',
    ...table(
      ['layer', 'arrays', 'MB'],
      groups.map(({ name, buffers, bytes }) => [name, formatCount(buffers), megabytes(bytes)]),
    ),
    ...folded(`The highest of each ${formatCount(Math.ceil(length / traceRows))} operations`, [
      ...table(
        ['operation', 'name', 'layer', 'output', 'active after, B', 'peak during, B'],
        rows.map(({ place, name, layer, shape, dtype, activeBytes, peakBytes }) => [
          formatCount(place),
          safe(name),
          safe(layer),
          `${safe(dtype)} (${shape.join(', ')})`,
          formatCount(activeBytes),
          formatCount(peakBytes),
        ]),
      ),
      '```json',
      JSON.stringify(columns),
      '```',
      '',
    ]),
  ];
}

function reproduction(kind: Finding['kind'], script: string): string[] {
  return [
    '## How to reproduce it',
    '',
    ...(kind === 'leak'
      ? [
          'This script does work of the same kinds with `mlx` alone and prints active memory after each iteration. Where it prints ' +
            'a constant, the leak is in none of these operations; `--keep` shows what a leak looks like.',
        ]
      : [
          'This script needs `mlx` alone. It adds up residual branches over one long array, and prints the peak with MLX’s own ' +
            'order, with other widths of `MLX_BFS_MAX_WIDTH`, and with each part evaluated depth first; the sums are equal.',
        ]),
    '',
    '```python',
    script.trimEnd(),
    '```',
    '',
  ];
}
