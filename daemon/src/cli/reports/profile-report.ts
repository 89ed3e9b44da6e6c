/** A profile as text: the iterations as a table, and below it what they have in common. */

import { activeSentence } from '@tidemark/shared/analysis/conclusion.ts';
import { formatCount, formatDuration } from '@tidemark/shared/format/numbers.ts';
import { figures, formatTable } from '@tidemark/shared/format/table.ts';
import type { TableColumn } from '@tidemark/shared/format/table.ts';
import type {
  IterationSample,
  ProfileDocument,
  ProfileSummary,
} from '@tidemark/shared/protocol/profile-document.ts';
import { iterationLabel } from '../../profiler/loop.ts';
import type { SpeechSettings } from '../../profiler/settings.ts';
import { attributionReport } from './attribution-report.ts';
import { inMegabytes } from './layout.ts';
import { leakReport } from './leak-report.ts';

/** Of a table of iterations, whose rows {@link sampleRow} makes. */
export const sampleColumns: readonly TableColumn[] = [
  { header: 'MB' },
  figures('active'),
  figures('peak'),
  figures('transient'),
  figures('cache'),
  figures('footprint'),
  figures('time'),
  figures('audio'),
];

export function profileReport(document: ProfileDocument): string {
  const { model, load, settings, iterations, leaks, summary, outcome } = document;
  const rows = iterations.map((sample) => sampleRow(sample, settings.warmupIterations));
  return [
    ...headLines(document),
    '',
    `Loaded: ${inMegabytes(load.activeBytes)} MB active, ${inMegabytes(load.peakBytes)} MB at the peak, ` +
      `${formatDuration(load.seconds)}; the voice adds ${inMegabytes(load.voiceBytes)} MB.`,
    ...(rows.length === 0 ? [] : ['', formatTable(sampleColumns, rows)]),
    ...(summary === undefined ? [] : ['', ...summaryLines(summary)]),
    ...(leaks === undefined || summary === undefined ? [] : ['', ...leakReport(leaks)]),
    ...(document.attribution === undefined ? [] : ['', ...attributionReport(document.attribution)]),
    ...(outcome.status === 'complete'
      ? []
      : [
          '',
          `${model.name} ${outcome.status === 'failed' ? 'failed' : 'was interrupted'}: ${outcome.reason}`,
        ]),
  ].join('\n');
}

/** What was measured, on what, with what. */
function headLines({ model, settings, ...environment }: ProfileDocument): string[] {
  const dtypes = Object.entries(model.bytesByDtype)
    .filter(([, bytes]) => bytes > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([dtype, bytes]) => `${inMegabytes(bytes)} MB ${dtype}`);
  return [
    `${model.name}: ${dtypes.join(', ')}; ${model.source.description}`,
    environmentLine(environment),
    speechLine(settings),
  ];
}

export const environmentLine = ({ device, versions }: Pick<ProfileDocument, 'device' | 'versions'>): string =>
  `${device.name} (${device.type}, ${device.platform} ${device.architecture}), MLX ${versions.mlx}, Node ${versions.node}, Tidemark ${versions.tidemark}`;

/** What is said, by whom, and how. */
export function speechLine({ text, phonemes, voice, seed, deterministic, speed }: SpeechSettings): string {
  const said = text === undefined ? `/${phonemes.join(' ')}/` : `“${shortened(text)}”`;
  const manner = [
    `voice ${voice}`,
    deterministic ? 'deterministic' : `seed ${seed}`,
    ...(speed === 1 ? [] : [`speed ${speed}`]),
    ...(phonemes.length === 1 ? [] : [`${phonemes.length} utterances`]),
  ];
  return `${said}, ${manner.join(', ')}`;
}

/** A text that fits on a line. */
function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= 80 ? line : `${line.slice(0, 79).trimEnd()}…`;
}

export function sampleRow(sample: IterationSample, warmupIterations: number): string[] {
  return [
    iterationLabel(sample.index, warmupIterations),
    inMegabytes(sample.activeBytes),
    inMegabytes(sample.peakBytes),
    inMegabytes(sample.peakBytes - sample.activeBeforeBytes),
    inMegabytes(sample.cacheBytes),
    inMegabytes(sample.footprintBytes),
    `${sample.seconds.toFixed(2)} s`,
    `${sample.audioSeconds.toFixed(2)} s`,
  ];
}

function summaryLines(summary: ProfileSummary): string[] {
  const { peakBytes, transientBytes, seconds, audioSeconds, realTimeFactor, samples } = summary;
  const speed = realTimeFactor === undefined ? '' : `, a real-time factor of ${realTimeFactor.toFixed(2)}`;
  return [
    activeSentence(summary),
    `Peak: ${inMegabytes(peakBytes.median)} MB as the median, from ${inMegabytes(peakBytes.minimum)} to ` +
      `${inMegabytes(peakBytes.maximum)} MB; ${inMegabytes(transientBytes.median)} MB above what is active.`,
    tensorSentence(summary),
    `Time: ${formatDuration(seconds.median)} an iteration as the median, for ${audioSeconds.median.toFixed(2)} s of audio ` +
      `(${formatCount(samples.median)} samples)${speed}.`,
  ];
}

function tensorSentence({ extraTensors, undisposedTensors }: ProfileSummary): string {
  const beyond =
    extraTensors === 0
      ? 'No tensor is left beyond the weights and the voice'
      : `${formatCount(extraTensors)} tensors are left beyond the weights and the voice`;
  const found =
    undisposedTensors === 0
      ? ''
      : `, and the collector had to find ${formatCount(undisposedTensors)} of them`;
  return `${beyond}${found}.`;
}
