/** Histories that are exported and brought in again. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exampleProfile, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import { exampleEngineStudy } from '@tidemark/shared/test/example-reports.ts';
import type { StudyDocument } from '@tidemark/shared/protocol/study-document.ts';
import {
  exampleAlert,
  exampleRun,
  exampleSchedule,
  finishedRun,
  importLines,
  runAtWork,
  scheduleTrigger,
  withHistory,
} from '../../test/example-histories.ts';
import type { History } from './history.ts';

const badDocument = (message: RegExp) => ({ name: 'TidemarkError', code: 'bad-document', message });

const study = (): StudyDocument => ({
  kind: 'study',
  schemaVersion: 1,
  startedAt: '2025-11-24T10:00:00.000Z',
  seconds: 60,
  models: ['bf16', 'fp32'],
  settings: exampleProfile().settings,
  runs: [exampleProfile(), exampleProfile({ name: 'fp32', bytesByDtype: { float32: 320_000_000 } })],
  failures: [],
  skipped: [],
  conclusion: 'fp32 peaks where bf16 does.',
  outcome: 'complete',
});

/** A schedule with a check and an alert about it, a study, a run that failed, one that died, one at work. */
function fill(history: History): void {
  const schedule = history.schedules.add(exampleSchedule());
  const check = finishedRun(history, {
    run: { trigger: scheduleTrigger(schedule.id) },
    hostInstance: 'held',
  });
  const { id } = history.runs.add(exampleRun({ kind: 'study', models: ['bf16', 'fp32'] }));
  history.runs.finish(id, { state: 'complete', document: study() });
  const error = { code: 'unknown-model' as const, message: 'There is no model bf17.' };
  history.runs.finish(history.runs.add(exampleRun()).id, { state: 'failed', reason: error.message, error });
  runAtWork(history);
  history.runs.interruptRunning('The daemon ended.', 'SIGKILL');
  runAtWork(history);
  history.alerts.add(exampleAlert({ scheduleId: schedule.id, runIds: [check.id] }));
  history.alerts.add(exampleAlert({ scheduleId: 99, runIds: [check.id, 1234] }));
}

function exported(): string[] {
  return withHistory((history) => {
    fill(history);
    return [...history.exportLines()];
  });
}

test('an export is JSON lines that begin with a header', () => {
  const [header = '', ...rest] = exported();
  assert.deepEqual(Object.keys(JSON.parse(header) as object), [
    'kind',
    'formatVersion',
    'exportedAt',
    'tidemark',
  ]);
  assert.ok(rest.every((line) => !line.includes('\n')));
  assert.deepEqual(
    rest.map((line) => (JSON.parse(line) as { kind: string }).kind),
    ['schedule', 'run', 'run', 'run', 'run', 'run', 'alert', 'alert'],
  );
});

test('everything comes in again, but for who asked and what was not over', () => {
  withHistory((from) => {
    fill(from);
    withHistory((into) => {
      const result = importLines(into, from.exportLines());
      assert.deepEqual(result, { added: 5, known: 0, schedules: 1, alerts: 2, refused: [] });
      for (const record of from.runs.list().runs) {
        const there = into.runs.get(record.id);
        assert.equal(there?.uid, record.uid);
        if (record.state === 'running') {
          assert.equal(there.state, 'interrupted');
          assert.equal(into.runs.detail(record.id).document?.kind, 'profile');
        } else {
          const trigger = record.trigger.kind === 'schedule' ? record.trigger : { kind: 'import' };
          assert.deepEqual(there, { ...record, trigger });
          assert.deepEqual(into.runs.detail(record.id).document, from.runs.detail(record.id).document);
        }
        const samples = into.runs.detail(record.id).samples;
        // What the study's document has and nobody sampled is taken from it.
        assert.deepEqual(
          samples.length,
          record.kind === 'study' ? 12 : from.runs.detail(record.id).samples.length,
        );
      }
      assert.equal(into.runs.checksOf(1, { limit: 5 })[0]?.hostInstance, 'held');
      assert.deepEqual(into.runs.request(1), from.runs.request(1));
    });
  });
});

test('bringing it in twice changes nothing', () => {
  const lines = exported();
  withHistory((history) => {
    importLines(history, lines);
    const before = [...history.exportLines()].slice(1);
    assert.deepEqual(importLines(history, lines), {
      added: 0,
      known: 5,
      schedules: 0,
      alerts: 0,
      refused: [],
    });
    assert.deepEqual([...history.exportLines()].slice(1), before);
  });
});

test('schedules come in paused', () => {
  withHistory((history) => {
    importLines(history, exported());
    assert.deepEqual(
      history.schedules.list().map(({ name, paused }) => [name, paused]),
      [['Nightly', true]],
    );
  });
});

test('an alert whose schedule is not here comes in as resolved, under a number that no schedule gets', () => {
  withHistory((history) => {
    importLines(history, exported());
    const [orphan, own] = history.alerts.list({ all: true });
    assert.equal(own?.scheduleId, history.schedules.list()[0]?.id);
    assert.equal(own?.state, 'open');
    assert.equal(orphan?.state, 'resolved');
    assert.notEqual(orphan.scheduleId, own.scheduleId);
    assert.ok(history.schedules.add(exampleSchedule()).id > orphan.scheduleId);
    assert.deepEqual(orphan.runIds, [1]);
  });
});

test('any damage to one line costs that line, is said with its number, and costs no other', () => {
  const lines = exported();
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: lines.length - 1 }),
      fc.oneof(
        fc.constantFrom(
          '',
          '{',
          'null',
          '[]',
          '{"kind":"run"}',
          '{"kind":"nothing"}',
          '{"kind":"alert","uid":"x"}',
        ),
        fc.string(),
        fc.integer({ min: 1, max: 200 }),
      ),
      (place, damage) => {
        const line = lines[place] ?? '';
        const bad = typeof damage === 'number' ? line.slice(0, -damage) : damage;
        withHistory((history) => {
          const { added, schedules, alerts, refused } = importLines(history, lines.with(place, bad));
          assert.equal(added + schedules + alerts, lines.length - 2);
          assert.deepEqual(
            refused.map(({ line: number }) => number),
            bad.trim() === '' ? [] : [place + 1],
          );
          assert.ok(refused.every(({ reason }) => /^[A-Z].*\.$/s.test(reason)));
        });
      },
    ),
    { numRuns: 25 },
  );
});

test('a damaged header is refused, and the rest still comes in', () => {
  withHistory((history) => {
    const { added, refused } = importLines(history, exported().with(0, '{"kind":"tide'));
    assert.equal(added, 5);
    assert.deepEqual(refused, [{ line: 1, reason: 'It is not JSON or is truncated.' }]);
  });
});

test('a date that is none is refused where SQLite would have taken it', () => {
  withHistory((history) => {
    const lines = exported();
    const at = lines.findIndex((line) => line.startsWith('{"kind":"run"'));
    const bad = (lines[at] ?? '').replaceAll(/"queuedAt":"[^"]+"/g, '"queuedAt":"2026-02-30T25:61:00.000Z"');
    const { added, refused } = importLines(history, lines.with(at, bad));
    assert.equal(added, 4);
    assert.equal(refused[0]?.line, at + 1);
  });
});

test('the export of a newer Tidemark is refused as a whole', () => {
  const [header = '', ...lines] = exported();
  const newer = JSON.stringify({ ...(JSON.parse(header) as object), formatVersion: 2 });
  withHistory((history) => {
    assert.throws(() => importLines(history, [newer, ...lines]), badDocument(/format version 2,/));
    assert.equal(history.runs.list().total, 0);
  });
});

test('what is no export is refused, with its first line as the reason', () => {
  withHistory((history) => {
    assert.throws(() => importLines(history, ['Hello.', 'World.']), badDocument(/line 1: it is not JSON/));
    assert.throws(() => importLines(history, []), badDocument(/empty/));
    assert.throws(() => importLines(history, ['', ' ']), badDocument(/empty/));
    assert.throws(() => importLines(history, ['{', '  "kind": "xray"', '}']), badDocument(/xray/));
  });
});

test('the document of a profile or a study is a run, however it is printed, and only once', () => {
  withHistory((history) => {
    for (const [place, document] of [exampleProfile(), study()].entries()) {
      const printed = JSON.stringify(document, undefined, 2).split('\n');
      assert.deepEqual(importLines(history, printed).added, 1);
      assert.deepEqual(importLines(history, [JSON.stringify(document)]).known, 1);
      const [record] = history.runs.list({ limit: 1 }).runs;
      assert.equal(record?.id, place + 1);
      assert.deepEqual(record.trigger, { kind: 'import' });
      assert.equal(record.queuedAt, '2025-11-24T10:00:00.000Z');
      assert.deepEqual(history.runs.detail(record.id).document, document);
    }
    assert.equal(history.runs.get(1)?.figures?.peakBytes, 600_000_000);
    assert.equal(history.runs.get(2)?.finding, 'fp32 peaks where bf16 does.');
    assert.equal(history.runs.detail(2).samples.length, 12);
  });
});

test('a study by several engines is one run, of either engine, with the iterations of both', () => {
  withHistory((history) => {
    const document = exampleEngineStudy();
    importLines(history, [JSON.stringify(document)]);
    const [run, ...more] = history.runs.list().runs;
    assert.deepEqual(more, []);
    assert.deepEqual(run?.workload, { engines: ['tidemark', 'mlx-audio'] });
    assert.equal(run.samplesTaken, 2 * 5 * 15);
    for (const engine of ['tidemark', 'mlx-audio'] as const) {
      assert.equal(history.runs.list({ engine }).total, 1);
    }
    for (const search of ['mlx-audio', 'engines agree', 'study']) {
      assert.equal(history.runs.list({ search }).total, 1, search);
    }
    assert.deepEqual(history.runs.detail(run.id).document, document);
    const lines = [...history.exportLines()];
    withHistory((other) => {
      assert.equal(importLines(other, lines).added, 1);
      assert.deepEqual(other.runs.list().runs[0]?.workload, run.workload);
    });
  });
});

test('a document that was interrupted is a run that was', () => {
  withHistory((history) => {
    const outcome = { status: 'interrupted' as const, reason: 'The host ended.', signal: 'SIGKILL' };
    importLines(history, [JSON.stringify(exampleProfile({ outcome }))]);
    const [record] = history.runs.list().runs;
    assert.deepEqual(
      [record?.state, record?.reason, record?.signal],
      ['interrupted', 'The host ended.', 'SIGKILL'],
    );
  });
});

test('whatever a run holds comes through an export unchanged', () => {
  const bytes = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const words = fc.string({ minLength: 1, unit: 'binary' });
  fc.assert(
    fc.property(
      fc.record({
        models: fc.uniqueArray(words, { minLength: 1, maxLength: 3 }),
        voice: words,
        text: words,
        reason: words,
      }),
      fc.array(fc.record({ activeBytes: bytes, cacheBytes: bytes, footprintBytes: bytes }), { maxLength: 5 }),
      ({ models, voice, text, reason }, samples) => {
        withHistory((from) => {
          const { id } = from.runs.add(exampleRun({ models, voice, text }));
          from.runs.begin(id);
          for (const [index, changes] of samples.entries()) {
            from.runs.addSample(
              id,
              exampleSample(index, changes),
              index === 0 ? 'warm-up' : 'measured',
              voice,
            );
          }
          const record = from.runs.finish(id, { state: 'interrupted', reason });
          assert.deepEqual(
            [record.models, record.voice, record.text, record.reason],
            [models, voice, text, reason],
          );
          withHistory((into) => {
            assert.deepEqual(importLines(into, from.exportLines()).refused, []);
            assert.deepEqual(into.runs.detail(1), {
              ...from.runs.detail(id),
              record: { ...record, trigger: { kind: 'import' } },
            });
          });
        });
      },
    ),
    { numRuns: 10 },
  );
});
