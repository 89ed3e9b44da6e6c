/** The table of iterations, read back by a parser that follows the RFC and nothing else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exampleProfile } from '../../test/example-documents.ts';
import { iterationsCsv } from './csv.ts';
import { exampleRuns, exampleStudy, fullProfile } from '../../test/example-reports.ts';

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
  const rows = parse(iterationsCsv(exampleStudy()));
  assert.equal(rows.length, 1 + exampleRuns().reduce((sum, { iterations }) => sum + iterations.length, 0));
  assert.deepEqual(new Set(rows.slice(1).map(([model]) => model)).size, 5);
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
