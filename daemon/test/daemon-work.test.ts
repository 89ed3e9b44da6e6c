/** What the daemon does for its clients: real processes, with a small model. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { levelRule } from '@tidemark/shared/analysis/sustained-level.ts';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { DaemonError } from '@tidemark/shared/client/daemon-error.ts';
import type { RunProgress } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { Alert, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { runCli } from './cli.ts';
import { scriptedHost } from './scripted-host.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { runToEnd, TestDaemon, tinyModel, untilEnded, untilRun } from './test-daemon.ts';

const model = tinyModel();
const other = tinyModel();

const refusal =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof DaemonError && error.code === code;

test('a run is told step by step, in order, and its record has the figures of its document', async () => {
  const { client } = await TestDaemon.connected();
  const steps: RunProgress[] = [];
  await client.subscribe('progress', (progress) => steps.push(progress));
  const record = await runToEnd(client, { ...model, iterations: 3 });
  const { id } = record;
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
  const { client } = await TestDaemon.connected();
  const events: DaemonStatus[] = [];
  await client.subscribe('status', (status) => events.push(status));
  const { id } = await runToEnd(client, { ...model, iterations: 20 });
  const { samples } = await client.call('getRun', { runId: id });
  const { host, recentPeaks } = await client.call('status', {});
  assert.equal(host.state, 'idle');
  assert.equal(host.memory?.activeBytes, samples.at(-1)?.activeBytes);
  assert.equal(host.memory?.peakBytes, samples.at(-1)?.peakBytes);
  assert.equal(recentPeaks.at(-1)?.runId, id);
  assert.ok(events.some(({ current }) => current?.progress?.step.kind === 'iteration'));
});

test('runs are done one at a time, in the order in which they were asked for', async () => {
  const { client } = await TestDaemon.connected();
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

test('a run with something of MLX set has a process of its own, and says in lists what was set', async () => {
  const { client } = await TestDaemon.connected();
  await runToEnd(client, { ...model, iterations: 2 });
  const before = (await client.call('status', {})).host;
  const mlx = { bfsWidth: 1, memoryLimitBytes: 2_000_000 };
  const record = await runToEnd(client, { ...model, iterations: 2, mlx });
  assert.deepEqual(record.workload, { mlx });
  const { document } = await client.call('getRun', { runId: record.id });
  assert.equal(document?.kind, 'profile');
  assert.deepEqual(document.settings.mlx, mlx);
  const after = (await client.call('status', {})).host;
  assert.equal(after.pid, before.pid, 'the host that is kept was not touched');
});

test('a study through the daemon measures each model in a process of its own and has its document', async () => {
  const { client } = await TestDaemon.connected();
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
  const { client } = await TestDaemon.connected();
  const { id } = await client.call('startProfile', { ...model, phonemes: '\u{1F600}' });
  const record = await untilEnded(client, id);
  assert.equal(record.state, 'failed');
  assert.equal(record.error?.code, 'bad-text');
  assert.equal((await client.call('status', {})).host.state, 'none');
});

test('names that cannot be right are refused at once, and make no run', async () => {
  const { client } = await TestDaemon.connected();
  await assert.rejects(client.call('startProfile', { model: 'bf17' }), refusal('unknown-model'));
  await assert.rejects(
    client.call('startProfile', { model: 'bf16', voice: 'af_hart' }),
    refusal('unknown-voice'),
  );
  assert.equal((await client.call('listRuns', {})).total, 0);
});

test('a model can be loaded and unloaded on request, but not under a run', async () => {
  const { client } = await TestDaemon.connected();
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
  const { client } = await TestDaemon.connected();
  const { id: baselineId } = await runToEnd(client, { ...model, iterations: 5 });
  const { id: runId } = await runToEnd(client, { ...model, iterations: 5 });
  const comparison = await client.call('compareRuns', { baselineId, runId });
  assert.equal(comparison.before.file, '#1');
  assert.equal(comparison.after.file, '#2');
  await client.call('deleteRun', { runId });
  await assert.rejects(client.call('getRun', { runId }), refusal('not-found'));
  await assert.rejects(client.call('compareRuns', { baselineId, runId }), refusal('not-found'));
});

test('a list shows the beginning of a long text, and a run has all of it', async () => {
  const { client } = await TestDaemon.connected();
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
  const dataFolder = temporaryFolder();
  const { daemon: first, client } = await TestDaemon.connected({ dataFolder });
  const { id } = await client.call('setSchedule', { settings: schedule(model) });
  await client.call('setSettings', { idleUnloadSeconds: 77 });
  await client.call('shutdown', {});
  assert.deepEqual(await first.ended, { code: 0, signal: null });

  const { client: later } = await TestDaemon.connected({ dataFolder });
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
  await runToEnd(later, { ...model, iterations: 3 });
  assert.equal((await later.call('status', {})).lastCheck?.runId, run.id);
  const { id: long } = await runToEnd(later, { ...model, iterations: 10 });
  assert.equal((await later.call('status', {})).lastCheck?.runId, long);
  assert.equal((await later.call('listSchedules', {})).schedules[0]?.lastRunId, run.id);
});

/** The doctor loads libmlx and eSpeak, in a process of its own. */
test('the doctor is asked through the daemon, which answers others meanwhile', async () => {
  const { client } = await TestDaemon.connected();
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

/** An alert from its first sign to its end: a host whose peak the test sets, and the command line. */
test('a peak that stays up raises one alert, which is told, acknowledged and resolved when the peak is back', async () => {
  const peakFile = join(temporaryFolder(), 'peak');
  const hostEntry = scriptedHost(
    `const { readFileSync } = process.getBuiltinModule('node:fs');
    const peak = () => ({ peakBytes: Number(readFileSync(${JSON.stringify(peakFile)}, 'utf8')) });
    const answers = {
      iterate: ({ parameters }) => ({ ...sample(parameters), ...peak() }),
      memory: () => ({ activeBytes: 1010, cacheBytes: 0, footprintBytes: 2000, ...peak() }),
    };
    process.on('message', (request) => {
      const own = answers[request.method];
      own === undefined ? respond(request) : answer(request, own(request));
    });
    ready();`,
  );
  const { daemon, client } = await TestDaemon.connected({ hostEntry });
  const hourly = { name: 'hourly', timing: { kind: 'every', seconds: 3600 }, warmupIterations: 0 } as const;
  const { id } = await client.call('setSchedule', { settings: { ...schedule(model), ...hourly } });
  const told: Alert[] = [];
  const count = (): number => told.length;
  await client.subscribe('alerts', (alert) => void told.push(alert));
  const check = async (peakBytes: number, times: number): Promise<void> => {
    writeFileSync(peakFile, String(peakBytes));
    for (let time = 0; time < times; time += 1) {
      const run = await client.call('checkNow', { id });
      const { state, reason } = await untilEnded(client, run.id);
      assert.equal(state, 'complete', reason ?? '');
    }
  };
  const { sustainedChecks } = defaultDaemonSettings.alerts;

  await check(100_000_000, levelRule.fewestEarlier);
  await check(130_000_000, sustainedChecks - 1);
  assert.equal(count(), 0, 'a level that has not lasted is no alert');
  await check(130_000_000, 2);
  assert.equal(count(), 1, 'and one that lasts is one, once');
  const [raised] = told;
  assert.equal(raised?.kind, 'peak');
  assert.equal(raised.baseline, 100_000_000);
  assert.equal(raised.observed, 130_000_000);
  assert.equal(raised.runIds.length, sustainedChecks);
  const status = await client.call('status', {});
  assert.deepEqual(status.alerts, { open: 1, acknowledged: 0, latest: raised });

  const environment = { TIDEMARK_HOME: daemon.dataFolder };
  const listed = await runCli(['alerts'], { environment });
  assert.ok(listed.stdout.includes('130.0 MB'), listed.stdout);
  const acknowledged = await runCli(['alerts', 'ack', String(raised.id)], { environment });
  assert.equal(acknowledged.code, 0, acknowledged.stderr);
  assert.equal(told.at(-1)?.state, 'acknowledged');

  await check(100_000_000, sustainedChecks);
  assert.equal(told.at(-1)?.state, 'resolved');
  assert.deepEqual((await client.call('listAlerts', {})).alerts, []);
});
