/** An x-ray as text: where the bytes are, what is quantized, and what loading will take. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatCount, formatPercent } from '@tidemark/shared/format/numbers.ts';
import { figures, formatTable } from '@tidemark/shared/format/table.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { inMegabytes } from './layout.ts';

export function xrayReport(document: XrayDocument): string {
  const { files, tensors, parameters, source, reading, warnings, loading } = document;
  return [
    `${document.target}: ${formatCount(parameters)} parameters in ${formatCount(tensors)} tensors`,
    `${files.map(({ name, fileBytes }) => `${name} (${formatBytes(fileBytes)})`).join(', ')} of ${source.description}` +
      (source.isRemote ? ', headers only' : ''),
    '',
    partsTable(document),
    '',
    quantizedTable(document),
    '',
    reading,
    ...warnings.map((warning) => `Warning: ${warning}`),
    ...expectation(loading),
  ].join('\n');
}

/** The dtypes of the file, those with the most bytes first. */
function dtypesOf({ bytesByDtype }: XrayDocument): string[] {
  return Object.keys(bytesByDtype).toSorted((a, b) => (bytesByDtype[b] ?? 0) - (bytesByDtype[a] ?? 0));
}

function partsTable(document: XrayDocument): string {
  const dtypes = dtypesOf(document);
  const columns = [{ header: 'MB by part' }, figures('parameters'), figures('bytes'), ...dtypes.map(figures)];
  const row = (
    name: string,
    {
      parameters,
      tensorBytes,
      bytesByDtype,
    }: Pick<XrayDocument, 'parameters' | 'tensorBytes' | 'bytesByDtype'>,
  ): string[] => [
    name,
    formatCount(parameters),
    inMegabytes(tensorBytes),
    ...dtypes.map((dtype) => (bytesByDtype[dtype] === undefined ? '' : inMegabytes(bytesByDtype[dtype]))),
  ];
  return formatTable(columns, [...document.parts.map((part) => row(part.part, part)), row('all', document)]);
}

function quantizedTable({ quantization: { found, unquantized }, parameters }: XrayDocument): string {
  const columns = [{ header: 'MB by layer' }, figures('parameters'), figures('share'), figures('bytes')];
  const row = (name: string, ofThem: number, bytes: number): string[] => [
    name,
    formatCount(ofThem),
    formatPercent(ofThem / parameters),
    inMegabytes(bytes),
  ];
  return formatTable(columns, [
    ...found.map(({ bits, groupSize, modules, parameters: packed, bytes }) =>
      row(`${modules} modules at ${bits} bits, groups of ${groupSize}`, packed, bytes),
    ),
    ...unquantized.map((layers) =>
      row(
        `${layers.kind}, ${Object.keys(layers.bytesByDtype).join(' and ')}`,
        layers.parameters,
        layers.bytes,
      ),
    ),
  ]);
}

function expectation({
  activeBytes,
  metalActiveBytes,
  dropped,
  voiceBytes,
}: XrayDocument['loading']): string[] {
  const droppedBytes = dropped.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `Once loaded: ${inMegabytes(activeBytes)} MB active on the CPU, ${inMegabytes(metalActiveBytes)} MB on Metal, whose ` +
      `buffers are whole pages; a voice adds ${inMegabytes(voiceBytes)} MB.`,
    ...(dropped.length === 0
      ? []
      : [`Loading leaves out ${formatBytes(droppedBytes)}: ${dropped.map(({ name }) => name).join(', ')}.`]),
  ];
}
