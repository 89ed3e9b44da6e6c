/** The names of a chart's series, each behind a sample of how it is drawn, in as many rows as the width needs. */

import { element, fontSize, text, textWidth } from './svg.ts';
import type { Palette } from './svg.ts';

/** How the lines of a chart differ besides their colour. */
export const dashes = [undefined, '6 3', '2 3', '8 3 2 3', '1 4', '10 4'] as const;

export const seriesColour = (palette: Palette, order: number): string =>
  palette.series[order % palette.series.length] ?? palette.text;

const rowHeight = fontSize + 8;

export interface Legend {
  readonly markup: string;
  readonly height: number;
}

export function legend(
  names: readonly string[],
  { width, palette, sample }: { width: number; palette: Palette; sample: 'line' | 'box' },
): Legend {
  const sampleWidth = sample === 'line' ? 26 : 12;
  let [x, row] = [4, 0];
  const markup = names
    .map((name, order) => {
      const needed = sampleWidth + 6 + textWidth(name) + 14;
      if (x > 4 && x + needed > width) {
        [x, row] = [4, row + 1];
      }
      const baseline = row * rowHeight + fontSize + 2;
      const colour = seriesColour(palette, order);
      const drawn =
        sample === 'line'
          ? element('line', {
              x1: x,
              x2: x + sampleWidth,
              y1: baseline - 4,
              y2: baseline - 4,
              stroke: colour,
              'stroke-width': 2,
              'stroke-dasharray': dashes[order % dashes.length],
            })
          : element('rect', { x, y: baseline - 10, width: sampleWidth, height: 12, fill: colour, rx: 2 });
      const label = text(name, { x: x + sampleWidth + 6, y: baseline, fill: palette.text });
      x += needed;
      return drawn + label;
    })
    .join('');
  return { markup, height: (row + 1) * rowHeight };
}
