/** Documents as they are kept, and what of them stands in tables. */

import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { judgeRun } from '@tidemark/shared/analysis/leak-run.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import type { ProfileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import type { StudyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { exampleRun, finishedRun, withHistory } from '../../test/example-histories.ts';
import type { History } from './history.ts';

/** What another program that reads the file sees. */
function rowsIn(history: History, sql: string): unknown[] {
  using connection = new DatabaseSync(history.path, { readOnly: true });
  return connection
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));
}

function attributed(): ProfileDocument {
  const profile = exampleProfile();
  const part = (name: string, peakBytes: number) => ({
    name,
    activeBeforeBytes: 160_500_000,
    activeAfterBytes: 161_000_000,
    peakBytes,
    transientBytes: peakBytes - 160_500_000,
    outputs: [],
    seconds: 0.5,
  });
  return {
    ...profile,
    leaks: judgeRun({ iterations: profile.iterations, iterationsAsked: 5 }),
    attribution: {
      granularity: 'stages',
      parts: [part('bert', 180_000_000), part('generator', 600_000_000)],
      instrumentedPeakBytes: 600_000_000,
      plainPeakBytes: 600_000_000,
      aliveAtPeak: {
        part: 'generator',
        weightBytesByDtype: { bfloat16: 160_000_000 },
        valueBytesByDtype: {},
        temporaryBytes: 440_000_000,
      },
    },
  };
}

test('stages and verdicts can be asked for in SQL, and go with their run', () => {
  withHistory((history) => {
    const document = attributed();
    const { id } = finishedRun(history, { document });
    assert.deepEqual(
      rowsIn(history, 'SELECT model, name, peak_bytes, transient_bytes FROM stages ORDER BY place'),
      [
        { model: 'bf16', name: 'bert', peak_bytes: 180_000_000, transient_bytes: 19_500_000 },
        { model: 'bf16', name: 'generator', peak_bytes: 600_000_000, transient_bytes: 439_500_000 },
      ],
    );
    const verdicts = rowsIn(
      history,
      `SELECT subject, status FROM verdicts WHERE kind = 'leak' ORDER BY subject`,
    );
    assert.equal(verdicts.length, 6);
    assert.deepEqual(verdicts[0], { subject: 'activeBytes', status: 'inconclusive' });
    assert.deepEqual(history.detail(id).document, document);
    history.deleteRun(id);
    for (const table of [
      'stages',
      'verdicts',
      'samples',
      'run_documents',
      'run_models',
      'run_requests',
      'run_heads',
    ]) {
      assert.deepEqual(rowsIn(history, `SELECT count(*) AS count FROM ${table}`), [{ count: 0 }], table);
    }
  });
});

test('a study has the verdicts of each model, a model that comes twice too', () => {
  withHistory((history) => {
    const cause = {
      hypothesis: 'float32-rest' as const,
      statement: 'The rest is float32.',
      status: 'supported' as const,
      prediction: 'A bfloat16 rest peaks lower.',
      arms: ['4bit-fp32 (rest-bfloat16)'],
      effectBytes: { estimate: 140_000_000, low: 130_000_000, high: 150_000_000 },
      share: 0.9,
      sentence: 'It is 90% of the anomaly.',
      opposite: 'No change.',
    };
    const run = attributed();
    const study: StudyDocument = {
      kind: 'study',
      schemaVersion: 1,
      startedAt: run.startedAt,
      seconds: 90,
      models: ['bf16', 'bf16'],
      settings: run.settings,
      runs: [run, run],
      failures: [],
      skipped: [],
      answer: {
        evidence: { baseline: 'bf16', models: [], arms: [], layers: {}, unreset: [] },
        explanations: [
          {
            model: '4bit-fp32',
            baseline: 'bf16',
            difference: { estimate: 150_000_000, low: 140_000_000, high: 160_000_000 },
            isAnomaly: true,
            verdicts: [cause],
            remainderBytes: 10_000_000,
            sentence: 'The rest is float32.',
          },
        ],
        refusals: [],
      },
      conclusion: 'The rest is float32.',
      outcome: 'complete',
    };
    const { id } = history.addRun(exampleRun({ kind: 'study', models: ['bf16', 'bf16'] }));
    history.finishRun(id, { state: 'complete', document: study });
    assert.deepEqual(
      rowsIn(history, 'SELECT kind, count(*) AS count FROM verdicts GROUP BY kind ORDER BY kind'),
      [
        { kind: 'cause', count: 1 },
        { kind: 'leak', count: 12 },
      ],
    );
    assert.deepEqual(
      rowsIn(history, `SELECT model, subject, status, amount, share FROM verdicts WHERE kind = 'cause'`),
      [{ model: '4bit-fp32', subject: 'float32-rest', status: 'supported', amount: 140_000_000, share: 0.9 }],
    );
    assert.equal(history.getRun(id)?.finding, 'The rest is float32.');
    assert.deepEqual(history.detail(id).document, study);
  });
});

test('a document of megabytes is kept in a small part of them', () => {
  withHistory((history) => {
    const measured = Array.from({ length: 5000 }, (_, index) => ({
      seconds: 2 + Math.sin(index) / 10,
      footprintBytes: 330_000_000 + ((index * 7919) % 100_000),
    }));
    const document = exampleProfile({ measured });
    const { id } = history.addRun(exampleRun({ iterations: 5000 }));
    history.finishRun(id, { state: 'complete', document });
    const [row] = rowsIn(history, 'SELECT json_bytes, length(content) AS kept FROM run_documents') as [
      { json_bytes: number; kept: number },
    ];
    assert.equal(row.json_bytes, Buffer.byteLength(JSON.stringify(document)));
    assert.ok(row.json_bytes > 1_500_000 && row.kept < row.json_bytes / 5, JSON.stringify(row));
    assert.deepEqual(history.detail(id, { samples: 0 }).document, document);
  });
});
