/** The socket's folder and file: for one user alone, and free of what a killed daemon left, but of nothing else. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { client, serving, startedAt } from '../../test/socket-serving.ts';
import { silentLog, stubHandlers } from '../../test/stub-handlers.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { prepareSocketPath } from './socket-file.ts';
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

/** A path that is too long for a socket. */
const longPath = (context: TestContext): string =>
  join(temporaryFolder(context), 'x'.repeat(120), 'run', 'daemon.sock');

const connectTo = (socketPath: string): Promise<DaemonClient> => DaemonClient.connect({ socketPath, client });

test('where the path is too long, clients meet the daemon through a link to a folder with a random name', async (t) => {
  const path = longPath(t);
  const server = await listenOn(path);
  const socket = readlinkSync(path);
  assert.match(socket, /^\/tmp\/tidemark-\w{6}\/daemon\.sock$/);
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(socket)).mode & 0o777, 0o700);
  const { TMPDIR, XDG_RUNTIME_DIR } = process.env;
  try {
    for (const elsewhere of ['/nowhere', temporaryFolder(t), '']) {
      process.env['TMPDIR'] = elsewhere;
      process.env['XDG_RUNTIME_DIR'] = elsewhere;
      await using connection = await connectTo(path);
      assert.equal(connection.daemon.pid, process.pid);
    }
  } finally {
    Object.assign(process.env, { TMPDIR, XDG_RUNTIME_DIR });
    for (const [name, value] of Object.entries({ TMPDIR, XDG_RUNTIME_DIR })) {
      if (value === undefined) {
        Reflect.deleteProperty(process.env, name);
      }
    }
  }
  // Another path to the same folder leads there too, whichever of the two is short.
  const alias = join(temporaryFolder(t), 'alias');
  symlinkSync(dirname(dirname(path)), alias);
  await using connection = await connectTo(join(alias, 'run', 'daemon.sock'));
  assert.equal(connection.daemon.pid, process.pid);
  await server.close();
  assert.equal(lstatSync(path, { throwIfNoEntry: false }), undefined);
  assert.ok(!existsSync(dirname(socket)));
  await assert.rejects(connectTo(path), { code: 'no-daemon', message: 'The daemon is not running.' });
});

test('what a killed daemon left behind its link is used again, and made anew where it is gone or another has taken it', async (t) => {
  const path = longPath(t);
  const first = await prepareSocketPath(path);
  assert.equal((await prepareSocketPath(path)).path, first.path);
  rmSync(dirname(first.path), { recursive: true });
  const second = await prepareSocketPath(path);
  assert.notEqual(second.path, first.path);
  chmodSync(dirname(second.path), 0o777);
  const third = await prepareSocketPath(path);
  assert.notEqual(third.path, second.path);
  assert.equal(readlinkSync(path), third.path);
  second.remove();
  assert.equal(readlinkSync(path), third.path, "another daemon's link stays");
  third.remove();
});

test('a folder for all in which nothing can be made is passed over', async (t) => {
  const path = longPath(t);
  const open = join(temporaryFolder(t), 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  const own = temporaryFolder(t);
  const place = await prepareSocketPath(path, ['/proc', '/nowhere', open, own]);
  assert.ok(place.path.startsWith(own));
  assert.deepEqual(readdirSync(open), []);
  place.remove();
});

test('a link that no daemon left is neither listened behind nor removed', async (t) => {
  for (const path of [newPath(t), longPath(t)]) {
    const other = temporaryFolder(t);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    symlinkSync(join(other, 'daemon.sock'), path);
    await assert.rejects(listenOn(path), { code: 'not-writable', message: /is in the way .* link/ });
    assert.ok(lstatSync(path).isSymbolicLink());
    assert.deepEqual(readdirSync(other), []);
  }
});

test('a link in the place of the folder, and one that all can write to, are refused by daemon and clients', async (t) => {
  const root = temporaryFolder(t);
  const target = join(root, 'target');
  const path = join(target, 'daemon.sock');
  mkdirSync(target, { mode: 0o700 });
  await using server = await listenOn(path);
  assert.equal(server.connections, 0);
  symlinkSync(target, join(root, 'run'));
  const planted = join(root, 'run', 'daemon.sock');
  const why = /run cannot be used: it is a symbolic link/;
  await assert.rejects(listenOn(planted), { code: 'not-writable', message: why });
  await assert.rejects(connectTo(planted), { code: 'no-daemon', message: why });
  for (const folder of [target, root]) {
    chmodSync(folder, 0o777);
    const open = { message: `${folder} cannot be used: all users can write to it.`, hint: /chmod o-w/ };
    await assert.rejects(listenOn(path), open);
    await assert.rejects(connectTo(path), open);
    chmodSync(folder, 0o700);
  }
  await using connection = await connectTo(path);
  assert.equal(connection.daemon.pid, process.pid);
});
