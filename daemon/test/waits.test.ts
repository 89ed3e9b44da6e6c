/** What the daemon waits for: a process that hangs is given up, and what a client waits for can be canceled. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { cliOver, startCli } from './cli.ts';
import { childrenOf, isAlive, stopChildOf, until } from './processes.ts';
import { runToEnd, TestDaemon, tinyModel, untilEnded } from './test-daemon.ts';

const skip = existsSync('/proc/self/task')
  ? false
  : 'processes are found by /proc, which this system has not';
const model = tinyModel();
const asked = { model: model.model, voice: model.voice };
const endless = { timeoutMilliseconds: 0 };
const preparing = 'prepare-process';

/** Asks for the model, and stops the process that prepares it. */
async function loadThatHangs(
  daemon: TestDaemon,
  client: DaemonClient,
): Promise<{ readonly load: Promise<unknown>; readonly child: number }> {
  const load = client.call('load', asked, endless);
  load.catch(() => undefined);
  return { load, child: await stopChildOf(daemon.pid, preparing) };
}

test(
  'a preparation that is stopped fails its run after a time without a sign of life, and the next run works',
  { skip },
  async () => {
    const { daemon, client } = await TestDaemon.connected({ silenceSeconds: 2 });
    const { id } = await client.call('startProfile', { ...model, iterations: 1 });
    const child = await stopChildOf(daemon.pid, preparing);
    const record = await untilEnded(client, id, 20);
    assert.equal(record.state, 'failed');
    assert.equal(record.error?.code, 'build-failed');
    assert.match(
      record.reason ?? '',
      /^The process that prepares the run showed no sign of life for 2\.0+ s/,
    );
    assert.match(record.error.hint ?? '', /\.$/);
    await until(() => !isAlive(child));
    await runToEnd(client, { ...model, iterations: 1 });
  },
);

test('a load whose preparation hangs fails in the same way', { skip }, async () => {
  const { daemon, client } = await TestDaemon.connected({ silenceSeconds: 2 });
  const { load, child } = await loadThatHangs(daemon, client);
  await assert.rejects(load, { code: 'build-failed', message: /no sign of life/ });
  assert.ok(!isAlive(child));
  assert.equal((await client.call('load', asked, endless)).state, 'idle');
});

test(
  'a load is canceled by unloading, from another client too, and what is queued behind it runs',
  { skip },
  async () => {
    const { daemon, client } = await TestDaemon.connected();
    const { load, child } = await loadThatHangs(daemon, client);
    const { id } = await client.call('startProfile', { ...model, iterations: 1 });
    await using other = await daemon.client();
    // Where the queued run has begun by then, the host is its own.
    await other.call('unload', {}, endless).catch((error: unknown) => {
      assert.equal((error as { code: string }).code, 'busy');
    });
    await assert.rejects(load, { code: 'interrupted', message: /^Canceled / });
    assert.ok(!isAlive(child));
    assert.equal((await untilEnded(client, id)).state, 'complete');
  },
);

test('a run is canceled while its preparation hangs', { skip }, async () => {
  const { daemon, client } = await TestDaemon.connected();
  const { id } = await client.call('startProfile', { ...model, iterations: 1 });
  const child = await stopChildOf(daemon.pid, preparing);
  assert.equal((await client.call('cancel', { runId: id })).state, 'cancelled');
  assert.ok(!isAlive(child));
});

test('a daemon ends while a preparation hangs, and leaves no process', { skip }, async () => {
  const { daemon, client } = await TestDaemon.connected();
  const { child } = await loadThatHangs(daemon, client);
  await daemon.kill('SIGTERM');
  await until(() => !isAlive(child));
});

test('Ctrl-C in `tidemark load` cancels the load in the daemon', { skip }, async () => {
  const { daemon, client } = await TestDaemon.connected();
  const environment = { TIDEMARK_HOME: daemon.dataFolder };
  const loading = startCli(['load', model.model, '--voice', model.voice], { environment });
  const child = await stopChildOf(daemon.pid, preparing);
  loading.child.kill('SIGINT');
  const { code, stderr } = await loading.finished;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /canceling the load\. Press Ctrl-C again/);
  assert.ok(!isAlive(child));
  assert.equal((await client.call('status', {})).host.state, 'none');
  assert.equal((await cliOver(daemon.dataFolder)(['unload'])).stdout, 'No model was loaded.\n');
});

test('twelve clients that ask for the doctor at once get the answer of one process', { skip }, async () => {
  const { daemon } = await TestDaemon.connected();
  const clients = await Promise.all(Array.from({ length: 12 }, () => daemon.client()));
  const answers = clients.map((client) => client.call('doctor', {}, { timeoutMilliseconds: 100_000 }));
  const child = await stopChildOf(daemon.pid, 'doctor-process');
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual(childrenOf(daemon.pid, 'doctor-process'), [child]);
  // One that goes away takes it from nobody else.
  const [, second] = clients;
  const gone = assert.rejects(answers[1] ?? Promise.resolve());
  await second?.close();
  await gone;
  process.kill(child, 'SIGCONT');
  const documents = await Promise.all(answers.filter((_, index) => index !== 1));
  assert.deepEqual(new Set(documents.map(({ checkedAt }) => checkedAt)).size, 1);
  await Promise.all(clients.map((client) => client.close()));
});

test('a client that goes away ends its doctor', { skip }, async () => {
  const { daemon, client } = await TestDaemon.connected();
  const doctor = client.call('doctor', {}, endless);
  doctor.catch(() => undefined);
  const child = await stopChildOf(daemon.pid, 'doctor-process');
  await client.close();
  await until(() => !isAlive(child));
  assert.deepEqual(childrenOf(daemon.pid, 'doctor-process'), []);
});
