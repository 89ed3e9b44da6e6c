/** What clients are told of a run whose end cannot be written: real daemons, with disks that are full or fail. */

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import type { RunProgress } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { until } from './processes.ts';
import { failCalls, fillDisk, noMounts, noTracing, smallDisk } from './small-disk.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { TestDaemon, tinyModel, untilRun } from './test-daemon.ts';

const model = tinyModel();
const megabytes = 3;

interface Followed {
  readonly runId: number;
  readonly ends: () => RunProgress[];
  readonly troubles: () => RunProgress[];
}

/** Starts a run of a second or so, and waits until it has some samples. */
async function followed(client: DaemonClient, iterations = 150): Promise<Followed> {
  const events: RunProgress[] = [];
  await client.subscribe('progress', (progress) => events.push(progress));
  const { id: runId } = await client.call('startProfile', { ...model, iterations });
  await untilRun(client, runId, ({ samplesTaken }) => samplesTaken >= 2);
  const of = (kind: string) => () =>
    events.filter((event) => event.runId === runId && event.step.kind === kind);
  return { runId, ends: of('ended'), troubles: of('trouble') };
}

/** A daemon with a run that has ended, and whose end the disk has no room for. */
async function endedOnFullDisk(context: TestContext) {
  const dataFolder = smallDisk(context, megabytes);
  const { daemon, client } = await TestDaemon.connected({ dataFolder });
  const { runId, ends, troubles } = await followed(client);
  const makeRoom = fillDisk(dataFolder, megabytes);
  await until(() => troubles().length > 0, 'the run says that it cannot be saved', 60);
  return { dataFolder, daemon, runId, ends, makeRoom };
}

const stateOf = async (client: DaemonClient, runId: number) =>
  (await client.call('getRun', { runId, document: false, samples: 0 })).record.state;

const messages = async (client: DaemonClient) =>
  (await client.call('status', {})).notices.map(({ message }) => message);

test(
  'a run that ends on a full disk is told complete when it is on the disk, and not before',
  { skip: noMounts },
  async (context) => {
    const dataFolder = smallDisk(context, megabytes);
    const { daemon, client } = await TestDaemon.connected({ dataFolder });
    const { runId, ends, troubles } = await followed(client);
    const next = await client.call('startProfile', { ...model, iterations: 1 });
    const makeRoom = fillDisk(dataFolder, megabytes);
    await until(() => troubles().length > 0, 'the run says that it cannot be saved', 60);
    const [trouble] = troubles();
    assert.match(JSON.stringify(trouble), /has ended, but it cannot be saved yet.*not-writable/);
    assert.ok((await messages(client)).some((each) => each.startsWith(`Run #${runId} has ended, but`)));
    // Longer than until the next attempt.
    await delay(6000);
    assert.deepEqual(ends(), []);
    assert.equal(await stateOf(client, runId), 'running');
    assert.equal(await stateOf(client, next.id), 'queued', 'nothing else begins meanwhile');
    await assert.rejects(client.call('cancel', { runId }), {
      code: 'busy',
      message: /already ended \(complete\)/,
    });
    await assert.rejects(client.call('cancel', { runId: next.id }), { code: 'not-writable' });
    makeRoom();
    await until(() => ends().length > 0, 'its end', 60);
    await daemon.kill('SIGKILL');
    const { client: later } = await TestDaemon.connected({ dataFolder });
    const { record, document, samples } = await later.call('getRun', { runId });
    assert.equal(record.state, 'complete');
    assert.equal(samples.length, 151);
    assert.equal(document?.kind, 'profile');
    assert.ok((record.seconds ?? 0) < 60);
    await untilRun(later, next.id, ({ state }) => state === 'complete' || state === 'interrupted');
    assert.deepEqual(await messages(later), []);
  },
);

test(
  'a daemon that stops on a full disk tells that the end of a run is not saved, and ends',
  { skip: noMounts },
  async (context) => {
    const { dataFolder, daemon, runId, ends, makeRoom } = await endedOnFullDisk(context);
    daemon.signal('SIGTERM');
    assert.equal((await daemon.ended).code, 0);
    const [end] = ends();
    assert.ok(end?.step.kind === 'ended');
    assert.equal(end.step.record.state, 'interrupted');
    assert.equal(end.step.record.unsaved, true);
    makeRoom();
    const { client: later } = await TestDaemon.connected({ dataFolder });
    const { record } = await later.call('getRun', { runId });
    assert.equal(record.state, 'interrupted');
    assert.ok(record.samplesTaken >= 2);
  },
);

test(
  'what is in memory is written at the stop where there is room by then',
  { skip: noMounts },
  async (context) => {
    const { dataFolder, daemon, runId, ends, makeRoom } = await endedOnFullDisk(context);
    makeRoom();
    daemon.signal('SIGTERM');
    assert.equal((await daemon.ended).code, 0);
    assert.match(JSON.stringify(ends()), /"state":"complete"/);
    const { client: later } = await TestDaemon.connected({ dataFolder });
    assert.equal(await stateOf(later, runId), 'complete');
  },
);

for (const [calls, error] of [
  ['fdatasync,fsync', 'EIO'],
  ['pwrite64', 'EIO'],
  ['pwrite64', 'ENOSPC'],
] as const) {
  test(
    `a run whose end meets ${error} on ${calls} is told when it is written`,
    { skip: noTracing },
    async (context) => {
      const dataFolder = temporaryFolder(context);
      const { daemon, client } = await TestDaemon.connected({ dataFolder });
      const { runId, ends, troubles } = await followed(client, 100);
      const file = join(dataFolder, 'history.sqlite');
      const restore = await failCalls(daemon.pid, calls, error, [file, `${file}-wal`]);
      await until(() => troubles().length > 0, 'the run says that it cannot be saved', 60);
      assert.deepEqual(ends(), []);
      await restore();
      await until(() => ends().length > 0, 'its end', 60);
      await daemon.kill('SIGKILL');
      const { client: later } = await TestDaemon.connected({ dataFolder });
      const { record, samples } = await later.call('getRun', { runId });
      assert.equal(record.state, 'complete');
      assert.equal(samples.length, 101);
    },
  );
}

test('a run whose history is removed while it runs is kept in the new one, under its number', async (context) => {
  const dataFolder = temporaryFolder(context);
  const { client } = await TestDaemon.connected({ dataFolder });
  const first = await followed(client, 5);
  await until(() => first.ends().length > 0, 'the end of the first', 60);
  const { runId, ends } = await followed(client, 40);
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(join(dataFolder, `history.sqlite${suffix}`), { force: true });
  }
  await until(() => ends().length > 0, 'its end', 60);
  assert.match(JSON.stringify(ends()), /"state":"complete"/);
  const { record, document, samples } = await client.call('getRun', { runId });
  assert.equal(record.state, 'complete');
  assert.equal(document?.kind, 'profile');
  assert.equal(samples.length, 41);
});
