/** The socket's folder and file: for one user alone, and free of what a killed daemon left, but of nothing else. */

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { client, serving, startedAt } from '../../test/socket-serving.ts';
import { silentLog, stubHandlers } from '../../test/stub-handlers.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { SocketServer } from './socket-server.ts';

/** A path for a socket in a new folder that is open to others. */
function newPath(context: TestContext): string {
  const run = join(temporaryFolder(context), 'run');
  mkdirSync(run);
  chmodSync(run, 0o755);
  return join(run, 'daemon.sock');
}

const listenOn = (socketPath: string): Promise<SocketServer> =>
  SocketServer.listen({ socketPath, version: '1', startedAt, handlers: stubHandlers({}), log: silentLog });

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

test('a socket that a killed daemon left is replaced, and a folder that was open is closed', async (t) => {
  const path = newPath(t);
  // Node removes a socket's file when it closes, so its name is taken from under it.
  const left = createServer();
  await new Promise((resolve) => left.listen(`${path}.0`, () => resolve(undefined)));
  renameSync(`${path}.0`, path);
  await new Promise((resolve) => left.close(resolve));
  assert.ok(statSync(path).isSocket());
  await using server = await listenOn(path);
  assert.equal(server.connections, 0);
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
  await using connection = await DaemonClient.connect({ socketPath: path, client });
  assert.equal(connection.daemon.pid, process.pid);
});

test('a socket on which something answers is left alone', async (t) => {
  const path = newPath(t);
  await using first = await listenOn(path);
  await assert.rejects(listenOn(path), { code: 'daemon-running', hint: /tidemark status/ });
  await using connection = await DaemonClient.connect({ socketPath: path, client });
  assert.equal(connection.daemon.pid, process.pid);
  assert.equal(first.connections, 1);
});

test('a file in the place of the socket is never removed', async (t) => {
  const path = newPath(t);
  writeFileSync(path, 'something of value');
  await assert.rejects(listenOn(path), { code: 'not-writable', message: /it is not a socket/ });
  assert.ok(existsSync(path));
});

test('a folder that cannot be made is an error with what to do', async (t) => {
  const path = newPath(t);
  writeFileSync(`${path}-file`, '');
  await assert.rejects(listenOn(join(`${path}-file`, 'daemon.sock')), {
    code: 'not-writable',
    hint: /TIDEMARK_HOME/,
  });
});
