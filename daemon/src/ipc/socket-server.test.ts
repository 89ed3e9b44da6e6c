/** The daemon's socket: its handshake, its answers, its errors, and what it tells. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { exampleAlert, exampleRun, exampleStatus } from '@tidemark/shared/test/example-messages.ts';
import { protocolVersion, wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';
import { until } from '../../test/processes.ts';
import { helloOf, RawClient, requestOf } from '../../test/raw-client.ts';
import { client, connectTo, serving, startedAt } from '../../test/socket-serving.ts';
import { keptLog } from '../../test/stub-handlers.ts';

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
  assert.deepEqual(lines, [
    'error: A request failed because of a defect.',
    'error: Could not send an answer.',
  ]);
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
    ['getRun', { runId: 'seven' }, /getRun are invalid: "runId" is wrong, .*Expected number/],
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
