/** What the daemon's socket does with clients that say nonsense, too much, too little, or that do not listen. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProgress, exampleStatus } from '@tidemark/shared/test/example-messages.ts';
import { until } from '../../test/processes.ts';
import { frameOf, RawClient, requestOf } from '../../test/raw-client.ts';
import { connectTo, serving } from '../../test/socket-serving.ts';
import { keptLog } from '../../test/stub-handlers.ts';

test('whoever says no hello in time is let go', async () => {
  await using daemon = await serving({}, { limits: { helloMilliseconds: 30 } });
  await using raw = await RawClient.connect(daemon.path);
  await raw.closed;
  assert.match(raw.answers[0]?.error?.message ?? '', /no handshake arrived within 0\.03 s/);
  await using good = await RawClient.greeted(daemon.path);
  await new Promise((resolve) => setTimeout(resolve, 60));
  good.send(requestOf(1, 'status'));
  assert.ok((await good.answer(1)).result);
});

test('two open requests of one connection cannot have the same id, and only so many are open', async () => {
  const gate = Promise.withResolvers<object>();
  await using daemon = await serving({ deleteRun: () => gate.promise }, { limits: { requestsInFlight: 3 } });
  await using raw = await RawClient.greeted(daemon.path);
  raw.send(requestOf(1, 'deleteRun', { runId: 1 }) + requestOf(1, 'status'));
  assert.match((await raw.answer(1)).error?.message ?? '', /another pending request has the same id 1/);
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
  assert.match(raw.answers.at(-1)?.error?.message ?? '', /the rest of it did not arrive within 0\.1 s/);
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
    // There is a daemon: none is to be started, and nothing is measured beside it.
    await assert.rejects(connectTo(daemon), { code: 'busy', message: /closed the connection at once/ });
  }
  for (const connection of clients) {
    assert.deepEqual(await connection.call('status', {}), exampleStatus());
    await connection.close();
  }
  assert.deepEqual(lines, ['warn: Too many connections; new ones are refused.']);
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
  assert.deepEqual(lines, ['warn: Disconnected a client that stopped reading.']);
  raw.socket.resume();
  await raw.closed;
  assert.ok(!raw.received.some(({ type }) => type === 'tidemark.event'));
});

test('a hundred subscribers that never read are let go, each with a line in the log, and what they were told is not kept', async () => {
  const { log, lines } = keptLog();
  await using daemon = await serving({}, { log });
  await using good = await connectTo(daemon);
  let heard = 0;
  await good.subscribe('progress', () => void (heard += 1));
  const stalled = await Promise.all(Array.from({ length: 100 }, () => RawClient.greeted(daemon.path)));
  for (const raw of stalled) {
    raw.send(requestOf(1, 'subscribe', { topics: ['progress', 'status'] }));
    await raw.answer(1);
    raw.socket.pause();
  }
  const before = process.memoryUsage.rss();
  const step = { kind: 'preparing', message: 'x'.repeat(20_000) } as const;
  const published = 200;
  for (let index = 0; index < published; index += 1) {
    daemon.server.publish('progress', { ...exampleProgress(), step });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => daemon.server.connections === 1);
  await until(() => heard === published);
  const letGo = lines.filter((line) => line.includes('Disconnected a client that does not keep up.'));
  assert.equal(letGo.length, 100);
  // 400 MB were published for them, of which half a megabyte each is kept at most.
  assert.ok(process.memoryUsage.rss() - before < 200e6, `${(process.memoryUsage.rss() - before) / 1e6} MB`);
  await Promise.all(stalled.map((raw) => raw[Symbol.asyncDispose]()));
});
