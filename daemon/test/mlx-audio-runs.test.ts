/** What is built on a model host, with mlx-audio as the engine: the daemon's runs and schedules, a study, and the self-test. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { engineOf, studiesOf } from '@tidemark/shared/protocol/study-document.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import type { ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { resolveSubject } from '../src/models/resolve.ts';
import type { Subject } from '../src/profiler/profile.ts';
import { plantsOf, runSelftest } from '../src/profiler/selftest.ts';
import { settleSettings } from '../src/profiler/settings.ts';
import { runStudies, settingsFor } from '../src/profiler/engine-studies.ts';
import { xray } from '../src/models/xray/xray.ts';
import { runningHosts } from '../src/host/host-processes.ts';
import type { Engine } from '../src/host/transport.ts';
import { isAlive } from './processes.ts';
import { runToEnd, TestDaemon, untilEnded, untilRun } from './test-daemon.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { testEngine } from './test-models.ts';
import { writeTinyKokoro } from './tiny-kokoro.ts';

let engine: Engine;
const dataFolder = temporaryFolder();
const bf16 = join(dataFolder, 'bf16');
const packed = join(dataFolder, '4bit-fp32');
const voice = 'af_tiny';
const request = () => ({ engine: 'mlx-audio' as const, python: engine.python, voice, phonemes: 'a' });

before(async () => {
  engine = await testEngine();
  writeTinyKokoro(bf16, { forMlxAudio: true, dtype: 'bfloat16' });
  writeTinyKokoro(packed, { forMlxAudio: true, bits: 4 });
});

const find = async (model: string): Promise<Subject> => ({
  ...(await resolveSubject(model, voice, { dataFolder })),
  engine,
});

const loop = (iterations: number) => ({
  iterations,
  warmupIterations: 1,
  seed: 0,
  speed: 1,
  deterministic: false,
});

const settings = (iterations: number) => settleSettings({ ...request(), ...loop(iterations) });

test('the daemon asks both engines for a study, which is a run of either, and names the one that cannot be had before any work', async () => {
  const { client } = await TestDaemon.connected();
  const parameters = { voice, phonemes: 'a', models: [bf16], iterations: 2, explain: false };
  const engines: EngineName[] = ['tidemark', 'mlx-audio'];
  const begun = await client.call('startStudy', { ...parameters, engines, python: engine.python });
  assert.deepEqual(begun.workload, { engines });
  const ended = await untilEnded(client, begun.id, 300);
  assert.deepEqual([ended.state, ended.samplesTaken], ['complete', 6]);
  for (const each of engines) {
    const { runs } = await client.call('listRuns', { engine: each, kind: 'study' });
    assert.deepEqual(
      runs.map(({ id }) => id),
      [begun.id],
    );
  }
  const { document } = await client.call('getRun', { runId: begun.id });
  assert.deepEqual(document?.kind === 'study' && studiesOf(document).map(engineOf), engines);

  const missing = { ...parameters, engines, python: join(dataFolder, 'no-python') };
  const refused = await untilEnded(client, (await client.call('startStudy', missing)).id, 300);
  assert.deepEqual([refused.state, refused.error?.code, refused.samplesTaken], ['failed', 'python', 0]);
  await assert.rejects(
    client.call('startStudy', { ...missing, engines: ['mlx-audio', 'mlx-audio'] }),
    /twice/,
  );
});

test('the daemon runs mlx-audio in the Python that is set, and the run’s document says in which', async () => {
  const { client } = await TestDaemon.connected();
  await client.call('setSettings', { python: engine.python });
  const { id } = await runToEnd(client, {
    engine: 'mlx-audio',
    voice,
    text: 'a',
    model: bf16,
    iterations: 2,
  });
  const { document } = await client.call('getRun', { runId: id });
  assert.ok(document?.kind === 'profile');
  assert.equal(document.settings.python, engine.python);
  assert.equal(document.settings.phonemesFrom, 'tidemark');
});

test('the daemon runs mlx-audio in the host that it keeps, says so in the history, and cancels it', async () => {
  const { client } = await TestDaemon.connected();
  const first = await runToEnd(client, { ...request(), model: bf16, iterations: 2 });
  assert.equal(first.workload?.engine, 'mlx-audio');
  const { pid, engine: loadedIn } = (await client.call('status', {})).host;
  assert.equal(loadedIn, 'mlx-audio');
  await runToEnd(client, { ...request(), model: bf16, iterations: 2 });
  assert.equal((await client.call('status', {})).host.pid, pid);
  assert.ok((await runningHosts()).some((host) => host.pid === pid));
  const { document } = await client.call('getRun', { runId: first.id });
  assert.equal(document?.kind === 'profile' && document.versions.packages?.['mlx-audio'], '0.6.2');

  // Another engine is another host, with the same model.
  await runToEnd(client, { model: bf16, voice, phonemes: 'a', iterations: 2 });
  const own = (await client.call('status', {})).host;
  assert.notEqual(own.pid, pid);
  assert.equal(own.engine, undefined);
  assert.ok(!isAlive(pid ?? 0));

  const long = await client.call('startProfile', { ...request(), model: bf16, iterations: 1000 });
  await untilRun(client, long.id, ({ samplesTaken }) => samplesTaken > 1);
  const running = (await client.call('status', {})).host.pid ?? 0;
  const cancelled = await client.call('cancel', { runId: long.id });
  assert.equal(cancelled.state, 'cancelled');
  assert.ok(!isAlive(running));
  assert.ok((await client.call('getRun', { runId: long.id })).samples.length > 1);

  const killed = await client.call('startProfile', { ...request(), model: bf16, iterations: 1000 });
  await untilRun(client, killed.id, ({ samplesTaken }) => samplesTaken > 1);
  process.kill((await client.call('status', {})).host.pid ?? 0, 'SIGKILL');
  const ended = await untilEnded(client, killed.id);
  assert.deepEqual([ended.state, ended.signal], ['interrupted', 'SIGKILL']);
});

test('a schedule checks mlx-audio, and what the engine cannot do is refused before there is a run', async () => {
  const { client } = await TestDaemon.connected();
  const schedule: ScheduleSettings = {
    ...{ engine: 'mlx-audio', python: engine.python },
    ...{ name: 'mlx-audio', timing: { kind: 'every', seconds: 3600 }, model: bf16, voice, text: 'A' },
    ...{ iterations: 2, warmupIterations: 1, jitterSeconds: 0, paused: false },
    ...{ skipOnBattery: false, skipInLowPowerMode: false },
  };
  const { id } = await client.call('setSchedule', { settings: schedule });
  const [listed] = (await client.call('listSchedules', {})).schedules;
  assert.equal(listed?.engine, 'mlx-audio');
  const check = await untilEnded(client, (await client.call('checkNow', { id })).id);
  assert.equal(check.workload?.engine, 'mlx-audio');
  assert.equal(check.trigger.kind, 'schedule');
  for (const change of [{ deterministic: true }, { attribute: 'stages' as const }]) {
    await assert.rejects(client.call('startProfile', { ...request(), ...change, model: bf16 }), /cannot/);
  }
  await assert.rejects(
    client.call('startProfile', { model: bf16, python: engine.python }),
    /Tidemark’s own engine/,
  );
});

test('a client learns before a run whether its engine can be had, and why not', async () => {
  const { client } = await TestDaemon.connected();
  assert.deepEqual((await client.call('models', {})).engines, ['tidemark', 'mlx-audio']);
  const check = (python?: string) => client.call('checkEngine', { engine: 'mlx-audio', python });
  assert.deepEqual(await check(engine.python), {});
  assert.deepEqual(await client.call('checkEngine', {}), {});
  const folder = temporaryFolder();
  const broken = join(folder, 'python');
  writeFileSync(broken, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
  await assert.rejects(check(join(folder, 'none')), /There is no program at .*none/);
  await assert.rejects(check(broken), /exited with code 3 before mlx-audio was loaded/);
  await client.call('setSettings', { python: broken });
  await assert.rejects(check(), /exited with code 3 before mlx-audio was loaded/);
  assert.deepEqual(await check(engine.python), {});
});

test('a study of both engines finds the float32 rest in each, agrees on it, and says what mlx-audio could not test', async () => {
  const settled = await settleSettings({ ...loop(6), voice, phonemes: 'a' });
  const own = { settings: settled, engine: undefined };
  const other = { settings: settingsFor(settled, request()), engine };
  const document = await runStudies([bf16, packed], [own, other], {
    find: (model) => resolveSubject(model, voice, { dataFolder }),
    examine: ({ model }) => xray(model.folder, { dataFolder }),
  });
  assert.equal(document.outcome, 'complete');
  const [agreement, ...more] = document.agreements ?? [];
  assert.deepEqual(more, []);
  assert.equal(agreement?.status, 'agree');
  assert.match(agreement.sentence, /float32 left in the rest, .* in tidemark and .* in mlx-audio/);
  assert.match(agreement.notes.join(' '), /Not tested, which is no disagreement: .* in mlx-audio\.$/);
  for (const { isAnomaly, remainderBytes, difference } of agreement.anomalies) {
    assert.ok(isAnomaly && Math.abs(remainderBytes) < 0.1 * difference.estimate, String(remainderBytes));
  }
  assert.match(document.conclusion, /^The engines agree on the cause of the anomaly/);
  const [theirs] = document.otherEngines ?? [];
  const { evidence, explanations } = theirs?.answer ?? assert.fail('there is no answer');
  assert.equal(evidence.engine, 'mlx-audio');
  const [explanation] = explanations;
  assert.equal(explanation?.model, packed);
  const statuses = new Map(explanation.verdicts.map((each) => [each.hypothesis, each]));
  assert.equal(statuses.get('float32-rest')?.status, 'supported');
  assert.equal(statuses.get('unequal-work')?.status, 'refuted');
  for (const [hypothesis, intervention] of [
    ['float32-activations', 'bfloat16-activations'],
    ['one-lazy-graph', 'stage-wise'],
    ['weight-norm-temporaries', 'fused-weight-norm'],
  ] as const) {
    const verdict = statuses.get(hypothesis);
    assert.equal(verdict?.status, 'not-tested');
    assert.match(verdict.sentence, new RegExp(`network of mlx-audio cannot be given ${intervention}`));
  }
  const measured = new Set(
    evidence.arms.filter(({ model }) => model === packed).map((arm) => arm.intervention),
  );
  for (const each of [
    'rest-bfloat16',
    'dense',
    'dense-bfloat16',
    'frozen-durations',
    'narrow-evaluation',
  ] as const) {
    assert.ok(measured.has(each), each);
  }
  assert.equal(evidence.unreset.length, 1);
  assert.ok((evidence.layers[packed] ?? []).length > 10);
});

test('the self-test plants in Python what the leak rule must find there, and what it must leave alone', async () => {
  const kinds = [
    'tensor-16-kibibytes',
    'python-object',
    'reference-cycle',
    'growing-cache',
    'bounded-cache',
  ] as const;
  const { plants, outcome } = await runSelftest(plantsOf('mlx-audio', kinds), await find(bf16), {
    ...(await settings(10)),
    pythonHeap: true,
  });
  assert.deepEqual(
    plants.map(({ plant, result, reason }) => [plant, result, reason]),
    kinds.map((kind) => [kind, 'as-expected', undefined]),
  );
  assert.equal(outcome, 'passed');
  for (const { plant, leaks } of plants) {
    const heap = leaks.find(({ channel }) => channel === 'pythonHeapBytes');
    // A handle of an array is less than what the rule takes for noise there.
    const isLeak = plant === 'python-object';
    assert.equal(heap?.status === 'leak', isLeak, plant);
    const [first] = heap?.sites ?? [];
    assert.equal(first !== undefined && /planter\.py$/.test(first.file) && first.count >= 20, isLeak, plant);
  }
  assert.throws(() => plantsOf('mlx-audio', ['javascript-object']), /has no plant javascript-object/);
});
