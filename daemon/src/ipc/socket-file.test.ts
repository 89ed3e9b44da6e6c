/** The socket's folder and file: for one user alone, and free of what a killed daemon left, but of nothing else. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { client, serving, startedAt } from '../../test/socket-serving.ts';
import { silentLog, stubHandlers } from '../../test/stub-handlers.ts';
import { SocketServer } from './socket-server.ts';

/** A path for a socket in a new folder, and what listens there as the daemon would. */
async function withPath(
  body: (path: string, listen: () => Promise<SocketServer>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-ipc-'));
  const path = join(folder, 'run', 'daemon.sock');
  mkdirSync(join(folder, 'run'));
  chmodSync(join(folder, 'run'), 0o755);
  try {
    await body(path, () =>
      SocketServer.listen({
        socketPath: path,
        version: '1',
        startedAt,
        handlers: stubHandlers({}),
        log: silentLog,
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the socket is for its user alone, whatever the umask and the folder were', async () => {
  for (const umask of [0o000, 0o777]) {
    const before = process.umask(umask);
    try {
      await using daemon = await serving();
      assert.equal(process.umask(umask), umask);
      assert.equal(statSync(daemon.path).mode & 0o777, 0o600);
      assert.equal(statSync(join(daemon.path, '..')).mode & 0o777, 0o700);
    } finally {
      process.umask(before);
    }
  }
});

test('a socket that a killed daemon left is replaced, and a folder that was open is closed', () =>
  withPath(async (path, listen) => {
    // Node removes a socket's file when it closes, so its name is taken from under it.
    const left = createServer();
    await new Promise((resolve) => left.listen(`${path}.0`, () => resolve(undefined)));
    renameSync(`${path}.0`, path);
    await new Promise((resolve) => left.close(resolve));
    assert.ok(statSync(path).isSocket());
    await using server = await listen();
    assert.equal(server.connections, 0);
    assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
    await using connection = await DaemonClient.connect({ socketPath: path, client });
    assert.equal(connection.daemon.pid, process.pid);
  }));

test('a socket on which something answers is left alone', () =>
  withPath(async (path, listen) => {
    await using first = await listen();
    await assert.rejects(listen(), { code: 'daemon-running', hint: /tidemark status/ });
    await using connection = await DaemonClient.connect({ socketPath: path, client });
    assert.equal(connection.daemon.pid, process.pid);
    assert.equal(first.connections, 1);
  }));

test('a file in the place of the socket is never removed', () =>
  withPath(async (path, listen) => {
    writeFileSync(path, 'something of value');
    await assert.rejects(listen(), { code: 'not-writable', message: /and is none/ });
    assert.ok(existsSync(path));
  }));

test('a folder that cannot be made is an error with what to do', () =>
  withPath(async (path) => {
    writeFileSync(`${path}-file`, '');
    await assert.rejects(
      SocketServer.listen({
        socketPath: join(`${path}-file`, 'daemon.sock'),
        version: '1',
        startedAt,
        handlers: stubHandlers({}),
        log: silentLog,
      }),
      { code: 'not-writable', hint: /TIDEMARK_HOME/ },
    );
  }));
