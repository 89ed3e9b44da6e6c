/** What is kept of a run beside its record: its document, compressed, and which points of a long series of samples stay. */

import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProfileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { exampleAttribution, exampleStudy, fullProfile } from '@tidemark/shared/test/example-reports.ts';
import { exampleTrace } from '@tidemark/shared/test/example-trace.ts';
import { exampleRun, finishedRun, withHistory } from '../../test/example-histories.ts';
import type { History } from './history.ts';
import { thinnedPlaces } from './run-contents.ts';

/** What another program that reads the file sees. */
function rowsIn(history: History, sql: string): unknown[] {
  using connection = new DatabaseSync(history.path, { readOnly: true });
  return connection
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));
}

test('all that is kept of a run goes with it', () => {
  withHistory((history) => {
    const document = exampleProfile();
    const { id } = finishedRun(history, { document });
    assert.deepEqual(history.runs.detail(id).document, document);
    history.runs.remove(id);
    for (const table of ['samples', 'run_documents', 'run_models', 'run_requests', 'run_heads']) {
      assert.deepEqual(rowsIn(history, `SELECT count(*) AS count FROM ${table}`), [{ count: 0 }], table);
    }
  });
});

test('a document of megabytes is kept in a small part of them', () => {
  withHistory((history) => {
    const measured = Array.from({ length: 5000 }, (_, index) => ({
      seconds: 2 + Math.sin(index) / 10,
      footprintBytes: 330_000_000 + ((index * 7919) % 100_000),
    }));
    const document = exampleProfile({ measured });
    const { id } = history.runs.add(exampleRun({ iterations: 5000 }));
    history.runs.finish(id, { state: 'complete', document });
    const [row] = rowsIn(history, 'SELECT json_bytes, length(content) AS kept FROM run_documents') as [
      { json_bytes: number; kept: number },
    ];
    assert.equal(row.json_bytes, Buffer.byteLength(JSON.stringify(document)));
    assert.ok(row.json_bytes > 1_500_000 && row.kept < row.json_bytes / 5, JSON.stringify(row));
    assert.deepEqual(history.runs.detail(id, { samples: 0 }).document, document);
  });
});

test('whoever shows a run gets pictures of its traces instead of them, and a study has one for each', () => {
  withHistory((history) => {
    const traced = (name: string): ProfileDocument => {
      const profile = fullProfile();
      const traces = [exampleTrace({ operations: 22_000 })];
      return {
        ...profile,
        model: { ...profile.model, name },
        attribution: { ...exampleAttribution(), traces },
      };
    };
    const document = traced('bf16');
    const { id } = finishedRun(history, { document });
    assert.deepEqual(history.runs.detail(id).document, document);
    assert.equal(history.runs.detail(id).pictures, undefined);
    const shown = history.runs.detail(id, { traceColumns: 400 });
    assert.deepEqual(shown.document, { ...document, attribution: exampleAttribution() });
    assert.deepEqual(
      shown.pictures?.map(({ model, columns, peak }) => [
        model,
        columns.startSeconds.length,
        peak?.peakBytes,
      ]),
      [['bf16', 400, document.attribution?.traces?.[0]?.peakBytes]],
    );
    assert.ok(JSON.stringify(shown.pictures).length < 60_000, `${JSON.stringify(shown.pictures).length}`);
    assert.deepEqual(history.runs.detail(id, { traceColumns: 0 }).pictures, []);
    const study = exampleStudy({ runs: [traced('bf16'), exampleProfile(), traced('4bit-fp32')] });
    const { id: studyId } = history.runs.add(exampleRun({ kind: 'study' }));
    history.runs.finish(studyId, { state: 'complete', document: study });
    const { document: without, pictures } = history.runs.detail(studyId, { traceColumns: 100 });
    assert.deepEqual(
      pictures?.map(({ model }) => model),
      ['bf16', '4bit-fp32'],
    );
    assert.doesNotMatch(JSON.stringify(without), /"traces"/);
  });
});

const series = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 300 });

test('a series that is short enough stays whole', () => {
  assert.deepEqual(thinnedPlaces([5, 3, 4], 3), [0, 1, 2]);
  assert.deepEqual(thinnedPlaces([], 0), []);
});

test('no more places than were asked for, each once and in order', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 0, max: 320 }), (values, limit) => {
      const places = thinnedPlaces(values, limit);
      assert.ok(places.length <= limit);
      assert.ok(places.every((place, at) => at === 0 || place > (places[at - 1] ?? Infinity)));
      assert.ok(places.every((place) => place >= 0 && place < values.length));
    }),
  );
});

test('the first and the last stay, with the extremes of all', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 4, max: 320 }), (values, limit) => {
      fc.pre(values.length > 0);
      const places = thinnedPlaces(values, limit);
      assert.equal(places[0], 0);
      assert.equal(places.at(-1), values.length - 1);
      const kept = places.map((place) => values[place] ?? Number.NaN);
      assert.equal(Math.max(...kept), Math.max(...values));
      assert.equal(Math.min(...kept), Math.min(...values));
    }),
  );
});

test('a single peak among thousands stays', () => {
  const values = Array.from({ length: 10_000 }, (_, index) => (index === 6_789 ? 2 : 1));
  for (const limit of [3, 4, 10, 200]) {
    assert.ok(thinnedPlaces(values, limit).includes(6_789), `of ${limit} places`);
  }
});

test('one place is the last, two are both ends', () => {
  assert.deepEqual(thinnedPlaces([1, 9, 2], 1), [2]);
  assert.deepEqual(thinnedPlaces([1, 9, 2], 2), [0, 2]);
  assert.deepEqual(thinnedPlaces([1, 9, 2], 0), []);
});
