/** What the daemon does for its clients: real processes, with a small model. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { DaemonError } from '@tidemark/shared/client/daemon-error.ts';
import type { RunProgress } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { newDataFolder, TestDaemon, tinyModel, untilEnded, untilRun } from './test-daemon.ts';

let model: ReturnType<typeof tinyModel>;
let other: ReturnType<typeof tinyModel>;
before(() => {
  model = tinyModel();
  other = tinyModel();
});

const refusal =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof DaemonError && error.code === code;

test('a run is told step by step, in order, and its record has the figures of its document', async () => {
  const daemon = await TestDaemon.start();
  await using client = await daemon.client();
  const steps: RunProgress[] = [];
  await client.subscribe('progress', (progress) => steps.push(progress));
  const { id } = await client.call('startProfile', { ...model, iterations: 3 });
  const record = await untilEnded(client, id);
  assert.equal(record.state, 'complete', record.reason ?? '');
  const kinds = steps.map(({ step }) => step.kind);
  assert.deepEqual(
    kinds.filter((kind, index) => kind !== kinds[index - 1]),
    ['preparing', 'loading', 'loaded', 'iteration', 'ended'],
  );
  assert.deepEqual(
    steps.flatMap(({ step, done, total }) => (step.kind === 'iteration' ? [[step.phase, done, total]] : [])),
    [
      ['warm-up', 1, 4],
      ['measured', 2, 4],
      ['measured', 3, 4],
      ['measured', 4, 4],
    ],
  );
  const { document, samples } = await client.call('getRun', { runId: id });
  assert.equal(document?.kind, 'profile');
  assert.deepEqual(document.iterations, samples);
  assert.equal(record.figures?.peakBytes, document.summary?.peakBytes.median);
  assert.equal(record.figures?.activeBytes, document.summary?.active.lastBytes);
  assert.deepEqual(steps.at(-1)?.step, { kind: 'ended', record });
});

test('a status event follows a change, and its memory is that of the last iteration', async () => {
  const daemon = await TestDaemon.start();
  await using client = await daemon.client();
  const events: DaemonStatus[] = [];
  await client.subscribe('status', (status) => events.push(status));
  const { id } = await client.call('startProfile', { ...model, iterations: 20 });
  await untilEnded(client, id);
  const { samples } = await client.call('getRun', { runId: id });
  const { host, recentPeaks } = await client.call('status', {});
  assert.equal(host.state, 'idle');
  assert.equal(host.memory?.activeBytes, samples.at(-1)?.activeBytes);
  assert.equal(host.memory?.peakBytes, samples.at(-1)?.peakBytes);
  assert.equal(recentPeaks.at(-1)?.runId, id);
  assert.ok(events.some(({ current }) => current?.progress?.step.kind === 'iteration'));
});

test('runs are done one at a time, in the order in which they were asked for', async () => {
  const daemon = await TestDaemon.start();
  await using client = await daemon.client();
  const order: string[] = [];
  await client.subscribe('progress', ({ runId, step }) => {
    if (step.kind === 'queued' || step.kind === 'loaded' || step.kind === 'ended') {
      order.push(`${step.kind} ${runId}`);
    }
  });
  const first = await client.call('startProfile', { ...model, iterations: 2 });
  const second = await client.call('startProfile', { ...model, iterations: 2, host: 'fresh' });
  await untilEnded(client, second.id);
  assert.deepEqual(order, [
    `queued ${second.id}`,
    `loaded ${first.id}`,
    `ended ${first.id}`,
    `loaded ${second.id}`,
    `ended ${second.id}`,
  ]);
});

test('a study through the daemon measures each model in a process of its own and has its document', async () => {
  const daemon = await TestDaemon.start();
  await using client = await daemon.client();
  const { voice, phonemes } = model;
  const { id } = await client.call('startStudy', {
    models: [model.model, other.model],
    voice,
    phonemes,
    iterations: 2,
    explain: false,
  });
  const record = await untilEnded(client, id);
  assert.equal(record.state, 'complete', record.reason ?? '');
  const { document } = await client.call('getRun', { runId: id });
  assert.equal(document?.kind, 'study');
  assert.deepEqual(
    document.runs.map((run) => [run.model.name, run.outcome.status]),
    [
      [model.model, 'complete'],
      [other.model, 'complete'],
    ],
  );
  assert.equal(record.finding, document.conclusion);
  assert.equal((await client.call('status', {})).host.state, 'none', 'a study leaves no host behind');
});

test('a text that cannot be said fails its run with the sentence, and nothing is loaded', async () => {
  const daemon = await TestDaemon.start();
  await using client = await daemon.client();
  const { id } = await client.call('startProfile', { ...model, phonemes: '\u{1F600}' });
  const record = await untilEnded(client, id);
  assert.equal(record.state, 'failed');
  assert.equal(record.error?.code, 'bad-text');
  assert.equal((await client.call('status', {})).host.state, 'none');
});

test('names that cannot be right are refused at once, and make no run', async () => {
  const daemon = await TestDaemon.start();
  await using client = await daemon.client();
  await assert.rejects(client.call('startProfile', { model: 'bf17' }), refusal('unknown-model'));
  await assert.rejects(
    client.call('startProfile', { model: 'bf16', voice: 'af_hart' }),
    refusal('unknown-voice'),
  );
  assert.equal((await client.call('listRuns', {})).total, 0);
});

test('a model can be loaded and unloaded on request, but not under a run', async () => {
  const daemon = await TestDaemon.start();
  await using client = await daemon.client();
  const waits = { timeoutMilliseconds: 60_000 };
  const loaded = await client.call('load', { model: model.model, voice: model.voice }, waits);
  assert.equal(loaded.state, 'idle');
  assert.ok((loaded.memory?.activeBytes ?? 0) > 0);
  const { id } = await client.call('startProfile', { ...model, iterations: 100_000 });
  await untilRun(client, id, ({ samplesTaken }) => samplesTaken > 0);
  assert.equal((await client.call('status', {})).host.pid, loaded.pid, 'the run uses what was loaded');
  await assert.rejects(client.call('unload', {}), refusal('busy'));
  await assert.rejects(client.call('load', { model: other.model, voice: other.voice }), refusal('busy'));
  await client.call('cancel', { runId: id });
  assert.equal((await client.call('unload', {})).state, 'none');
});

test('two runs are compared, and one that was deleted is not found', async () => {
  const daemon = await TestDaemon.start();
  await using client = await daemon.client();
  const ids: number[] = [];
  for (let run = 0; run < 2; run += 1) {
    const { id } = await client.call('startProfile', { ...model, iterations: 5 });
    await untilEnded(client, id);
    ids.push(id);
  }
  const [baselineId = 0, runId = 0] = ids;
  const comparison = await client.call('compareRuns', { baselineId, runId });
  assert.equal(comparison.before.file, '#1');
  assert.equal(comparison.after.file, '#2');
  await client.call('deleteRun', { runId });
  await assert.rejects(client.call('getRun', { runId }), refusal('not-found'));
  await assert.rejects(client.call('compareRuns', { baselineId, runId }), refusal('not-found'));
});

test('a list shows the beginning of a long text, and a run has all of it', async () => {
  const daemon = await TestDaemon.start();
  await using client = await daemon.client();
  const { model: name, voice } = model;
  const text = 'a b c. '.repeat(50);
  const { id: runId } = await client.call('startProfile', { model: name, voice, text, iterations: 1 });
  const { runs } = await client.call('listRuns', {});
  assert.equal(runs[0]?.text, `${text.slice(0, 199)}…`);
  assert.equal((await client.call('getRun', { runId })).record.text, text);
  await client.call('cancel', { runId });
});

const schedule = ({ model: name, voice }: typeof model): ScheduleSettings => ({
  name: 'Nightly',
  timing: { kind: 'cron', expression: '0 3 * * *', timeZone: 'Europe/Berlin' },
  model: name,
  voice,
  text: 'a.',
  iterations: 3,
  warmupIterations: 1,
  jitterSeconds: 0,
  skipOnBattery: false,
  skipInLowPowerMode: false,
  paused: false,
});

test('a schedule outlives the daemon, and a check of it is told in the status', async () => {
  const dataFolder = newDataFolder();
  const first = await TestDaemon.start({ dataFolder });
  const client = await first.client();
  const { id } = await client.call('setSchedule', { settings: schedule(model) });
  await client.call('setSettings', { idleUnloadSeconds: 77 });
  await client.call('shutdown', {});
  assert.deepEqual(await first.ended, { code: 0, signal: null });

  const second = await TestDaemon.start({ dataFolder });
  await using later = await second.client();
  assert.equal((await later.call('getSettings', {})).idleUnloadSeconds, 77);
  const { schedules } = await later.call('status', {});
  assert.equal(schedules.next?.scheduleId, id);
  assert.equal(
    new Date(schedules.next.at).toLocaleTimeString('en-GB', { timeZone: 'Europe/Berlin' }),
    '03:00:00',
  );
  const run = await later.call('checkNow', { id });
  assert.deepEqual(run.trigger, { kind: 'schedule', scheduleId: id, scheduleName: 'Nightly' });
  await untilEnded(later, run.id);
  assert.equal((await later.call('status', {})).lastCheck?.runId, run.id);
  assert.equal((await later.call('listSchedules', {})).schedules[0]?.lastRunId, run.id);
});

/** The doctor loads libmlx and eSpeak, in a process of its own. */
test('the doctor is asked through the daemon, which answers others meanwhile', async () => {
  const daemon = await TestDaemon.start();
  await using client = await daemon.client();
  const examined = client.call('doctor', {}, { timeoutMilliseconds: 120_000 });
  await assertAnswers(client);
  const { checks } = await examined;
  assert.ok(checks.some(({ id }) => id === 'mlx'));
});

async function assertAnswers(client: DaemonClient): Promise<void> {
  for (let request = 0; request < 20; request += 1) {
    assert.equal((await client.call('status', {})).kind, 'status');
  }
}
