/** The picture of a trace: within its frame at any width, with the peak in it and in words, and two traces on one scale. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleTrace } from '../../../test/example-trace.ts';
import { pictureOf } from './picture.ts';
import { darkPalette, lightPalette } from '../../format/charts/palette.ts';
import { stepArea, traceChart } from '../../format/charts/trace-chart.ts';

const pictures = [
  pictureOf('bf16', exampleTrace({ operations: 22_000 }), 880),
  pictureOf('4bit-fp32', exampleTrace({ weightBytes: 282_700_000, denseCopies: 12, seed: 2 }), 880),
];

const commandsOf = (svg: string): string[] => [...svg.matchAll(/<path d="([^"]*)"/g)].map(([, d = '']) => d);

for (const width of [340, 420, 880]) {
  test(`stays in its frame at a width of ${width}`, () => {
    for (const shown of [
      pictures,
      pictures.slice(0, 1),
      [pictureOf('none', exampleTrace({ operations: 0 }), 100)],
    ]) {
      const svg = traceChart('Memory', shown, { width, palette: lightPalette, unit: 'MB' });
      assert.ok(!/NaN|Infinity|undefined/.test(svg));
      const height = Number(/ height="([\d.]+)"/.exec(svg)?.[1]);
      for (const commands of commandsOf(svg)) {
        for (const [, letter = '', number] of commands.matchAll(/([MHVL])(-?[\d.]+)/g)) {
          const most = letter === 'V' ? height : width;
          assert.ok(Number(number) >= 0 && Number(number) <= most, `${letter}${number ?? ''}`);
        }
      }
    }
  });
}

test('says the peak in words: operation, layer, shape, bytes, and what was alive', () => {
  const svg = traceChart('Memory', pictures, { width: 880, palette: darkPalette, unit: 'MB' });
  const description = /<desc>(.*?)<\/desc>/.exec(svg)?.[1] ?? '';
  for (const { peak, model } of pictures) {
    assert.ok(peak);
    const figure = (peak.peakBytes / 1e6).toFixed(1);
    assert.ok(svg.includes(`>peak ${figure} MB<`));
    assert.match(
      svg,
      new RegExp(`<desc>.*${model}, MLX’s order: peak ${figure} MB, at operation [\\d,]+ of `),
    );
    assert.ok(svg.includes(`${peak.name} of ${peak.layer}`));
  }
  assert.match(description, /made from weights 48\.0 MB/);
});

test('draws two traces on one scale of bytes and of operations', () => {
  const both = traceChart('Memory', pictures, { width: 880, palette: lightPalette, unit: 'MB' });
  const [long, short] = pictures;
  assert.ok(long && short);
  // The areas of the short one end where the tenth of the long one's operations do.
  const ends = commandsOf(both)
    .map((commands) => Number(/H([\d.]+)V[\d.]+Z$/.exec(commands)?.[1]))
    .filter((end) => Number.isFinite(end));
  const left = Number(/^M([\d.]+)/.exec(commandsOf(both)[0] ?? '')?.[1]);
  const [most, least] = [Math.max(...ends), Math.min(...ends)];
  assert.ok(Math.abs((least - left) / (most - left) - short.operations / long.operations) < 0.002);
  const ticks = [
    ...both.matchAll(/<text x="[\d.]+" y="[\d.]+" fill="#57606a"[^>]*text-anchor="end">(\d+)</g),
  ].map(([, label]) => label);
  assert.ok(ticks.length > 4);
  assert.deepEqual(ticks.slice(0, ticks.length / 2), ticks.slice(ticks.length / 2));
});

test('names only what there is, each with a color of its own', () => {
  const [plain] = pictures;
  assert.ok(plain);
  const svg = traceChart('Memory', [plain], { width: 880, palette: lightPalette, unit: 'MB' });
  assert.ok(!svg.includes('>made from weights<'));
  const fills = [...svg.matchAll(/<rect [^>]*fill="(#\w+)"/g)].map(([, fill]) => fill);
  assert.equal(new Set(fills).size, fills.length);
});

test('an area joins equal neighbors, and leaves out what has no height', () => {
  assert.equal(stepArea([1, 1, 2, 2], 10, 5, 100), 'M10 100V99H20V98H30V100Z');
  assert.equal(stepArea([undefined, 3, undefined, 4], 0, 1, 10), 'M1 10V7H2V10ZM3 10V6H4V10Z');
  assert.equal(stepArea([], 0, 1, 10), '');
});
