/** Memory against time: a point with its spread for each setting, and the line of those that no other one beats in both. */

import { scaleOver } from './axes.ts';
import { amountText, seriesColor, tickText } from './palette.ts';
import type { Canvas } from './palette.ts';
import { drawing, element, escapeMarkup, fontSize, text, textWidth } from './svg.ts';

interface Range {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface TradeOff {
  readonly label: string;
  /** Points of a kind have a color and a shape; kinds count from 0. */
  readonly kind: number;
  /** Bytes. */
  readonly memory: Range;
  /** Relative to 1. */
  readonly time: Range;
  readonly onFront: boolean;
  /** Drawn in bold. */
  readonly isBest: boolean;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const overlap = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

const radius = 5;

/** A circle, a square, a triangle, a diamond, a cross: told without their color. */
function mark(kind: number, x: number, y: number, fill: string): string {
  const path = (d: string): string => element('path', { d, fill });
  const shapes = [
    () => element('circle', { cx: x, cy: y, r: radius, fill }),
    () => element('rect', { x: x - 4.5, y: y - 4.5, width: 9, height: 9, fill }),
    () => path(`M${x} ${y - 6}L${x + 6} ${y + 5}L${x - 6} ${y + 5}Z`),
    () => path(`M${x} ${y - 6.5}L${x + 6.5} ${y}L${x} ${y + 6.5}L${x - 6.5} ${y}Z`),
    () =>
      element('path', {
        d: `M${x - 5} ${y}H${x + 5}M${x} ${y - 5}V${y + 5}`,
        stroke: fill,
        'stroke-width': 3,
      }),
  ];
  return (shapes[kind % shapes.length] ?? shapes[0])?.() ?? '';
}

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'middle' | 'end';
}

/** For each point the place beside it where its label covers least of the other points and labels, and stays in the frame. */
function placeLabels(
  points: readonly { readonly x: number; readonly y: number; readonly label: string }[],
  frame: Box,
): Placed[] {
  const taken: Box[] = points.map(({ x, y }) => ({
    left: x - radius,
    right: x + radius,
    top: y - radius,
    bottom: y + radius,
  }));
  return points.map(({ x, y, label }) => {
    const width = textWidth(label);
    const places: readonly Placed[] = [
      { x: x + 10, y: y - 4, anchor: 'start' },
      { x: x - 10, y: y - 4, anchor: 'end' },
      { x, y: y - 11, anchor: 'middle' },
      { x, y: y + 20, anchor: 'middle' },
      { x: x + 10, y: y + 14, anchor: 'start' },
      { x: x - 10, y: y + 14, anchor: 'end' },
      { x, y: y - 26, anchor: 'middle' },
      { x, y: y + 34, anchor: 'middle' },
      ...[-18, 28, -32, 42].flatMap((dy): Placed[] => [
        { x: x + 14, y: y + dy, anchor: 'start' },
        { x: x - 14, y: y + dy, anchor: 'end' },
      ]),
    ];
    const boxOf = (place: Placed): Box => {
      const left = place.x - (place.anchor === 'start' ? 0 : place.anchor === 'end' ? width : width / 2);
      return { left, right: left + width, top: place.y - fontSize + 1, bottom: place.y + 3 };
    };
    const scored = places.map((place) => {
      const box = boxOf(place);
      const outside = (box.right - box.left) * (box.bottom - box.top) - overlap(box, frame);
      return { place, box, cost: outside * 10 + taken.reduce((sum, each) => sum + overlap(box, each), 0) };
    });
    const best = scored.reduce((a, b) => (b.cost < a.cost ? b : a));
    taken.push(best.box);
    return best.place;
  });
}

/** Time to the right, memory upward, each over the range of its values: what is nearest the corner below left is best. */
export function tradeOffChart(
  {
    title,
    kinds,
    points,
  }: { readonly title: string; readonly kinds: readonly string[]; readonly points: readonly TradeOff[] },
  canvas: Canvas,
): string {
  const { width, palette, unit } = canvas;
  const percent = (share: number): string => `${Math.round(share * 100)}%`;
  const keys = kinds.flatMap((name, kind) =>
    points.some((point) => point.kind === kind) ? [{ name, kind }] : [],
  );
  const rowHeight = 20;
  let [keyX, row] = [10, 0];
  const legend = keys.map(({ name, kind }) => {
    const needed = 30 + textWidth(name);
    if (keyX > 10 && keyX + needed > width) {
      [keyX, row] = [10, row + 1];
    }
    const y = row * rowHeight + 12;
    const drawn =
      mark(kind, keyX, y - 4, seriesColor(palette, kind)) +
      text(name, { x: keyX + 12, y, fill: palette.text });
    keyX += needed;
    return drawn;
  });
  const height = Math.round(width >= 640 ? 420 : 360);
  const top = (row + 1) * rowHeight + 22;
  const bottom = height - 44;
  const y = scaleOver(
    points.flatMap(({ memory }) => [memory.minimum, memory.maximum]),
    [bottom, top],
    44,
  );
  const left = 12 + Math.max(...y.ticks.map((tick) => textWidth(tickText(tick, canvas))));
  const right = width - 20;
  const times = points.flatMap(({ time }) => [time.minimum, time.maximum]);
  const [fastest, slowest] = [Math.min(...times), Math.max(...times)];
  // Room for labels to the left of the fastest.
  const x = scaleOver([Math.max(0, fastest - (slowest - fastest) / 12), ...times], [left, right], 70);
  const muted = palette.muted;
  const grid = [
    ...y.ticks.map(
      (tick) =>
        element('line', { x1: left, x2: right, y1: y(tick), y2: y(tick), stroke: palette.grid }) +
        text(tickText(tick, canvas), { x: left - 6, y: y(tick) + 4, anchor: 'end', fill: muted }),
    ),
    ...x.ticks.map(
      (tick) =>
        element('line', { x1: x(tick), x2: x(tick), y1: top, y2: bottom, stroke: palette.grid }) +
        text(percent(tick), { x: x(tick), y: bottom + 17, anchor: 'middle', fill: muted }),
    ),
    text(`peak in ${unit}`, { x: 4, y: top - 10, fill: muted }),
    text('time of an iteration, relative to MLX by itself', {
      x: (left + right) / 2,
      y: height - 6,
      anchor: 'middle',
      fill: muted,
    }),
  ];
  const placed = points.map((point) => ({ ...point, x: x(point.time.median), y: y(point.memory.median) }));
  const front = placed.filter(({ onFront }) => onFront).toSorted((a, b) => a.x - b.x);
  const line = element('polyline', {
    points: front.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(' '),
    fill: 'none',
    stroke: palette.text,
    'stroke-width': 1.5,
    'stroke-dasharray': '5 4',
  });
  const labels = placeLabels(placed, { left, right, top, bottom });
  const spreads = placed.map(({ kind, memory, time, ...at }) => {
    const bar = { stroke: seriesColor(palette, kind), 'stroke-width': 1.5, opacity: 0.55 };
    return (
      element('line', { x1: x(time.minimum), x2: x(time.maximum), y1: at.y, y2: at.y, ...bar }) +
      element('line', { x1: at.x, x2: at.x, y1: y(memory.minimum), y2: y(memory.maximum), ...bar })
    );
  });
  const marks = placed.map(({ label, kind, memory, time, ...at }) =>
    element(
      'g',
      {},
      mark(kind, at.x, at.y, seriesColor(palette, kind)) +
        element(
          'title',
          {},
          escapeMarkup(`${label}: ${amountText(memory.median, canvas)}, ${percent(time.median)}`),
        ),
    ),
  );
  const names = placed.map(({ label, isBest }, index) =>
    text(label, {
      ...(labels[index] ?? { x: 0, y: 0 }),
      fill: palette.text,
      rim: palette.background,
      weight: isBest ? 'bold' : undefined,
    }),
  );
  const description = points
    .map(
      ({ label, memory, time }) =>
        `${label}: ${amountText(memory.median, canvas)} at ${percent(time.median)} of the time`,
    )
    .join('. ');
  return drawing(
    { width, height, title: `${title}, in ${unit}`, description },
    [...legend, ...grid, ...spreads, line, ...marks, ...names].join(''),
  );
}
