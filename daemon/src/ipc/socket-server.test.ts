/** The daemon's socket: its handshake, its answers and errors, what it tells, and what it makes of its folder. */

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
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { exampleAlert, exampleRun, exampleStatus } from '@tidemark/shared/protocol/daemon/examples.ts';
import { protocolVersion, wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';
import { frameOf, helloOf, RawClient, requestOf } from '../../test/raw-client.ts';
import { keptLog, silentLog, stubHandlers } from '../../test/stub-handlers.ts';
import { SocketServer } from './socket-server.ts';
import type { Handlers } from './socket-server.ts';
import type { SocketServerOptions } from './socket-server.ts';

const startedAt = '2026-11-24T10:00:00.000Z';

interface Serving extends AsyncDisposable {
  readonly server: SocketServer;
  readonly path: string;
}

async function serving(
  handlers: Partial<Handlers> = {},
  options: Partial<SocketServerOptions> = {},
): Promise<Serving> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-ipc-'));
  const path = join(folder, 'run', 'daemon.sock');
  const server = await SocketServer.listen({
    socketPath: path,
    version: '9.8.7',
    startedAt,
    handlers: stubHandlers({ status: () => exampleStatus(), ...handlers }),
    log: silentLog,
    ...options,
  });
  const end = async (): Promise<void> => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { server, path, [Symbol.asyncDispose]: end };
}

const client = { name: 'test', version: '1' };
const connectTo = ({ path }: Serving): Promise<DaemonClient> =>
  DaemonClient.connect({ socketPath: path, client });

async function until(condition: () => boolean): Promise<void> {
  for (const began = performance.now(); !condition();) {
    assert.ok(performance.now() - began < 5000, 'nothing came of it within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('the handshake tells the version, the process and the beginning of the daemon', async () => {
  await using daemon = await serving();
  await using connection = await connectTo(daemon);
  assert.deepEqual(connection.daemon, {
    protocolVersion,
    daemonVersion: '9.8.7',
    pid: process.pid,
    startedAt,
  });
});

test('a handshake of any version is answered, and what follows one of another version is refused', async () => {
  await using daemon = await serving();
  for (const version of [0, protocolVersion + 1]) {
    await using raw = await RawClient.connect(daemon.path);
    // What a later version's handshake holds beside its version is not known here.
    raw.send(requestOf(0, 'hello', { protocolVersion: version, caller: ['new', 'shape'] }));
    raw.send(requestOf(1, 'status'));
    assert.ok((await raw.answer(0)).result);
    const { error } = await raw.answer(1);
    assert.equal(error?.number, 2);
    assert.equal(error.code, 'protocol-version');
  }
});

test('nothing is done before the handshake', async () => {
  await using daemon = await serving();
  await using raw = await RawClient.connect(daemon.path);
  raw.send(
    requestOf(1, 'status') + requestOf(2, 'weather') + requestOf(3, 'subscribe', { topics: ['status'] }),
  );
  for (const id of [1, 2, 3]) {
    const { error } = await raw.answer(id);
    assert.equal(error?.number, 3);
    assert.match(error.message, /before the handshake/);
  }
  assert.equal(daemon.server.listeners('status'), 0);
  raw.send(helloOf());
  assert.ok((await raw.answer(0)).result);
});

test('whoever says no hello in time is let go', async () => {
  await using daemon = await serving({}, { limits: { helloMilliseconds: 30 } });
  await using raw = await RawClient.connect(daemon.path);
  await raw.closed;
  assert.match(raw.answers[0]?.error?.message ?? '', /no handshake came within 0\.03 s/);
  await using good = await RawClient.greeted(daemon.path);
  await new Promise((resolve) => setTimeout(resolve, 60));
  good.send(requestOf(1, 'status'));
  assert.ok((await good.answer(1)).result);
});

test('a handler is given the parameters, who asks, and a signal that ends with the connection', async () => {
  let signal: AbortSignal | undefined;
  await using daemon = await serving({
    deleteRun: ({ runId }, context) => {
      assert.equal(runId, 7);
      assert.deepEqual(context.client, client);
      signal = context.signal;
      return {};
    },
  });
  const connection = await connectTo(daemon);
  assert.deepEqual(await connection.call('deleteRun', { runId: 7 }), {});
  assert.equal(signal?.aborted, false);
  await connection.close();
  await until(() => signal?.aborted === true);
});

test('a client that goes in the middle of its request aborts it, and takes nothing else with it', async () => {
  const { log, lines } = keptLog();
  let isAborted = false;
  await using daemon = await serving(
    {
      doctor: (_parameters, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            isAborted = true;
            reject(signal.reason as Error);
          });
        }),
    },
    { log },
  );
  const raw = await RawClient.greeted(daemon.path);
  raw.send(requestOf(1, 'doctor') + requestOf(2, 'status'));
  await raw.answer(2);
  await raw.close();
  await until(() => isAborted && daemon.server.connections === 0);
  await using connection = await connectTo(daemon);
  assert.deepEqual(await connection.call('status', {}), exampleStatus());
  assert.deepEqual(lines, []);
});

test('answers come as their handlers are done, not in the order of the requests', async () => {
  const gate = Promise.withResolvers<undefined>();
  await using daemon = await serving({
    cancel: async ({ runId }) => {
      await gate.promise;
      return exampleRun(runId);
    },
  });
  await using connection = await connectTo(daemon);
  const cancelled = connection.call('cancel', { runId: 7 });
  assert.deepEqual(await connection.call('status', {}), exampleStatus());
  gate.resolve(undefined);
  assert.equal((await cancelled).id, 7);
});

test("a handler's error comes with its code, number and hint, thrown at once or later", async () => {
  const missing = new TidemarkError('not-found', 'There is no run 9.', { hint: 'See `tidemark runs`.' });
  await using daemon = await serving({
    deleteRun: () => {
      throw missing;
    },
    cancel: () => Promise.reject(missing),
  });
  await using connection = await connectTo(daemon);
  for (const method of ['deleteRun', 'cancel'] as const) {
    await assert.rejects(connection.call(method, { runId: 9 }), {
      code: 'not-found',
      number: 105,
      message: 'There is no run 9.',
      hint: 'See `tidemark runs`.',
    });
  }
});

test('a defect in a handler is an internal error for its client, and is logged', async () => {
  const { log, lines } = keptLog();
  await using daemon = await serving(
    {
      deleteRun: () => {
        throw new TypeError('x is not y');
      },
      // As a defect would: it cannot be made JSON of.
      listAlerts: () => ({ alerts: [1n] as never }),
    },
    { log },
  );
  await using connection = await connectTo(daemon);
  const internal = { code: 'internal', number: 900 };
  await assert.rejects(connection.call('deleteRun', { runId: 9 }), { ...internal, message: 'x is not y' });
  await assert.rejects(connection.call('listAlerts', {}), internal);
  assert.deepEqual(await connection.call('status', {}), exampleStatus());
  assert.deepEqual(lines, ['error: A request failed by a defect.', 'error: An answer cannot be sent.']);
});

test('an answer that is too large is an error for its client alone', async () => {
  await using daemon = await serving({
    deleteRun: () => ({ filler: 'x'.repeat(wireLimits.responseBytes) }),
  });
  await using connection = await connectTo(daemon);
  await assert.rejects(connection.call('deleteRun', { runId: 9 }), {
    code: 'internal',
    message: /cannot be sent.*maxMessageSize/,
  });
  assert.deepEqual(await connection.call('status', {}), exampleStatus());
});

test('parameters that are wrong are refused with their place, in one short sentence', async () => {
  await using daemon = await serving();
  await using raw = await RawClient.greeted(daemon.path);
  const cases: readonly (readonly [method: string, parameters: unknown, message: RegExp])[] = [
    ['getRun', { runId: 'seven' }, /getRun cannot be taken: "runId" is wrong, .*Expected number/],
    ['getRun', { runId: 7, colour: 1 }, /"colour" is wrong/],
    ['startProfile', { model: 'x'.repeat(60_000) }, /"model" is wrong/],
    ['setSchedule', { settings: { timing: { kind: 'never' } } }, /"settings\./],
    ['status', [1], /"0" is wrong/],
    ['status', 'x', /"parameters" is wrong/],
  ];
  for (const [index, [method, parameters, message]] of cases.entries()) {
    raw.send(requestOf(index + 1, method, parameters));
    const { error } = await raw.answer(index + 1);
    assert.equal(error?.number, 3);
    assert.match(error.message, message);
    assert.ok(error.message.length < 400, `${error.message.length} characters`);
  }
});

test('methods that are none are refused, the names that every object has among them', async () => {
  await using daemon = await serving();
  await using raw = await RawClient.greeted(daemon.path);
  for (const [index, method] of ['weather', '__proto__', 'constructor', 'toString'].entries()) {
    raw.send(requestOf(index + 1, method));
    const { error } = await raw.answer(index + 1);
    assert.match(error?.message ?? '', /has no method/);
  }
});

test('two open requests of one connection cannot have the same id, and only so many are open', async () => {
  const gate = Promise.withResolvers<object>();
  await using daemon = await serving({ deleteRun: () => gate.promise }, { limits: { requestsInFlight: 3 } });
  await using raw = await RawClient.greeted(daemon.path);
  raw.send(requestOf(1, 'deleteRun', { runId: 1 }) + requestOf(1, 'status'));
  assert.match((await raw.answer(1)).error?.message ?? '', /id 1 is that of another one/);
  for (const id of [2, 3, 4]) {
    raw.send(requestOf(id, 'deleteRun', { runId: 1 }));
  }
  assert.equal((await raw.answer(4)).error?.code, 'busy');
  gate.resolve({});
  assert.ok((await raw.answer(3)).result);
  raw.send(requestOf(5, 'status'));
  assert.ok((await raw.answer(5)).result);
});

test('what is no frame is answered with a number, and ends its connection only', async () => {
  await using daemon = await serving();
  await using good = await connectTo(daemon);
  for (const words of [
    'not JSON\f',
    '[]\f',
    'null\f',
    '{}\f',
    frameOf('weather', {}),
    frameOf('__proto__', {}),
    frameOf('error', {}),
    frameOf('tidemark.response', { id: 1, result: {} }),
    frameOf('tidemark.fault', {}),
    frameOf('tidemark.request', null),
    frameOf('tidemark.request', { id: 'x', method: 'status' }),
    `${'['.repeat(60_000)}\f`,
    'x'.repeat(70_000),
    requestOf(1, 'status', { filler: 'x'.repeat(66_000) }),
  ]) {
    await using raw = await RawClient.greeted(daemon.path);
    raw.send(words);
    await raw.closed;
    const { error } = await raw.answer(null);
    assert.equal(error?.number, 3, words.slice(0, 50));
    assert.match(error.message, /cannot be read/);
    assert.deepEqual(await good.call('status', {}), exampleStatus());
  }
});

test('a frame whose rest does not come in time ends its connection, however it drips', async () => {
  await using daemon = await serving({}, { limits: { messageMilliseconds: 100 } });
  await using raw = await RawClient.greeted(daemon.path);
  raw.send('{"type":"tide');
  const drip = setInterval(() => raw.send('m'), 10);
  await raw.closed;
  clearInterval(drip);
  assert.match(raw.answers.at(-1)?.error?.message ?? '', /its rest did not come within 0\.1 s/);
});

test('a client that is always in the middle of a next frame is served for as long as it goes on', async () => {
  await using daemon = await serving({}, { limits: { messageMilliseconds: 60 } });
  await using raw = await RawClient.greeted(daemon.path);
  const frame = requestOf(1, 'status');
  raw.send(frame.slice(0, 10));
  for (let round = 0; round < 20; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    raw.send(frame.slice(10) + frame.slice(0, 10));
  }
  await until(() => raw.answers.length === 21);
  assert.ok(raw.answers.every(({ error }) => error === undefined));
});

test('a flood of requests on one connection is answered in full and in order, and others have their turn', async () => {
  await using daemon = await serving();
  await using flood = await RawClient.greeted(daemon.path);
  await using good = await connectTo(daemon);
  const ids = Array.from({ length: 5000 }, (_, index) => index + 1);
  flood.send(ids.map((id) => requestOf(id, 'status')).join(''));
  const waits: number[] = [];
  while (flood.answers.length < ids.length + 1) {
    const began = performance.now();
    await good.call('status', {});
    waits.push(performance.now() - began);
  }
  assert.deepEqual(
    flood.answers.slice(1).map(({ id }) => id),
    ids,
  );
  assert.ok(waits.length > 5, `only ${waits.length} answers meanwhile`);
});

test('events go to those who subscribed, numbered for each connection', async () => {
  await using daemon = await serving();
  await using first = await RawClient.greeted(daemon.path);
  await using second = await RawClient.greeted(daemon.path);
  first.send(requestOf(1, 'subscribe', { topics: ['alerts', 'status'] }));
  second.send(requestOf(1, 'subscribe', { topics: ['alerts'] }));
  await Promise.all([first.answer(1), second.answer(1)]);
  assert.equal(daemon.server.listeners('alerts'), 2);
  assert.equal(daemon.server.listeners('status'), 1);
  assert.equal(daemon.server.listeners('progress'), 0);
  daemon.server.publish('status', exampleStatus());
  daemon.server.publish('alerts', exampleAlert());
  first.send(requestOf(2, 'subscribe', { topics: [] }));
  await first.answer(2);
  daemon.server.publish('alerts', exampleAlert({ id: 4 }));
  await until(() => second.received.filter(({ type }) => type === 'tidemark.event').length === 2);
  const events = (raw: RawClient): unknown[] =>
    raw.received.filter(({ type }) => type === 'tidemark.event').map(({ data }) => data);
  assert.deepEqual(events(first), [
    { topic: 'status', sequence: 0, data: exampleStatus() },
    { topic: 'alerts', sequence: 1, data: exampleAlert() },
  ]);
  assert.deepEqual(events(second), [
    { topic: 'alerts', sequence: 0, data: exampleAlert() },
    { topic: 'alerts', sequence: 1, data: exampleAlert({ id: 4 }) },
  ]);
});

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

test('closing answers what is open, flushes what was answered, and removes the socket', async () => {
  const daemon = await serving({ deleteRun: () => new Promise(() => undefined), shutdown: () => ({}) });
  await using raw = await RawClient.greeted(daemon.path);
  raw.send(requestOf(1, 'deleteRun', { runId: 1 }) + requestOf(2, 'shutdown'));
  await raw.answer(2);
  await Promise.all([daemon.server.close(), daemon.server.close()]);
  assert.ok(!existsSync(daemon.path));
  await raw.closed;
  assert.equal((await raw.answer(1)).error?.code, 'shutting-down');
  await assert.rejects(connectTo(daemon), { code: 'no-daemon' });
  await daemon[Symbol.asyncDispose]();
});

test('closing waits for no client that does not read', async () => {
  const daemon = await serving({ deleteRun: () => ({ filler: 'x'.repeat(8_000_000) }) });
  await using raw = await RawClient.greeted(daemon.path);
  raw.socket.pause();
  raw.send(requestOf(1, 'deleteRun', { runId: 1 }));
  await until(() => daemon.server.connections === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const began = performance.now();
  await daemon.server.close();
  assert.ok(performance.now() - began < 3000);
  raw.socket.resume();
  await daemon[Symbol.asyncDispose]();
});

test('more connections than allowed are let go, and those that are there are served', async () => {
  const { log, lines } = keptLog();
  await using daemon = await serving({}, { maxConnections: 3, log });
  const clients = [];
  for (let index = 0; index < 3; index += 1) {
    clients.push(await connectTo(daemon));
  }
  for (let index = 0; index < 5; index += 1) {
    await assert.rejects(connectTo(daemon), { code: 'no-daemon' });
  }
  for (const connection of clients) {
    assert.deepEqual(await connection.call('status', {}), exampleStatus());
    await connection.close();
  }
  assert.deepEqual(lines, ['warn: There are too many connections; new ones are let go.']);
  await until(() => daemon.server.connections === 0);
  await (await connectTo(daemon)).close();
});

test('a client that stops reading is let go when too much waits for it', async () => {
  const gate = Promise.withResolvers<object>();
  let asked = 0;
  await using daemon = await serving({
    deleteRun: () => {
      asked += 1;
      return gate.promise;
    },
  });
  await using raw = await RawClient.greeted(daemon.path);
  raw.socket.pause();
  for (let id = 1; id <= 40; id += 1) {
    raw.send(requestOf(id, 'deleteRun', { runId: 1 }));
  }
  await until(() => asked === 40);
  gate.resolve({ filler: 'x'.repeat(1_000_000) });
  await until(() => daemon.server.connections === 0);
  raw.socket.resume();
});

test('nothing more is asked of the daemon for a client that does not read what it was answered', async () => {
  let asked = 0;
  await using daemon = await serving({
    deleteRun: () => {
      asked += 1;
      return { filler: 'x'.repeat(1_000_000) };
    },
  });
  await using raw = await RawClient.greeted(daemon.path);
  raw.socket.pause();
  for (let id = 1; id <= 40; id += 1) {
    raw.send(requestOf(id, 'deleteRun', { runId: 1 }));
  }
  await until(() => asked > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(asked < 10, `${asked} requests were worked on`);
  raw.socket.resume();
  await until(() => raw.answers.length === 41);
});

test('a client that reads nothing for too long is let go, and hears no status meanwhile', async () => {
  const { log, lines } = keptLog();
  await using daemon = await serving(
    { deleteRun: () => ({ filler: 'x'.repeat(4_000_000) }) },
    { limits: { stallMilliseconds: 150 }, log },
  );
  await using raw = await RawClient.greeted(daemon.path);
  raw.send(requestOf(1, 'subscribe', { topics: ['status', 'alerts'] }));
  await raw.answer(1);
  raw.socket.pause();
  raw.send(requestOf(2, 'deleteRun', { runId: 1 }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (let index = 0; index < 100; index += 1) {
    daemon.server.publish('status', exampleStatus());
  }
  await until(() => daemon.server.connections === 0);
  assert.deepEqual(lines, ['warn: A client that stopped reading was let go.']);
  raw.socket.resume();
  await raw.closed;
  assert.ok(!raw.received.some(({ type }) => type === 'tidemark.event'));
});
