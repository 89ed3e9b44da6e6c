/** What the daemon makes of deaths, hangs, full disks and clocks: real processes, with a small model. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { DaemonError } from '@tidemark/shared/client/daemon-error.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { isAlive, until } from './processes.ts';
import { scriptedHost } from './scripted-host.ts';
import { fillDisk, noMounts, smallDisk } from './small-disk.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { runToEnd, TestDaemon, tinyModel, untilEnded, untilRun } from './test-daemon.ts';

const model = tinyModel();

/** More than is waited for. */
const endless = 100_000;

/** Starts a run that does not end by itself, and waits until it has some samples. */
async function inTheLoop(client: DaemonClient): Promise<{ runId: number; host: number }> {
  const { id: runId } = await client.call('startProfile', { ...model, iterations: endless });
  await untilRun(client, runId, ({ samplesTaken, state }) => samplesTaken >= 3 || state === 'failed');
  const { host } = await client.call('status', {});
  assert.ok(host.pid !== undefined);
  return { runId, host: host.pid };
}

/** A run must come to its end: the daemon is well. */
async function assertWorks(client: DaemonClient): Promise<void> {
  assert.equal((await runToEnd(client, { ...model, iterations: 2 })).samplesTaken, 3);
}

/** Waits until the status is as it should be. */
async function untilStatus(
  client: DaemonClient,
  holds: (status: DaemonStatus) => boolean,
  seconds = 20,
): Promise<DaemonStatus> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const status = await client.call('status', {});
    if (holds(status)) {
      return status;
    }
    assert.ok(Date.now() < end, `not within ${seconds} s: ${JSON.stringify(status.host)}`);
    await delay(50);
  }
}

test('a host that is killed in mid-run leaves an interrupted run with its samples, and the next run works', async () => {
  const { client } = await TestDaemon.connected();
  const { runId, host } = await inTheLoop(client);
  process.kill(host, 'SIGKILL');
  const record = await untilEnded(client, runId);
  assert.equal(record.state, 'interrupted');
  assert.equal(record.signal, 'SIGKILL');
  const { document, samples } = await client.call('getRun', { runId });
  assert.ok(samples.length >= 3 && samples.length === record.samplesTaken);
  assert.equal(document?.kind, 'profile');
  assert.deepEqual(document.iterations, samples);
  assert.deepEqual(document.outcome, { status: 'interrupted', reason: record.reason, signal: 'SIGKILL' });
  const { host: after } = await client.call('status', {});
  assert.equal(after.deaths, 1);
  assert.equal(after.lastDeath?.signal, 'SIGKILL');
  await assertWorks(client);
});

test('a daemon that is killed in mid-run leaves no host, and the next one has the run and does what waited', async () => {
  const dataFolder = temporaryFolder();
  const { daemon: first, client } = await TestDaemon.connected({ dataFolder });
  const { runId, host } = await inTheLoop(client);
  const waiting = await client.call('startProfile', { ...model, iterations: 2 });
  await first.kill('SIGKILL');
  await client.closed;
  await until(() => !isAlive(host), 'the host ends with its daemon');
  assert.ok(existsSync(first.socketPath), 'a killed daemon cannot remove its socket');

  const { client: next } = await TestDaemon.connected({ dataFolder });
  const { record, document, samples } = await next.call('getRun', { runId });
  assert.equal(record.state, 'interrupted');
  assert.equal(document?.kind, 'profile');
  assert.ok(samples.length >= 3);
  assert.equal(document.outcome.status, 'interrupted');
  const done = await untilEnded(next, waiting.id);
  assert.equal(done.state, 'complete', done.reason ?? '');
});

test('a daemon that is told to end in mid-run does so within 5 s, with the run kept and nothing left behind', async () => {
  const dataFolder = temporaryFolder();
  const { daemon, client } = await TestDaemon.connected({ dataFolder });
  const { runId, host } = await inTheLoop(client);
  const startedAt = performance.now();
  daemon.signal('SIGTERM');
  assert.deepEqual(await daemon.ended, { code: 0, signal: null });
  assert.ok(performance.now() - startedAt < 5000);
  assert.ok(!isAlive(host));
  assert.ok(!existsSync(daemon.socketPath));
  assert.deepEqual(readdirSync(join(dataFolder, 'run')), []);
  await client.close();

  const { client: later } = await TestDaemon.connected({ dataFolder });
  const { record, document } = await later.call('getRun', { runId });
  assert.equal(record.state, 'interrupted');
  assert.equal(record.signal, 'SIGTERM');
  assert.equal(document?.kind, 'profile');
});

test('a second daemon of the same data folder says who holds it, and ends', async () => {
  const dataFolder = temporaryFolder();
  const { daemon: first, client } = await TestDaemon.connected({ dataFolder });
  const second = TestDaemon.spawn({ dataFolder });
  assert.equal((await second.ended).code, 1);
  assert.match(
    second.stderr,
    new RegExp(`Another daemon is already running \\(process ${first.pid}, since `),
  );
  assert.equal((await client.call('status', {})).daemon.pid, first.pid);
});

test('a host that hangs in mid-run is found and ended, and the next run works', async () => {
  const { client } = await TestDaemon.connected();
  await client.call('setSettings', { hostTimeoutSeconds: 5 });
  const { runId, host } = await inTheLoop(client);
  // A stopped process is the most thorough hang: it does not even obey SIGTERM.
  process.kill(host, 'SIGSTOP');
  const record = await untilEnded(client, runId);
  assert.equal(record.error?.code, 'host-timeout');
  assert.ok(record.samplesTaken >= 3);
  await until(() => !isAlive(host), 'the hung host is ended');
  await assertWorks(client);
});

test('a host that hangs while it is idle is found by its heart-beat', async () => {
  const { client } = await TestDaemon.connected({
    timing: { heartbeatMilliseconds: 200, heartbeatTimeoutMilliseconds: 500 },
  });
  await assertWorks(client);
  const { host } = await untilStatus(client, (status) => status.host.state === 'idle');
  process.kill(host.pid ?? 0, 'SIGSTOP');
  const { host: after } = await untilStatus(client, (status) => status.host.deaths === 1);
  assert.equal(after.lastDeath?.reason, 'It did not answer while it was idle.');
  assert.ok(!isAlive(host.pid ?? 0));
  await assertWorks(client);
});

test('a host that keeps dying is started again only after a while, and longer after each death', async () => {
  const hostEntry = scriptedHost(
    "ready(); process.on('message', () => process.kill(process.pid, 'SIGABRT'));",
  );
  const firstBackOffMilliseconds = 1000;
  const { client } = await TestDaemon.connected({ hostEntry, timing: { firstBackOffMilliseconds } });
  const waits: number[] = [];
  for (let death = 1; death <= 3; death += 1) {
    const startedAt = performance.now();
    const { id } = await client.call('startProfile', { ...model, iterations: 1 });
    const record = await untilEnded(client, id);
    waits.push(performance.now() - startedAt);
    assert.equal(record.state, 'interrupted');
    assert.equal(record.signal, 'SIGABRT');
    const { host } = await client.call('status', {});
    assert.equal(host.state, 'backing-off');
    assert.equal(host.deaths, death);
  }
  const [, second = 0, third = 0] = waits;
  assert.ok(second > 0.8 * firstBackOffMilliseconds, `${second} ms`);
  assert.ok(third > 1.6 * firstBackOffMilliseconds, `${third} ms`);
});

test('runs of one model share a host, and another model gets a fresh one', async () => {
  const { client } = await TestDaemon.connected();
  const pids: (number | undefined)[] = [];
  for (const each of [model, model, tinyModel()]) {
    const { id } = await client.call('startProfile', { ...each, iterations: 1 });
    await untilEnded(client, id);
    pids.push((await client.call('status', {})).host.pid);
  }
  assert.equal(pids[0], pids[1]);
  assert.notEqual(pids[1], pids[2]);
  assert.ok(!isAlive(pids[0] ?? 0));
});

test('an idle host is let go after the set time, which gives its memory back', async () => {
  const { client } = await TestDaemon.connected();
  await client.call('setSettings', { idleUnloadSeconds: 1 });
  await assertWorks(client);
  const { host } = await client.call('status', {});
  assert.ok(host.pid !== undefined && host.unloadsAt !== undefined);
  await untilStatus(client, (status) => status.host.state === 'none');
  assert.ok(!isAlive(host.pid));
});

test('a run whose host weighs more than the ceiling is ended with that reason', async () => {
  const { client } = await TestDaemon.connected();
  await client.call('setSettings', { memoryCeilingBytes: 20_000_000 });
  const { id } = await client.call('startProfile', { ...model, iterations: endless });
  const record = await untilEnded(client, id);
  assert.equal(record.state, 'failed');
  assert.equal(record.error?.code, 'memory-ceiling');
  await client.call('setSettings', { memoryCeilingBytes: 0 });
  await assertWorks(client);
});

test('a model whose weights alone are beyond the ceiling is refused before it is loaded', async () => {
  const { client } = await TestDaemon.connected();
  await client.call('setSettings', { memoryCeilingBytes: 100_000 });
  const { id } = await client.call('startProfile', { ...model, iterations: 1 });
  const record = await untilEnded(client, id);
  assert.match(record.reason ?? '', /^The weights of .* alone take /);
  assert.equal(record.samplesTaken, 0);
  assert.equal((await client.call('status', {})).host.state, 'none');
});

test('a client that leaves in mid-run loses nothing: the run comes to its end', async () => {
  const { daemon, client } = await TestDaemon.connected();
  const { id } = await client.call('startProfile', { ...model, iterations: 20 });
  await client.close();
  await using later = await daemon.client();
  const record = await untilEnded(later, id);
  assert.equal(record.state, 'complete', record.reason ?? '');
  assert.equal(record.samplesTaken, 21);
});

test('a run that waits and one that is at work can be cancelled, and what was measured is kept', async () => {
  const { client } = await TestDaemon.connected();
  const { runId } = await inTheLoop(client);
  const waiting = await client.call('startProfile', { ...model, iterations: 2 });
  assert.equal((await client.call('cancel', { runId: waiting.id })).state, 'cancelled');
  const cancelled = await client.call('cancel', { runId });
  assert.equal(cancelled.state, 'cancelled');
  assert.equal(cancelled.reason, 'Canceled by test.');
  assert.ok(cancelled.samplesTaken >= 3);
  await assert.rejects(
    client.call('cancel', { runId }),
    (error) => error instanceof DaemonError && error.code === 'busy',
  );
  await assertWorks(client);
  assert.equal((await client.call('status', {})).host.deaths, 0, 'an end that was asked for is no death');
});

test('a clock that jumps in mid-run changes neither the run nor its duration', async () => {
  const { daemon, client } = await TestDaemon.connected();
  for (const hours of [-30, 80]) {
    const { id } = await client.call('startProfile', { ...model, iterations: 10 });
    await untilRun(client, id, ({ samplesTaken }) => samplesTaken >= 2);
    daemon.setClock(hours * 3_600_000);
    const record = await untilEnded(client, id);
    assert.equal(record.state, 'complete', record.reason ?? '');
    const { document } = await client.call('getRun', { runId: id });
    assert.ok(document !== undefined && document.seconds > 0 && document.seconds < 60);
  }
  await assertWorks(client);
});

test('a damaged database is set aside and said, and a new one begun', async () => {
  const dataFolder = temporaryFolder();
  mkdirSync(dataFolder, { recursive: true });
  writeFileSync(join(dataFolder, 'history.sqlite'), 'no database '.repeat(1000));
  const { client } = await TestDaemon.connected({ dataFolder });
  const { notices } = await client.call('status', {});
  assert.match(notices[0]?.message ?? '', /^The history was damaged .* It was moved to /);
  await assertWorks(client);
});

test(
  'a full disk costs no run: what is at work goes on, new ones are refused, and all is written when there is room',
  { skip: noMounts },
  async (t) => {
    const dataFolder = smallDisk(t, 3);
    const { client } = await TestDaemon.connected({ dataFolder });
    const { runId } = await inTheLoop(client);
    const makeRoom = fillDisk(dataFolder, 3);
    await untilStatus(client, ({ notices }) => notices.some(({ message }) => /full/.test(message)));
    await assert.rejects(
      client.call('startProfile', { ...model, iterations: 1 }),
      (error) => error instanceof DaemonError && error.code === 'not-writable',
    );
    const taken = (await client.call('status', {})).current?.record.samplesTaken ?? 0;
    await untilStatus(client, ({ current }) => (current?.record.samplesTaken ?? 0) > taken);
    const cancelled = await client.call('cancel', { runId });
    assert.equal(cancelled.state, 'cancelled');
    makeRoom();
    const record = await untilRun(client, runId, ({ state }) => state === 'cancelled');
    assert.equal(record.samplesTaken, cancelled.samplesTaken);
    await untilStatus(client, ({ notices }) => notices.length === 0);
    await assertWorks(client);
  },
);

test('a read-only data folder is one sentence, and no daemon', { skip: noMounts }, async (t) => {
  const dataFolder = temporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=64k,mode=700', 'tmpfs', dataFolder]);
  t.after(() => execFileSync('umount', ['--lazy', dataFolder]));
  const daemon = TestDaemon.spawn({ dataFolder });
  assert.equal((await daemon.ended).code, 1);
  assert.match(daemon.stderr, /^.* cannot be written: the disk is read-only\.\n$/);
});

test('a data folder whose name no system takes is one sentence, and no daemon', async () => {
  const daemon = TestDaemon.spawn({ dataFolder: join(temporaryFolder(), 'long'.repeat(100)) });
  assert.equal((await daemon.ended).code, 1);
  assert.match(daemon.stderr, /^.* cannot be written: the name is too long\.\n$/);
});
