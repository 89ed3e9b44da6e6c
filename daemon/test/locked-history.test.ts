/** Another process has the history locked: the daemon answers others, measures on, and writes what is due afterwards. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { exampleSchedule } from './example-histories.ts';
import { until } from './processes.ts';
import { TestDaemon, tinyModel, untilEnded, untilRun } from './test-daemon.ts';

const model = tinyModel();

/** What a database browser, a backup or a script leaves open. */
const locks = {
  'BEGIN IMMEDIATE': ['BEGIN IMMEDIATE'],
  'BEGIN EXCLUSIVE': ['BEGIN EXCLUSIVE'],
  'a change that is not committed': ['BEGIN', "UPDATE runs SET voice = voice || ''"],
};

function lock({ dataFolder }: TestDaemon, statements: readonly string[]): Disposable {
  const database = new DatabaseSync(join(dataFolder, 'history.sqlite'), { timeout: 5000 });
  statements.forEach((statement) => database.exec(statement));
  return database;
}

/** The longest that a status took while something else happened, in milliseconds, with the first left out. */
async function longestStatus(client: DaemonClient, meanwhile: Promise<unknown>): Promise<number> {
  const over = new AbortController();
  void meanwhile.finally(() => over.abort()).catch(() => undefined);
  let longest = 0;
  await client.call('status', {});
  while (!over.signal.aborted) {
    const began = performance.now();
    await client.call('status', {});
    longest = Math.max(longest, performance.now() - began);
    await delay(5);
  }
  return longest;
}

for (const [name, statements] of Object.entries(locks)) {
  test(`while ${name} has the history, the status is answered at once, changes wait, and reads do not`, async () => {
    const { daemon, client } = await TestDaemon.connected();
    await using other = await daemon.client();
    const { id } = await client.call('startProfile', { ...model, iterations: 3 });
    await untilEnded(client, id);
    {
      using held = lock(daemon, statements);
      const change = client.call('setSettings', { retentionDays: 77 });
      const second = client.call('setSettings', { retentionDays: 78 });
      const longest = await longestStatus(other, delay(1200));
      assert.ok(longest < 300, `a status took ${longest} ms`);
      assert.equal((await other.call('listRuns', {})).total, 1);
      assert.equal((await other.call('getRun', { runId: id })).record.state, 'complete');
      assert.notEqual((await other.call('getSettings', {})).retentionDays, 77);
      held[Symbol.dispose]();
      assert.equal((await change).retentionDays, 77);
      assert.equal((await second).retentionDays, 78);
    }
    assert.equal((await other.call('getSettings', {})).retentionDays, 78);
  });
}

test('each kind of change says that the history is locked, where it stays so', async () => {
  const { daemon, client } = await TestDaemon.connected();
  const { id } = await client.call('startProfile', { ...model, iterations: 1 });
  await untilEnded(client, id);
  const settings = exampleSchedule({ model: model.model, voice: model.voice });
  const schedule = await client.call('setSchedule', { settings });
  using held = lock(daemon, ['BEGIN IMMEDIATE']);
  const patience = { timeoutMilliseconds: 20_000 };
  const changes = [
    client.call('startProfile', { ...model, iterations: 1 }, patience),
    client.call('startStudy', { models: ['bf16'] }, patience),
    client.call('deleteRun', { runId: id }, patience),
    client.call('setSettings', { retentionDays: 5 }, patience),
    client.call('setSchedule', { id: schedule.id, settings: { ...settings, name: 'x' } }, patience),
    client.call('removeSchedule', { id: schedule.id }, patience),
    client.call('pauseSchedules', { paused: true }, patience),
    client.call('checkNow', { id: schedule.id }, patience),
  ];
  const began = performance.now();
  const results = await Promise.allSettled(changes);
  assert.ok(performance.now() - began < 5000, 'all of them wait at the same time');
  for (const result of results) {
    assert.equal(result.status, 'rejected');
    const { code, message, hint } = result.reason as { code: string; message: string; hint: string };
    assert.equal(code, 'history');
    assert.match(message, /is locked by another process/);
    assert.match(hint, /Wait until the other process has finished/);
  }
  held[Symbol.dispose]();
  assert.equal((await client.call('listRuns', {})).total, 1);
  assert.equal((await client.call('listSchedules', {})).schedules.length, 1);
});

test('a run that goes on and ends while the history is locked is kept whole afterwards', async () => {
  const { daemon, client } = await TestDaemon.connected();
  await using other = await daemon.client();
  const { id } = await client.call('startProfile', { ...model, iterations: 40 });
  const held = lock(daemon, ['BEGIN IMMEDIATE']);
  const longest = await longestStatus(other, delay(5000));
  assert.ok(longest < 300, `a status took ${longest} ms`);
  held[Symbol.dispose]();
  const { state, reason, samplesTaken } = await untilEnded(client, id);
  assert.equal(state, 'complete', reason ?? '');
  assert.equal(samplesTaken, 41);
  const { samples, document } = await client.call('getRun', { runId: id });
  assert.equal(samples.length, 41);
  assert.equal(document?.kind === 'profile' && document.iterations.length, 41);
});

test('samples that were taken while it was locked are kept where the daemon is killed later', async () => {
  const { daemon, client } = await TestDaemon.connected();
  const { dataFolder } = daemon;
  const { id: runId } = await client.call('startProfile', { ...model, iterations: 100_000 });
  await untilRun(client, runId, ({ samplesTaken }) => samplesTaken >= 2);
  const taken = async (): Promise<number> =>
    (await client.call('status', {})).current?.record.samplesTaken ?? 0;
  const held = lock(daemon, ['BEGIN IMMEDIATE']);
  const before = await taken();
  await delay(1500);
  const told = await taken();
  assert.ok(told > before + 2, `${before} and then ${told}`);
  held[Symbol.dispose]();
  await untilRun(client, runId, ({ samplesTaken }) => samplesTaken > told);
  await daemon.kill();
  const { client: later } = await TestDaemon.connected({ dataFolder });
  const { record, samples } = await later.call('getRun', { runId });
  assert.equal(record.state, 'interrupted');
  assert.ok(samples.length > told);
  assert.deepEqual(
    samples.map(({ index }) => index),
    samples.map((_, place) => place),
  );
});

test('a lock of a moment is not told, one that lasts is, and both are over when it is', async () => {
  const { daemon, client } = await TestDaemon.connected();
  const troubles: unknown[] = [];
  await client.subscribe('progress', ({ step }) => {
    if (step.kind === 'trouble') {
      troubles.push(step);
    }
  });
  const underLock = async (body: () => Promise<void>): Promise<void> => {
    const { id } = await client.call('startProfile', { ...model, iterations: 20 });
    await untilRun(client, id, ({ samplesTaken }) => samplesTaken >= 1);
    const held = lock(daemon, ['BEGIN IMMEDIATE']);
    await body();
    held[Symbol.dispose]();
    assert.equal((await untilEnded(client, id, 10)).state, 'complete');
  };
  await underLock(() => delay(500));
  assert.deepEqual(troubles, []);
  await underLock(() => until(() => troubles.length > 0, 'the lock is told', 30));
  assert.match(
    JSON.stringify(troubles),
    /has ended, but it cannot be saved yet.*is locked by another process/,
  );
  assert.deepEqual((await client.call('status', {})).notices, []);
});
