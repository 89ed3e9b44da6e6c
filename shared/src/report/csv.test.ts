/** The table of iterations, read back by a parser that follows the RFC and nothing else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exampleWatch } from '../../test/example-watch.ts';
import { exampleProfile } from '../../test/example-documents.ts';
import { iterationsCsv } from './csv.ts';
import { exampleEngineStudy, exampleRuns, exampleStudy, fullProfile } from '../../test/example-reports.ts';
import { studiesOf } from '../protocol/study-document.ts';

/** RFC 4180, section 2. */
function parse(csv: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < csv.length) {
    let field = '';
    if (csv[at] === '"') {
      at += 1;
      for (; csv[at] !== '"' || csv[at + 1] === '"'; at += 1) {
        if (csv[at] === '"') {
          at += 1;
        }
        field += csv[at] ?? assert.fail('an open quote');
      }
      at += 1;
    } else {
      while (at < csv.length && csv[at] !== ',' && csv[at] !== '\r') {
        field += csv[at] ?? '';
        at += 1;
      }
    }
    row.push(field);
    if (csv[at] === ',') {
      at += 1;
    } else {
      assert.equal(csv.slice(at, at + 2), '\r\n');
      at += 2;
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

test('a profile has one row an iteration below a header with units', () => {
  const document = fullProfile();
  const [header, ...rows] = parse(iterationsCsv(document));
  assert.ok(header);
  assert.deepEqual(header.slice(0, 4), ['model', 'phase', 'index', 'text_index']);
  assert.ok(header.slice(4).every((name) => /_(bytes|seconds|count)$/.test(name)));
  assert.deepEqual(
    rows.map(([, phase]) => phase),
    [
      'warm-up',
      ...Array.from({ length: 14 }, () => 'measured'),
      ...Array.from({ length: 28 }, () => 'confirmation'),
    ],
  );
  assert.ok(rows.every((row) => row.length === header.length));
  const column = (name: string, row: number): number => Number(rows[row]?.[header.indexOf(name)]);
  const sample = document.iterations[3];
  assert.equal(column('peak_bytes', 3), sample?.peakBytes);
  assert.equal(column('transient_bytes', 3), column('peak_bytes', 3) - column('active_before_bytes', 3));
  assert.equal(column('time_seconds', 3), sample?.seconds);
});

test('what older documents do not say is left empty, and what newer ones say is there', () => {
  const changes = { textIndex: 7, tokens: 21, newShapes: 1, cacheBeforeBytes: 5 };
  const rows = parse(iterationsCsv(exampleProfile({ measured: [{}, changes] })));
  const [header = [], , older = [], newer = []] = rows;
  const of = (row: readonly string[]): (string | undefined)[] =>
    ['text_index', 'tokens_count', 'new_shapes_count', 'cache_before_bytes'].map(
      (name) => row[header.indexOf(name)],
    );
  assert.deepEqual(of(older), ['', '', '', '']);
  assert.deepEqual(of(newer), ['7', '21', '1', '5']);
});

test('a study has the rows of all its runs', () => {
  const rows = parse(iterationsCsv(exampleStudy())).filter(([, phase]) => phase !== 'intervention');
  assert.equal(rows.length, 1 + exampleRuns().reduce((sum, { iterations }) => sum + iterations.length, 0));
  assert.deepEqual(new Set(rows.slice(1).map(([model]) => model)).size, 5);
});

test('a study by several engines has the rows of each, and a last column that names it', () => {
  const document = exampleEngineStudy();
  const [header, ...rows] = parse(iterationsCsv(document));
  assert.equal(header?.at(-1), 'engine');
  const [only] = parse(iterationsCsv(exampleStudy()));
  assert.ok(!only?.includes('engine'));
  for (const [place, study] of studiesOf(document).entries()) {
    const own = rows.filter((row) => row.at(-1) === ['tidemark', 'mlx-audio'][place]);
    const [, ...alone] = parse(iterationsCsv({ ...study }));
    assert.deepEqual(
      own.map((row) => row.slice(0, -1)),
      alone,
    );
  }
});

test('a study has a row for each iteration of each intervention, under the name of its arm', () => {
  const study = exampleStudy();
  const [header = [], ...rows] = parse(iterationsCsv(study));
  const arms = rows.filter(([, phase]) => phase === 'intervention');
  const measured = (study.answer?.evidence.arms ?? []).filter(
    ({ intervention }) => intervention !== 'as-given',
  );
  assert.equal(
    arms.length,
    measured.reduce((sum, { peakBytes }) => sum + peakBytes.length, 0),
  );
  assert.ok(arms.every((row) => row.length === header.length));
  const [first] = measured;
  const [row] = arms;
  assert.equal(row?.[0], `${first?.model} (${first?.intervention})`);
  assert.equal(row[header.indexOf('peak_bytes')], String(first?.peakBytes[0]));
  assert.equal(row[header.indexOf('footprint_bytes')], '');
});

test('iterations that were added to a model as given have rows of their own, its run’s are not there twice', () => {
  const study = exampleStudy();
  const { answer } = study;
  assert.ok(answer);
  const [given] = answer.evidence.arms;
  assert.ok(given);
  const arms = [
    given,
    { ...given, peakBytes: [1, 2], queue: 'drained' as const },
    { ...given, peakBytes: [3] },
  ];
  const evidence = { ...answer.evidence, arms };
  const rows = parse(iterationsCsv({ ...study, answer: { ...answer, evidence } }));
  assert.deepEqual(
    rows.filter(([, phase]) => phase === 'intervention').map(([name, , index]) => [name, index]),
    [
      ['bf16 (queue drained)', '0'],
      ['bf16 (queue drained)', '1'],
      ['bf16', '0'],
    ],
  );
});

test('a run without iterations is a header', () => {
  assert.equal(parse(iterationsCsv({ ...exampleProfile(), iterations: [] })).length, 1);
});

test('any name of a model comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'é', ' ') }),
      (name) => {
        const rows = parse(iterationsCsv(exampleProfile({ name, measured: [{}] })));
        assert.equal(rows.length, 3);
        assert.equal(rows[1]?.[0], name);
      },
    ),
  );
});

test('a watched program has its own columns, and empty cells for what its Python cannot tell', () => {
  const document = exampleWatch({ length: 2 });
  const [first, ...rest] = document.iterations;
  assert.ok(first !== undefined);
  const { activeBeforeBytes: before, ...bare } = first;
  assert.equal(before, 160_000_000);
  const lines = iterationsCsv({ ...document, iterations: [bare, ...rest] }).split('\r\n');
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? '', /^program,phase,index,active_before_bytes,active_bytes,.*live_arrays_count/);
  assert.match(lines[1] ?? '', /^memory_profiler\.py,warm-up,0,,160000000,500000000,/);
  assert.match(lines[2] ?? '', /^memory_profiler\.py,measured,1,160000000,160000000,/);
});
