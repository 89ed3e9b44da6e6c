/** The part of the page about a trace: its picture twice, and what it says of the trace. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { exampleTrace } from '../../test/example-trace.ts';
import { exampleAttribution, fullProfile } from '../../test/example-reports.ts';
import type { OperationTrace } from '../protocol/trace-document.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import { renderReport } from './report.ts';

function traced(traces: readonly OperationTrace[], name = 'bf16'): ProfileDocument {
  const profile = fullProfile();
  return {
    ...profile,
    model: { ...profile.model, name },
    attribution: { ...exampleAttribution(), traces: [...traces] },
  };
}

const sectionOf = (page: string): string =>
  /<h2>Operation by operation<\/h2>.*?<\/section>/s.exec(page)?.[0] ?? '';

test('a run without a trace has no such section', () => {
  assert.equal(sectionOf(renderReport(fullProfile())), '');
  assert.equal(sectionOf(renderReport(traced([]))), '');
});

test('a trace has its picture, for a desk and for a phone, and how it compares to the work without one', () => {
  const section = sectionOf(renderReport(traced([exampleTrace({ operations: 22_000 })])));
  assert.equal(section.match(/<svg/g)?.length, 4);
  assert.match(
    section,
    /bf16 in MLX’s order peaks at 356\.2 MB while traced, and at 356\.9 MB without a trace \(-0\.7 MB, -0\.2%\)/,
  );
  assert.match(section, /The audio is the same, bit for bit\./);
});

test('audio that differs is said', () => {
  assert.match(
    sectionOf(renderReport(traced([{ ...exampleTrace(), sameAudio: false }]))),
    /The audio is not the same: do not rely on this trace\./,
  );
});

test('two orders of a model, and another run’s trace, are in one picture', () => {
  const both = [exampleTrace(), exampleTrace({ order: 'depth-first', seed: 4 })];
  const section = sectionOf(renderReport(traced(both), [traced([exampleTrace({ seed: 5 })], '4bit-fp32')]));
  assert.equal(section.match(/<svg/g)?.length, 4);
  for (const heading of [
    'bf16, MLX’s order: peak',
    'bf16, depth-first order: peak',
    '4bit-fp32, MLX’s order: peak',
  ]) {
    assert.equal(section.split(`font-weight="bold">${heading}`).length, 3, heading);
  }
});

/** The page's scripts, and its text without them. */
function scriptsOf(page: string): { data: string; code: string; rest: string } {
  const scripts = [...page.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)];
  assert.deepEqual(
    scripts.map(([, attributes]) => attributes),
    [' type="application/json" id="traces"', ''],
  );
  const [data = '', code = ''] = scripts.map(([, , content]) => content);
  return { data, code, rest: page.replaceAll(/<script[^>]*>.*?<\/script>/gs, '') };
}

describe('the script of a page with a trace', () => {
  const page = renderReport(traced([exampleTrace()]));

  test('is the one that the page’s policy names, and nothing else runs or is loaded', () => {
    const { code, rest } = scriptsOf(page);
    const digest = createHash('sha256').update(code).digest('base64');
    assert.ok(
      page.includes(`content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${digest}'"`),
    );
    assert.doesNotMatch(
      rest,
      /<script|<link|<img|<iframe|<object|<base|\bsrc=|\bhref=|url\(|@import|\son\w+=/i,
    );
    assert.doesNotMatch(
      code,
      /https?:\/\/(?!www\.w3\.org\/2000\/svg)|\bfetch\(|XMLHttp|import\(|innerHTML|\beval\(/,
    );
  });

  test('is the same for every trace, and has the trace as data', () => {
    const other = scriptsOf(renderReport(traced([exampleTrace({ seed: 9 })], '4bit-fp32')));
    assert.equal(other.code, scriptsOf(page).code);
    const data = JSON.parse(scriptsOf(page).data) as { traces: { trace: OperationTrace }[] };
    assert.deepEqual(data.traces[0]?.trace, JSON.parse(JSON.stringify(exampleTrace())));
  });

  test('is not ended by a name in its data', () => {
    const evil = '</script><script>alert(1)</script><!--';
    const trace = exampleTrace();
    const names = { ...trace.names, layers: trace.names.layers.map((layer) => layer + evil), stages: [evil] };
    const hostile = renderReport(traced([{ ...trace, names }], evil));
    const { data, rest } = scriptsOf(hostile);
    assert.ok(!data.includes('<'));
    assert.ok(data.includes('\\u003c/script>'));
    assert.doesNotMatch(rest, /<script|alert\(1\)<\/script/);
  });

  test('leaves the pictures in the page for those who print it or run no script', () => {
    assert.match(page, /<figure>.*<svg.*<\/figure><div class="explorer" hidden=""><\/div>/s);
  });
});

describe('what is alive at the peak', () => {
  const trace = exampleTrace({ denseCopies: 12, operations: 22_000 });
  const section = sectionOf(renderReport(traced([trace])));
  /** The bytes of a table's rows, by what stands first in each. */
  const rowsOf = (title: string): ReadonlyMap<string, number> => {
    const found = section
      .split('<table>')
      .find((table) => table.startsWith(`<thead><tr><th scope="col">${title}<`));
    const rows = [...(found ?? '').matchAll(/<tr><th scope="row">(.*?)<\/th>.*?([\d,.]+) MB<.*?<\/tr>/gs)];
    return new Map(rows.map(([, name = '', figure = '']) => [name, Number(figure.replaceAll(',', ''))]));
  };
  const sum = (title: string): number => [...rowsOf(title).values()].reduce((total, each) => total + each, 0);

  test('adds up to the peak by kind, and to all arrays by dtype', () => {
    const peak = trace.peakBytes / 1e6;
    assert.ok(Math.abs(sum('kind') - peak) < 0.3, `${sum('kind')} of ${peak}`);
    const beside = (rowsOf('kind').get('temporaries') ?? 0) + (rowsOf('kind').get('other') ?? 0);
    assert.ok(Math.abs(sum('dtype') + beside - peak) < 0.3);
    assert.equal(rowsOf('kind').get('weights'), 163.5);
    assert.equal(rowsOf('kind').get('made from weights'), 48);
  });

  test('says of dense copies whether there are, and names them', () => {
    assert.match(section, /Dense copies of quantized weights are alive at the peak, \d+\.\d MB together: /);
    assert.match(
      sectionOf(renderReport(traced([exampleTrace()]))),
      /No dense copy of a quantized weight is alive at the peak, nor at any other time\./,
    );
  });

  test('has each array with its layer, shape, dtype, and where it was made and last read', () => {
    assert.match(section, /data-label="shape and dtype">\[[\d, ×]*\] bfloat16</);
    assert.match(section, /<summary>All [\d,]+ arrays<\/summary>|<summary>The 300 largest of/);
    assert.match(section, /The peak of [\d.]+ MB is during operation [\d,]+, \w+ of generator\./);
  });

  test('of two traces stands in one picture of kinds, with tables for each', () => {
    const both = sectionOf(renderReport(traced([trace, exampleTrace({ order: 'depth-first' })])));
    assert.match(both, /<h3>bf16, MLX’s order<\/h3>.*<h3>bf16, depth-first order<\/h3>/s);
    assert.equal(both.split('<title>What is alive at the peak, by kind, in MB</title>').length, 3);
  });
});
