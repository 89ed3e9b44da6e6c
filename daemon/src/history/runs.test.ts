/** Runs as they are begun, sampled and ended, and what is kept of them. */

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { judgeRun } from '@tidemark/shared/analysis/leak-verdicts.ts';
import { runDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import { runRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { exampleProfile, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import {
  exampleRun,
  finishedRun,
  runAtWork,
  scheduleTrigger,
  withHistory,
} from '../../test/example-histories.ts';
import { openHistory } from './history.ts';

test('a run that is added waits, and keeps what was asked', () => {
  withHistory((history) => {
    const record = history.runs.add(exampleRun({ request: { model: 'bf16', seed: 7 } }));
    assert.deepEqual(v.parse(runRecord, record), record);
    assert.equal(record.state, 'queued');
    assert.equal(record.samplesTaken, 0);
    assert.deepEqual(history.runs.get(record.id), record);
    assert.deepEqual(history.runs.request(record.id), { model: 'bf16', seed: 7 });
  });
});

test('a run that ends whole has its figures, its leak summary and its finding', () => {
  withHistory((history) => {
    const profile = exampleProfile({
      measured: Array.from({ length: 15 }, (_, index) => ({ peakBytes: 600_000_000 + index * 1_000_000 })),
    });
    const { iterations } = profile;
    const document = { ...profile, leaks: judgeRun({ iterations, iterationsAsked: 15 }) };
    const record = finishedRun(history, { document, run: { iterations: 15 } });
    assert.deepEqual(v.parse(runRecord, record), record);
    assert.equal(record.state, 'complete');
    assert.equal(record.samplesTaken, 16);
    assert.deepEqual(record.figures, {
      activeBytes: 160_500_000,
      peakBytes: 607_000_000,
      maximumPeakBytes: 614_000_000,
      cacheBytes: 33_000_000,
      footprintBytes: 330_000_000,
      secondsPerIteration: 2,
    });
    assert.equal(record.leak, 'no-leak');
    assert.match(record.finding ?? '', /^No leak: active memory is constant to the byte over 15 iterations/);
    assert.deepEqual(history.runs.detail(record.id).document, document);
  });
});

test('a run that was cancelled keeps its samples in a document that says so', () => {
  withHistory((history) => {
    const { id } = runAtWork(history, 2);
    const record = history.runs.finish(id, { state: 'cancelled', reason: 'A person stopped it.' });
    assert.equal(record.state, 'cancelled');
    assert.equal(record.leak, 'inconclusive');
    const { document, samples } = history.runs.detail(id);
    assert.ok(document?.kind === 'profile');
    assert.deepEqual(document.outcome, { status: 'interrupted', reason: 'A person stopped it.' });
    assert.deepEqual(document.iterations, samples);
    assert.equal(samples.length, 3);
  });
});

test('a run that failed before anything was loaded has its error and no document', () => {
  withHistory((history) => {
    const { id } = history.runs.add(exampleRun());
    history.runs.begin(id);
    const error = { code: 'unknown-model' as const, message: 'There is no model bf17.', hint: 'Try bf16.' };
    const record = history.runs.finish(id, { state: 'failed', reason: error.message, error });
    assert.deepEqual(record.error, error);
    assert.equal(record.figures, undefined);
    assert.deepEqual(v.parse(runDetail, history.runs.detail(id)), { record, samples: [] });
  });
});

test('samples without a head are kept, with the figures that they give', () => {
  withHistory((history) => {
    const { id } = history.runs.add(exampleRun());
    history.runs.begin(id);
    history.runs.addSample(id, exampleSample(0), 'warm-up', 'bf16');
    history.runs.addSample(id, exampleSample(1, { peakBytes: 610_000_000 }), 'measured', 'bf16');
    const record = history.runs.finish(id, {
      state: 'interrupted',
      reason: 'The host died.',
      signal: 'SIGKILL',
    });
    assert.equal(record.figures?.peakBytes, 610_000_000);
    assert.equal(record.signal, 'SIGKILL');
    const { document, samples } = history.runs.detail(id);
    assert.equal(document, undefined);
    assert.equal(samples.length, 2);
  });
});

test('samples that a full disk kept out come in with the document', () => {
  withHistory((history) => {
    const document = exampleProfile();
    const { id } = history.runs.add(exampleRun());
    history.runs.begin(id);
    history.runs.addSample(id, exampleSample(0), 'warm-up', 'bf16');
    const record = history.runs.finish(id, { state: 'complete', document });
    assert.equal(record.samplesTaken, 6);
    assert.deepEqual(history.runs.detail(id).samples, document.iterations);
  });
});

test('what has ended changes no more', () => {
  withHistory((history) => {
    const { id } = finishedRun(history);
    assert.throws(() => history.runs.addSample(id, exampleSample(9), 'measured', 'bf16'), {
      code: 'history',
    });
    assert.throws(() => history.runs.finish(id, { state: 'failed' }), { code: 'history' });
    assert.throws(() => history.runs.begin(id), { code: 'history' });
    assert.equal(history.runs.get(id)?.state, 'complete');
  });
});

test('a run that does not exist is not found', () => {
  withHistory((history) => {
    assert.equal(history.runs.get(1), undefined);
    assert.equal(history.runs.request(1), undefined);
    for (const ask of [
      () => history.runs.detail(1),
      () => history.runs.remove(1),
      () => history.runs.finish(1, { state: 'failed' }),
      () => history.runs.addSample(1, exampleSample(0), 'measured', 'bf16'),
    ]) {
      assert.throws(ask, { code: 'not-found' });
    }
  });
});

test('a run is deleted with all of it, and its number is not given again', () => {
  withHistory((history) => {
    const first = finishedRun(history);
    const { id } = finishedRun(history);
    history.runs.remove(id);
    assert.equal(history.runs.get(id), undefined);
    assert.equal(history.runs.list({ model: 'bf16' }).total, 1);
    assert.equal(history.runs.detail(first.id).samples.length, 6);
    assert.equal(history.runs.add(exampleRun()).id, id + 1);
  });
});

test('a run that is not over cannot be deleted', () => {
  withHistory((history) => {
    const { id } = runAtWork(history);
    assert.throws(() => history.runs.remove(id), { code: 'busy' });
  });
});

test('after the daemon died, runs at work are interrupted and those that wait still wait', () => {
  withHistory((history) => {
    const running = runAtWork(history, 3);
    const queued = history.runs.add(exampleRun());
    const interrupted = history.runs.interruptRunning('The daemon ended.', 'SIGKILL');
    assert.deepEqual(
      interrupted.map(({ id, state, signal }) => ({ id, state, signal })),
      [{ id: running.id, state: 'interrupted', signal: 'SIGKILL' }],
    );
    assert.equal(history.runs.get(queued.id)?.state, 'queued');
    assert.deepEqual(history.runs.interruptRunning('Again.'), []);
  });
});

test('an interrupted run lasted until its last sample, however late that was noticed', () => {
  let now = Date.parse('2026-03-01T10:00:00.000Z');
  withHistory(
    (history) => {
      const { id } = history.runs.add(exampleRun());
      history.runs.begin(id);
      now += 5000;
      history.runs.addSample(id, exampleSample(0), 'warm-up', 'bf16');
      now += 3 * 86_400_000;
      const [record] = history.runs.interruptRunning('The daemon ended.');
      assert.equal(record?.seconds, 5);
      assert.equal(record.endedAt, '2026-03-01T10:00:05.000Z');
    },
    () => new Date(now),
  );
});

test('how long a run took does not change with the clock that is set while it runs', () => {
  for (const [days, between] of [
    [-2, 0],
    [3, 3 * 86_400],
  ] as const) {
    let now = Date.parse('2026-03-01T10:00:00.000Z');
    withHistory(
      (history) => {
        const [measured, unmeasured] = [history.runs.add(exampleRun()), history.runs.add(exampleRun())];
        history.runs.begin(measured.id);
        history.runs.begin(unmeasured.id);
        now += days * 86_400_000;
        assert.equal(history.runs.finish(measured.id, { state: 'cancelled', seconds: 7.5 }).seconds, 7.5);
        assert.equal(history.runs.finish(unmeasured.id, { state: 'cancelled' }).seconds, between);
      },
      () => new Date(now),
    );
  }
});

test('samples are thinned with the highest peak kept', () => {
  withHistory((history) => {
    const { id } = runAtWork(history, 40);
    history.runs.addSample(id, exampleSample(41, { peakBytes: 900_000_000 }), 'measured', 'bf16');
    history.runs.addSample(id, exampleSample(42), 'measured', 'bf16');
    const { samples } = history.runs.detail(id, { document: false, samples: 6 });
    assert.ok(samples.length <= 6);
    assert.equal(samples[0]?.index, 0);
    assert.equal(samples.at(-1)?.index, 42);
    assert.ok(samples.some(({ index }) => index === 41));
    assert.deepEqual(history.runs.detail(id, { samples: 0 }).samples, []);
  });
});

test('runs are listed newest first, page by page, with the total of all pages', () => {
  withHistory((history) => {
    for (let run = 0; run < 5; run += 1) {
      history.runs.add(exampleRun());
    }
    const first = history.runs.list({ limit: 2 });
    assert.deepEqual([first.runs.map(({ id }) => id), first.total], [[5, 4], 5]);
    const second = history.runs.list({ limit: 2, before: 4 });
    assert.deepEqual([second.runs.map(({ id }) => id), second.total], [[3, 2], 5]);
    assert.deepEqual(history.runs.list({ limit: 2, before: 1 }).runs, []);
  });
});

test('every filter lets through what it names, alone and with the others', () => {
  withHistory((history) => {
    history.runs.add(exampleRun({ kind: 'study', models: ['bf16', '4bit-fp32'] }));
    history.runs.add(exampleRun({ models: ['4bit-fp32'], trigger: scheduleTrigger(7) }));
    finishedRun(history, { run: { trigger: scheduleTrigger(7) } });
    const { iterations } = exampleProfile({ measured: Array.from({ length: 15 }, () => ({})) });
    finishedRun(history, {
      document: { ...exampleProfile(), leaks: judgeRun({ iterations, iterationsAsked: 15 }) },
    });
    const ids = (filter: Parameters<typeof history.runs.list>[0]) => {
      const { runs, total } = history.runs.list(filter);
      assert.equal(total, runs.length);
      return runs.map(({ id }) => id);
    };
    assert.deepEqual(ids({ kind: 'study' }), [1]);
    assert.deepEqual(ids({ model: '4bit-fp32' }), [2, 1]);
    assert.deepEqual(ids({ state: 'complete' }), [4, 3]);
    assert.deepEqual(ids({ leak: 'no-leak' }), [4]);
    assert.deepEqual(ids({ scheduleId: 7 }), [3, 2]);
    assert.deepEqual(ids({ scheduleId: 7, state: 'complete' }), [3]);
    assert.deepEqual(ids({ model: '4bit-fp32', kind: 'profile', state: 'queued' }), [2]);
    assert.deepEqual(ids({ model: 'fp32' }), []);
    assert.deepEqual(
      history.runs.list({ model: '4bit-fp32', before: 2 }).runs.map(({ id }) => id),
      [1],
    );
  });
});

test('what was written is there when the file is opened again', () => {
  const folder = temporaryFolder();
  const record = (() => {
    using history = openHistory(folder).history;
    return finishedRun(history);
  })();
  const { history, setAside } = openHistory(folder);
  using opened = history;
  assert.equal(setAside, undefined);
  assert.deepEqual(opened.runs.get(record.id), record);
});

test('nobody else may read the file', { skip: process.platform === 'win32' }, () => {
  withHistory((history, folder) => {
    finishedRun(history);
    for (const name of ['history.sqlite', 'history.sqlite-wal', 'history.sqlite-shm']) {
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    }
  });
});
