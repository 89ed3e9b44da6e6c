/** An x-ray as text: where the bytes are, what is quantized, and what loading will need. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted, formatCount, formatPercent } from '@tidemark/shared/format/numbers.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';
import { column, figures, inMb, inMegabytes, tableOf } from './layout.ts';

export function xrayReport(document: XrayDocument): string {
  const { files, tensors, parameters, source, reading, warnings, loading } = document;
  return [
    `${document.target}: ${counted(parameters, 'parameter')} in ${counted(tensors, 'tensor')}`,
    `${files.map(({ name, fileBytes }) => `${name} (${formatBytes(fileBytes)})`).join(', ')} of ${source.description}` +
      (source.isRemote ? ', headers only' : ''),
    '',
    partsTable(document),
    '',
    layersTable(document),
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

type Part = Pick<XrayDocument, 'parameters' | 'tensorBytes' | 'bytesByDtype'> & { readonly part: string };

function partsTable(document: XrayDocument): string {
  const dtypes = dtypesOf(document);
  return tableOf<Part>(
    [...document.parts, { ...document, part: 'all' }],
    [
      column('MB by part', ({ part }) => part),
      figures('parameters', ({ parameters }) => formatCount(parameters)),
      figures('bytes', ({ tensorBytes }) => inMegabytes(tensorBytes)),
      ...dtypes.map((dtype) =>
        figures<Part>(dtype, ({ bytesByDtype: { [dtype]: bytes } }) =>
          bytes === undefined ? '' : inMegabytes(bytes),
        ),
      ),
    ],
  );
}

function layersTable({ quantization: { found, unquantized }, parameters: all }: XrayDocument): string {
  const layers = [
    ...found.map(({ bits, groupSize, modules, parameters, bytes }) => ({
      name: `${counted(modules, 'module')} at ${bits} bits, group size ${groupSize}`,
      parameters,
      bytes,
    })),
    ...unquantized.map(({ kind, bytesByDtype, parameters, bytes }) => ({
      name: `${kind}, ${Object.keys(bytesByDtype).join(' and ')}`,
      parameters,
      bytes,
    })),
  ];
  return tableOf(layers, [
    column('MB by layer', ({ name }) => name),
    figures('parameters', ({ parameters }) => formatCount(parameters)),
    figures('share', ({ parameters }) => formatPercent(all === 0 ? 0 : parameters / all)),
    figures('bytes', ({ bytes }) => inMegabytes(bytes)),
  ]);
}

function expectation({
  activeBytes,
  metalActiveBytes,
  cudaActiveBytes,
  dropped,
  voiceBytes,
}: XrayDocument['loading']): string[] {
  const droppedBytes = dropped.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `Once loaded: ${inMb(activeBytes)} active on the CPU, or ${inMb(metalActiveBytes)} on Metal and ${inMb(cudaActiveBytes)} with ` +
      `CUDA, where buffers are rounded up; a voice adds ${inMb(voiceBytes)}.`,
    ...(dropped.length === 0
      ? []
      : [`Not loaded: ${formatBytes(droppedBytes)} (${dropped.map(({ name }) => name).join(', ')}).`]),
  ];
}
