/** A requantized checkpoint as text: what was done, what the folder holds, and what was measured. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatCount } from '@tidemark/shared/format/numbers.ts';
import { figures, formatTable } from '@tidemark/shared/format/table.ts';
import type { TableColumn } from '@tidemark/shared/format/table.ts';
import type {
  MeasuredCheckpoint,
  RequantizeDocument,
  Verification,
} from '@tidemark/shared/protocol/requantize-document.ts';
import { inMegabytes } from './layout.ts';
import { environmentLine, speechLine } from './profile-report.ts';

export function requantizeReport(document: RequantizeDocument): string {
  const { source, result, folder, changes, loadsIn, reading, warnings, verification } = document;
  const loaders = loadsIn.includes('mlx-audio') ? 'mlx-audio and Tidemark load it' : 'only Tidemark loads it';
  return [
    `${folder}: made from ${source.name}; ${loaders}.`,
    ...changes.map((change) => `  ${change}`),
    `${formatBytes(result.tensorBytes)} of tensors, the source has ${formatBytes(source.tensorBytes)}. ${reading}`,
    ...warnings.map((warning) => `Note: ${warning}`),
    ...(verification === undefined ? [] : ['', ...verificationLines(document, verification)]),
  ].join('\n');
}

const columns: readonly TableColumn[] = [
  { header: 'MB' },
  figures('loaded'),
  figures('in the loop'),
  figures('peak'),
  figures('from'),
  figures('to'),
  figures('time'),
  figures('audio'),
  figures('samples'),
];

function verificationLines({ source }: RequantizeDocument, verification: Verification): string[] {
  const { settings, original, result, conclusion } = verification;
  return [
    environmentLine(verification),
    speechLine(settings),
    `${settings.iterations} iterations after ${settings.warmupIterations} of warm-up, each in a process of its own`,
    '',
    formatTable(columns, [row(source.name, original), row('the result', result)]),
    '',
    conclusion,
  ];
}

function row(name: string, { load, summary, samples }: MeasuredCheckpoint): string[] {
  const { active, peakBytes, seconds, audioSeconds } = summary;
  return [
    name,
    inMegabytes(load.activeBytes),
    inMegabytes(active.lastBytes),
    inMegabytes(peakBytes.median),
    inMegabytes(peakBytes.minimum),
    inMegabytes(peakBytes.maximum),
    `${seconds.median.toFixed(2)} s`,
    `${audioSeconds.median.toFixed(2)} s`,
    formatCount(samples),
  ];
}
