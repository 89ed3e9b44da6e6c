/** An attribution as text: what each part of the network took, the largest first. */

import { figures, formatTable } from '@tidemark/shared/format/table.ts';
import type { TableColumn } from '@tidemark/shared/format/table.ts';
import type { AttributedPart, Attribution } from '@tidemark/shared/protocol/attribution.ts';
import { inMegabytes } from './layout.ts';

/** A run by layers has hundreds; the document has them all. */
const shownParts = 20;

const bytesList = (bytesByDtype: Readonly<Record<string, number>>): string =>
  Object.entries(bytesByDtype)
    .toSorted(([, a], [, b]) => b - a)
    .map(([dtype, bytes]) => `${inMegabytes(bytes)} MB ${dtype}`)
    .join(', ') || 'none';

export function attributionReport(attribution: Attribution): string[] {
  const { granularity, parts, instrumentedPeakBytes, plainPeakBytes, aliveAtPeak } = attribution;
  const isByLayers = granularity === 'layers';
  const shown = parts.toSorted((a, b) => b.transientBytes - a.transientBytes).slice(0, shownParts);
  const columns: readonly TableColumn[] = [
    { header: isByLayers ? 'MB by layer' : 'MB by stage' },
    ...(isByLayers ? [{ header: 'stage' }] : [figures('active before'), figures('after')]),
    ...(isByLayers ? [] : [figures('peak')]),
    figures('transient'),
    figures('time'),
    { header: 'gives' },
  ];
  return [
    formatTable(
      columns,
      shown.map((part) => row(part, isByLayers)),
    ),
    ...(parts.length > shown.length ? [`and ${parts.length - shown.length} more, each smaller.`] : []),
    `The peak is ${inMegabytes(plainPeakBytes)} MB as spoken, and ${inMegabytes(instrumentedPeakBytes)} MB when each stage is evaluated by itself.`,
    `Alive at the peak, in the ${aliveAtPeak.part}: weights ${bytesList(aliveAtPeak.weightBytesByDtype)}; values between stages ` +
      `${bytesList(aliveAtPeak.valueBytesByDtype)}; temporaries ${inMegabytes(aliveAtPeak.temporaryBytes)} MB.`,
  ];
}

function row(part: AttributedPart, isByLayers: boolean): string[] {
  const { name, stage = '', activeBeforeBytes, activeAfterBytes, peakBytes, transientBytes, seconds } = part;
  const gives = part.outputs.map(({ dtype, shape }) => `${dtype} [${shape.join(', ')}]`).join('; ');
  return [
    name,
    ...(isByLayers
      ? [stage]
      : [inMegabytes(activeBeforeBytes), inMegabytes(activeAfterBytes), inMegabytes(peakBytes)]),
    inMegabytes(transientBytes),
    `${seconds.toFixed(3)} s`,
    gives,
  ];
}
