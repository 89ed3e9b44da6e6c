/** Clients by the thousand, clients that go away or stop reading, and other users, against the daemon's socket. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { exampleStatus } from '@tidemark/shared/test/example-messages.ts';
import { RawClient, requestOf } from './raw-client.ts';
import { SocketProcess } from './socket-process.ts';

const client = { name: 'test', version: '1' };

const connectTo = ({ socketPath }: SocketProcess): Promise<DaemonClient> =>
  DaemonClient.connect({ socketPath, client, timeoutMilliseconds: 20_000 });

/** A client that asks for the status all the while, until it is stopped. Gives how often and the longest wait. */
function asking(connection: DaemonClient): { stop: () => Promise<{ answers: number; longest: number }> } {
  const stopping = new AbortController();
  const done = (async () => {
    let answers = 0;
    let longest = 0;
    while (!stopping.signal.aborted) {
      const began = performance.now();
      assert.deepEqual(await connection.call('status', {}), exampleStatus());
      longest = Math.max(longest, performance.now() - began);
      answers += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { answers, longest };
  })();
  return {
    stop: () => {
      stopping.abort();
      return done;
    },
  };
}

/** Waits for the process to be as it should; the last report is in the error where it does not become so. */
async function until(
  daemon: SocketProcess,
  isAsExpected: (report: Awaited<ReturnType<SocketProcess['report']>>) => boolean,
): Promise<void> {
  const began = performance.now();
  for (;;) {
    const report = await daemon.report();
    if (isAsExpected(report)) {
      return;
    }
    assert.ok(performance.now() - began < 10_000, JSON.stringify(report));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a thousand clients at once are all answered, a good one beside them too, and nothing is left of them', async () => {
  await using daemon = await SocketProcess.start();
  await using good = await connectTo(daemon);
  const before = await daemon.report();
  const { stop } = asking(good);
  const clients = await Promise.all(Array.from({ length: 1000 }, () => connectTo(daemon)));
  assert.equal((await daemon.report()).connections, 1001);
  for (let round = 0; round < 5; round += 1) {
    const answers = await Promise.all(clients.map((each) => each.call('listRuns', { limit: 10 })));
    assert.equal(answers.filter(({ total }) => total === 0).length, 1000);
  }
  await Promise.all(clients.map((each) => each.close()));
  const served = await stop();
  // It shares this process's turns with the thousand.
  assert.ok(served.answers >= 5, `${served.answers} answers`);
  await until(
    daemon,
    ({ connections, openDescriptors }) => connections === 1 && openDescriptors === before.openDescriptors,
  );
});

test('clients that come while the daemon accepts nobody have their turn once it does', async () => {
  await using daemon = await SocketProcess.start();
  process.kill(daemon.pid, 'SIGSTOP');
  // More than the 511 that the system keeps waiting.
  const connecting = Promise.all(Array.from({ length: 700 }, () => connectTo(daemon)));
  // Where one fails, the process goes on all the same.
  connecting.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 100));
  process.kill(daemon.pid, 'SIGCONT');
  const clients = await connecting;
  assert.equal((await daemon.report()).connections, 700);
  await Promise.all(clients.map((each) => each.close()));
});

test('a client that stops reading costs little memory, and the others wait for nothing', async () => {
  await using daemon = await SocketProcess.start();
  await using good = await connectTo(daemon);
  const before = await daemon.report();
  await using stopped = await RawClient.greeted(daemon.socketPath);
  stopped.socket.pause();
  const { stop } = asking(good);
  // Answers of 100 MB in all.
  for (let id = 1; id <= 100; id += 1) {
    stopped.send(requestOf(id, 'deleteRun', { runId: 1 }));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const during = await daemon.report();
  const served = await stop();
  assert.ok(served.answers > 10);
  const grown = during.heapBytes + during.externalBytes - before.heapBytes - before.externalBytes;
  assert.ok(grown < 10_000_000, `${grown} bytes more than before`);
  // Once it reads, it gets everything.
  stopped.socket.resume();
  await stopped.answer(100);
  assert.equal(stopped.answers.length, 101);
});

test('clients that go in the middle of a request, of a frame or of an answer leave nothing behind', async () => {
  await using daemon = await SocketProcess.start();
  await using good = await connectTo(daemon);
  const before = await daemon.report();
  const { stop } = asking(good);
  for (let round = 0; round < 100; round += 1) {
    const [asks, writes, reads] = await Promise.all([
      RawClient.greeted(daemon.socketPath),
      RawClient.greeted(daemon.socketPath),
      RawClient.greeted(daemon.socketPath),
    ]);
    asks.send(requestOf(1, 'doctor') + requestOf(2, 'status'));
    await asks.answer(2);
    writes.send(requestOf(1, 'status').slice(0, 20));
    reads.send(requestOf(1, 'deleteRun', { runId: 1 }));
    await Promise.all([asks.close(), writes.close(), reads.close()]);
  }
  await until(
    daemon,
    ({ connections, openDescriptors, abortedRequests }) =>
      connections === 1 && openDescriptors === before.openDescriptors && abortedRequests === 100,
  );
  assert.ok((await stop()).answers > 10);
  assert.deepEqual((await daemon.report()).logLines, []);
});

const isRoot = process.getuid?.() === 0;

test(
  'another user cannot connect',
  { skip: isRoot ? false : 'only root can act as another user; the modes are tested beside the server' },
  async () => {
    await using daemon = await SocketProcess.start();
    // So that it is the daemon's own folder and socket that shut others out, not what a test's folder is by itself.
    chmodSync(dirname(dirname(daemon.socketPath)), 0o755);
    const program = `
      const socket = require('node:net').connect(process.argv[1]);
      socket.on('connect', () => { console.log('connected'); socket.destroy(); });
      socket.on('error', ({ code }) => console.log(code));
    `;
    const connectAs = async (uid: number): Promise<string> => {
      const { stdout } = await promisify(execFile)(process.execPath, ['-e', program, daemon.socketPath], {
        uid,
        gid: uid,
        cwd: '/',
        env: {},
      });
      return stdout.trim();
    };
    assert.equal(await connectAs(0), 'connected');
    assert.equal(await connectAs(65_534), 'EACCES');
    // The socket's own mode holds where the folder would not.
    chmodSync(dirname(daemon.socketPath), 0o755);
    assert.equal(await connectAs(65_534), 'EACCES');
  },
);
