/** A profile as text: the iterations, their summary, leaks, and what each part of the network takes. */

import { cacheRates, cacheRemedySentences } from '@tidemark/shared/analysis/cache-sentence.ts';
import { printable } from '@tidemark/shared/printable.ts';
import { activeSentence } from '@tidemark/shared/analysis/conclusions.ts';
import { leakSentence } from '@tidemark/shared/analysis/leak-sentence.ts';
import { deviceSentence } from '@tidemark/shared/analysis/waterfall.ts';
import { channelAmount, judgedName } from '@tidemark/shared/format/leak-channels.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted, formatCount, formatDuration } from '@tidemark/shared/format/numbers.ts';
import { iterationLabel } from '@tidemark/shared/format/work-words.ts';
import {
  droppedWords,
  mannerPhrases,
  readerPhrases,
  textsPhrase,
  workloadIn,
} from '@tidemark/shared/format/workload.ts';
import type {
  AttributedPart,
  Attribution,
  IterationSample,
  ProfileDocument,
  ProfileSettings,
  ProfileSummary,
} from '@tidemark/shared/protocol/profile-document.ts';
import type { ChannelVerdict } from '@tidemark/shared/protocol/leak-verdicts.ts';
import type { VersionsRecord } from '@tidemark/shared/protocol/provenance.ts';
import type { SpeechSettings } from '../../profiler/settings.ts';
import { column, figures, inMb, inMegabytes, nothing, tableOf } from './layout.ts';
import type { Column } from './layout.ts';
import { verdictWord } from './run-words.ts';
import { traceLines } from './trace-report.ts';

export const samplesTable = (samples: readonly IterationSample[], warmupIterations: number): string =>
  tableOf(samples, [
    column('MB', ({ index }) => iterationLabel(index, warmupIterations)),
    figures('active', ({ activeBytes }) => inMegabytes(activeBytes)),
    figures('peak', ({ peakBytes }) => inMegabytes(peakBytes)),
    figures('transient', ({ peakBytes, activeBeforeBytes }) => inMegabytes(peakBytes - activeBeforeBytes)),
    figures('cache', ({ cacheBytes }) => inMegabytes(cacheBytes)),
    figures('footprint', ({ footprintBytes }) => inMegabytes(footprintBytes)),
    figures('time', ({ seconds }) => `${seconds.toFixed(2)} s`),
    figures('audio', ({ audioSeconds }) => `${audioSeconds.toFixed(2)} s`),
  ]);

export function profileReport(document: ProfileDocument): string {
  const { model, load, settings, iterations, leaks, summary, outcome } = document;
  return [
    ...headLines(document),
    '',
    `Loaded in ${formatDuration(load.seconds)}: ${inMb(load.activeBytes)} active, ${inMb(load.peakBytes)} peak; ` +
      `the voice adds ${inMb(load.voiceBytes)}.`,
    ...(iterations.length === 0 ? [] : ['', samplesTable(iterations, settings.warmupIterations)]),
    ...(summary === undefined ? [] : ['', ...summaryLines(summary), ...deviceLines(document)]),
    ...(leaks === undefined || summary === undefined ? [] : ['', ...leakLines(leaks)]),
    ...(document.attribution === undefined ? [] : ['', ...attributionLines(document.attribution)]),
    ...(document.attribution?.traces ?? []).flatMap((trace) => ['', ...traceLines(model.name, trace)]),
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
  return [
    `${model.name}: ${bytesList(model.bytesByDtype)}; ${model.source.description}`,
    environmentLine(environment),
    ...speechLines(settings),
  ];
}

export const environmentLine = ({ device, versions }: Pick<ProfileDocument, 'device' | 'versions'>): string =>
  `${device.name} (${device.type}, ${device.platform} ${device.architecture}), ${engineWords(versions)}MLX ${versions.mlx}, Node ${versions.node}, Tidemark ${versions.tidemark}`;

/** Of a host in Python, what it is. */
const engineWords = ({ python, packages = {} }: VersionsRecord): string =>
  python === undefined
    ? ''
    : `mlx-audio ${packages['mlx-audio'] ?? 'of unknown version'}, Python ${python}, `;

/** What is said, by whom, and how, and what of the text is not said. */
export const speechLines = (settings: SpeechSettings | ProfileSettings): string[] => [
  speechLine(settings),
  ...(settings.dropped === undefined ? [] : [droppedWords(settings.dropped)]),
  ...(settings.phonemesNote === undefined ? [] : [settings.phonemesNote]),
];

function speechLine(settings: SpeechSettings | ProfileSettings): string {
  const { text, phonemes, voice, seed, deterministic, speed } = settings;
  const workload = 'iterations' in settings ? workloadIn(settings) : {};
  const texts = textsPhrase(workload);
  const said = texts ?? (text === undefined ? `/${shortened(phonemes.join(' '))}/` : `“${shortened(text)}”`);
  const manner = [
    `voice ${printable(voice)}`,
    deterministic ? 'deterministic' : `seed ${seed}`,
    ...(speed === 1 ? [] : [`speed ${speed}`]),
    ...(phonemes.length === 1 || texts !== undefined ? [] : [`${phonemes.length} utterances`]),
    ...mannerPhrases(workload),
    ...readerPhrases(settings),
  ];
  return `${said}, ${manner.join(', ')}`;
}

/** A text that fits on a line. */
const shortened = (text: string): string => printable(text.replaceAll(/\s+/g, ' ').trim(), 80);

function summaryLines(summary: ProfileSummary): string[] {
  const { peakBytes, transientBytes, seconds, audioSeconds, realTimeFactor, samples } = summary;
  const speed = realTimeFactor === undefined ? '' : `, real-time factor ${realTimeFactor.toFixed(2)}`;
  return [
    activeSentence(summary),
    `Peak: median ${inMb(peakBytes.median)}, from ${inMegabytes(peakBytes.minimum)} to ` +
      `${inMb(peakBytes.maximum)}; ${inMb(transientBytes.median)} above active memory.`,
    tensorSentence(summary),
    `Time: median ${formatDuration(seconds.median)} per iteration, for ${audioSeconds.median.toFixed(2)} s of audio ` +
      `(${counted(samples.median, 'sample')})${speed}.`,
  ];
}

function deviceLines(document: ProfileDocument): string[] {
  const sentence = deviceSentence(document);
  return sentence === undefined ? [] : [sentence];
}

function tensorSentence({ extraTensors, undisposedTensors }: ProfileSummary): string {
  const left =
    extraTensors === 0
      ? 'No tensors remain'
      : `${counted(extraTensors, 'tensor')} ${extraTensors === 1 ? 'remains' : 'remain'}`;
  const found =
    undisposedTensors === 0
      ? ''
      : `; the garbage collector had to free ${formatCount(undisposedTensors)} of them`;
  return `${left} beyond the weights and the voice${found}.`;
}

/** Without a table where the rule could read none of the channels: the sentence says why. */
export function leakLines(leaks: readonly ChannelVerdict[]): string[] {
  return leaks.every(({ first }) => first === undefined)
    ? [leakSentence(leaks)]
    : [leakSentence(leaks), '', tableOf(leaks, leakColumns), ...leaks.flatMap(cacheLines)];
}

/** A kept cache's rates, and what to do about it. */
function cacheLines(verdict: ChannelVerdict): string[] {
  const rates = verdict.cache === undefined ? [] : cacheRates(verdict.cache);
  const remedies = cacheRemedySentences(verdict);
  return rates.length === 0
    ? []
    : [
        '',
        tableOf(rates, [
          column('cache grows per', ([per]) => per),
          figures('by', ([, { estimate }]) => formatBytes(estimate)),
          figures('95% interval', ([, { low, high }]) => `${formatBytes(low)} to ${formatBytes(high)}`),
        ]),
        ...(remedies.length === 0 ? [] : ['', ...remedies]),
      ];
}

const leakColumns: readonly Column<ChannelVerdict>[] = [
  column('leaks', judgedName),
  column('verdict', ({ status }) => verdictWord(status)),
  figures('growth per iteration', ({ channel, ratePerIteration, first }) =>
    first === undefined ? nothing : channelAmount(channel, ratePerIteration, { sign: true }),
  ),
  figures('detectable from', ({ channel, smallestDetectable }) =>
    smallestDetectable === undefined ? nothing : channelAmount(channel, smallestDetectable),
  ),
];

/** A run by layers has hundreds; the document has them all. */
const shownParts = 20;

const bytesList = (bytesByDtype: Readonly<Record<string, number>>): string =>
  Object.entries(bytesByDtype)
    .filter(([, bytes]) => bytes > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([dtype, bytes]) => `${inMb(bytes)} ${dtype}`)
    .join(', ') || 'none';

/** What each part of the network took, the largest first. */
function attributionLines(attribution: Attribution): string[] {
  const { granularity, parts, instrumentedPeakBytes, plainPeakBytes, aliveAtPeak } = attribution;
  const shown = parts.toSorted((a, b) => b.transientBytes - a.transientBytes).slice(0, shownParts);
  const rest = parts.length - shown.length;
  return [
    tableOf(shown, [
      ...(granularity === 'layers' ? layerColumns : stageColumns),
      figures('transient', ({ transientBytes }) => inMegabytes(transientBytes)),
      figures('time', ({ seconds }) => `${seconds.toFixed(3)} s`),
      column('outputs', ({ outputs }) =>
        outputs.map(({ dtype, shape }) => `${dtype} [${shape.join(', ')}]`).join('; '),
      ),
    ]),
    ...(rest > 0 ? [`and ${rest} more, each smaller.`] : []),
    `The peak is ${inMb(plainPeakBytes)} in a normal iteration, and ${inMb(instrumentedPeakBytes)} with each stage evaluated separately.`,
    `Live at the peak, in the ${aliveAtPeak.part}: weights ${bytesList(aliveAtPeak.weightBytesByDtype)}; values between stages ` +
      `${bytesList(aliveAtPeak.valueBytesByDtype)}; temporaries ${inMb(aliveAtPeak.temporaryBytes)}.`,
  ];
}

const layerColumns: readonly Column<AttributedPart>[] = [
  column('MB by layer', ({ name }) => name),
  column('stage', ({ stage = '' }) => stage),
];

const stageColumns: readonly Column<AttributedPart>[] = [
  column('MB by stage', ({ name }) => name),
  figures('active before', ({ activeBeforeBytes }) => inMegabytes(activeBeforeBytes)),
  figures('after', ({ activeAfterBytes }) => inMegabytes(activeAfterBytes)),
  figures('peak', ({ peakBytes }) => inMegabytes(peakBytes)),
];
