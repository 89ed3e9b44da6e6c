/** The charts stay within their frame, for values and names of any size, and say in words what they draw. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { exampleSample } from '../../../test/example-documents.ts';
import type { IterationSample } from '../../protocol/profile-document.ts';
import { stackedBars, waterfall } from './bars.ts';
import type { WaterfallStep } from './bars.ts';
import { iterationChart, iterationSeries } from './iteration-chart.ts';
import { lightPalette } from './palette.ts';
import type { Canvas } from './palette.ts';
import { fitted } from './svg.ts';
import { tradeOffChart } from './trade-off-chart.ts';

const canvas = (width: number): Canvas => ({ width, palette: lightPalette, unit: 'MB' });
const common = { title: 'Memory', axis: 'memory' };

/** Every rectangle lies in the frame, and no coordinate is anything but a number. */
function assertInFrame(svg: string, width: number): void {
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  const height = Number(/ height="([\d.]+)"/.exec(svg)?.[1]);
  for (const [, x, y, w, h] of svg.matchAll(
    /<rect x="([-\d.]+)" y="([-\d.]+)" width="([-\d.]+)" height="([-\d.]+)"/g,
  )) {
    assert.ok(Number(x) >= -1 && Number(x) + Number(w) <= width + 1, `x ${x ?? ''}, width ${w ?? ''}`);
    assert.ok(Number(y) >= -1 && Number(y) + Number(h) <= height + 1, `y ${y ?? ''}, height ${h ?? ''}`);
  }
}

const widths = [340, 880];
const value = fc.integer({ min: -2_000_000_000, max: 2_000_000_000 });

describe('a waterfall', () => {
  const step = fc.record({
    label: fc.string(),
    value,
    kind: fc.constantFrom<WaterfallStep['kind'][]>('part', 'total', 'aside'),
  });

  test('stays in its frame', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
        for (const width of widths) {
          assertInFrame(waterfall({ ...common, steps }, canvas(width)), width);
        }
      }),
    );
  });

  test('begins each part where the one before ended, and a total at zero', () => {
    const svg = waterfall(
      {
        ...common,
        steps: [
          { label: 'a', value: 6e8, kind: 'part' },
          { label: 'b', value: -2e8, kind: 'part' },
          { label: 'c', value: 1e8, kind: 'part' },
          { label: 'sum', value: 5e8, kind: 'total' },
        ],
      },
      canvas(880),
    );
    const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(([, x, w]) => ({
      from: Number(x),
      to: Number(x) + Number(w),
    }));
    const [a, b, c, sum] = bars;
    assert.ok(a && b && c && sum);
    const near = (left: number, right: number): void => assert.ok(Math.abs(left - right) < 0.05);
    near(b.to, a.to);
    near(c.from, b.from);
    near(sum.from, a.from);
    near(sum.to, c.to);
    assert.match(svg, /<desc>a: 600\.0 MB, b: -200\.0 MB, c: 100\.0 MB, sum: 500\.0 MB<\/desc>/);
  });
});

test('stacked bars stay in their frame, with parts of nothing and below nothing', () => {
  const bar = fc.record({
    label: fc.string({ maxLength: 200 }),
    parts: fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c'), value }), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(bar, { minLength: 1, maxLength: 6 }), (bars) => {
      for (const width of widths) {
        assertInFrame(stackedBars({ ...common, bars }, canvas(width)), width);
      }
    }),
  );
});

test('a part below nothing is an outline that the total is without', () => {
  const parts = [
    { name: 'a', value: 600e6 },
    { name: 'b', value: -200e6 },
  ];
  const svg = stackedBars({ ...common, bars: [{ label: 'one', parts }] }, canvas(880));
  const [filled, outline] = [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)]
    .slice(-2)
    .map(([, x, width]) => ({ from: Number(x), width: Number(width) }));
  assert.ok(filled !== undefined && outline !== undefined);
  assert.ok(Math.abs(outline.from + outline.width - filled.from - filled.width) < 0.05);
  assert.ok(Math.abs(outline.width / filled.width - 1 / 3) < 0.01);
  assert.match(svg, />400\.0 MB</);
});

describe('lines over the iterations', () => {
  const samplesOf = (values: readonly number[]): IterationSample[] =>
    values.map((each, index) => exampleSample(index, { activeBytes: each, peakBytes: each }));
  const drawn = (values: readonly number[]): string =>
    iterationChart('bf16', iterationSeries(samplesOf(values), [], 240), canvas(340));

  test('are drawn for one value, for none, and below zero', () => {
    for (const values of [[5e8], [], [0, 0, 0], [-1e6, 1e6]]) {
      assertInFrame(drawn(values), 340);
    }
  });

  test('of many values have no mark for each, and are read out by their ends', () => {
    const svg = drawn(Array.from({ length: 200 }, (_, index) => index * 1e6));
    assert.doesNotMatch(svg, /<circle/);
    assert.match(svg, /<desc>peak: 0, 0, 199, 199\. active: 0, 0, 199, 199<\/desc>/);
  });

  test('differ by their dashes and not by color alone', () => {
    assert.equal(drawn([1e6, 2e6]).match(/<path[^>]*stroke-dasharray/g)?.length, 1);
  });

  test('a long run is drawn as fewer points, of which none hides the highest peak', () => {
    const samples = Array.from({ length: 1000 }, (_, index) =>
      exampleSample(index, { warmup: index < 4, peakBytes: index === 777 ? 9e8 : 6e8 }),
    );
    const { peak, active, labels, warmup } = iterationSeries(samples, [], 160);
    assert.ok(peak.length <= 160);
    assert.deepEqual([active.length, labels.length], [peak.length, peak.length]);
    assert.equal(Math.max(...peak), 9e8);
    assert.equal(warmup, 0);
  });

  test('a confirmation run begins where it began', () => {
    const samples = [0, 1, 2, 3].map((index) => exampleSample(index, { warmup: index === 0 }));
    const { confirmationAt, warmup, labels } = iterationSeries(
      samples,
      [4, 5].map((index) => exampleSample(index)),
      160,
    );
    assert.deepEqual([confirmationAt, warmup, labels], [4, 1, ['w1', '1', '2', '3', '4', '5']]);
  });
});

test('memory against time stays in its frame, with points and their labels for any values', () => {
  const range = (values: fc.Arbitrary<number>) =>
    fc
      .tuple(values, values, values)
      .map((each) => each.toSorted((a, b) => a - b))
      .map(([minimum = 0, median = 0, maximum = 0]) => ({ minimum, median, maximum }));
  const point = fc.record({
    label: fc.string({ maxLength: 20 }),
    kind: fc.nat(6),
    memory: range(fc.nat(2_000_000_000)),
    time: range(fc.double({ min: 0.01, max: 20, noNaN: true })),
    onFront: fc.boolean(),
    isBest: fc.boolean(),
  });
  const kinds = ['MLX by itself', 'width', 'limit', 'operations', 'several', 'more', 'most'];
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 16 }), (points) => {
      for (const width of widths) {
        const svg = tradeOffChart({ title: 'Peak', kinds, points }, canvas(width));
        assertInFrame(svg, width);
        for (const [, x, y] of svg.matchAll(/<circle cx="([-\d.]+)" cy="([-\d.]+)"/g)) {
          assert.ok(Number(x) >= 0 && Number(x) <= width && Number(y) >= 0, `${x ?? ''} ${y ?? ''}`);
        }
      }
    }),
  );
});

test('a name too long for its room loses its middle', () => {
  assert.equal(fitted('short', 200), 'short');
  const cut = fitted('mlx-community/Kokoro-82M-a-very-long-name-4bit', 160);
  assert.match(cut, /^mlx-comm.*….*4bit$/);
  assert.ok(cut.length <= 160 / 7.2);
});

test('a kept cache is a third line, and new lengths are marked; a cleared one is neither', () => {
  const samples = [0, 1, 2, 3].map((index) =>
    exampleSample(index, { cacheBytes: 1e9 * (index + 1), newShapes: index < 3 ? 1 : 0 }),
  );
  const kept = iterationSeries(samples, [], 160, { keepCache: true });
  assert.deepEqual(
    [kept.cache, kept.fresh],
    [
      [1e9, 2e9, 3e9, 4e9],
      [0, 1, 2],
    ],
  );
  const svg = iterationChart('bf16', kept, canvas(420));
  assert.match(svg, /<title>Active memory, peak memory, and cache of bf16 by iteration/);
  assert.match(svg, /cache: 1,000, 2,000, 3,000, 4,000\. new lengths: w1, 1, 2<\/desc>/);
  assert.match(svg, /iteration \(hollow: warm-up; ▲: new length\)/);
  const cleared = iterationChart('bf16', iterationSeries(samples, [], 160), canvas(420));
  assert.doesNotMatch(cleared, /cache|▲/);
});
