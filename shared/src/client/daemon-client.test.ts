/** The client against a peer that behaves, one that is newer, one that misbehaves, and none at all. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { exampleAlert, exampleProgress, exampleRun, exampleStatus } from '../../test/example-messages.ts';
import { protocolVersion } from '../protocol/daemon/wire.ts';
import { DaemonClient } from './daemon-client.ts';
import type { ConnectOptions } from './daemon-client.ts';
import { DaemonError } from './daemon-error.ts';
import { ScriptedDaemon } from '../../test/scripted-daemon.ts';
import type { Script, ScriptedPeer } from '../../test/scripted-daemon.ts';

const client = { name: 'test', version: '1.2.3' };

const connectTo = (
  { socketPath }: ScriptedDaemon,
  options: Partial<ConnectOptions> = {},
): Promise<DaemonClient> =>
  DaemonClient.connect({ socketPath, client, timeoutMilliseconds: 2000, ...options });

/** That it is a DaemonError with this code, a message that matches, and something to do next. */
const isError =
  (code: string, message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof DaemonError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.hint ?? '', /\.$/);
    return true;
  };

/** Waits for what another side does in its own time. */
async function until(condition: () => boolean): Promise<void> {
  for (const began = performance.now(); !condition();) {
    assert.ok(performance.now() - began < 5000, 'nothing came of it within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('the handshake says who asks, and gives what the daemon says of itself', async () => {
  await using daemon = await ScriptedDaemon.listening();
  await using connection = await connectTo(daemon);
  assert.deepEqual(daemon.requests, [{ id: 0, method: 'hello', parameters: { protocolVersion, client } }]);
  assert.equal(connection.daemon.daemonVersion, '9.8.7');
});

test('answers find their requests in whatever order they come', async () => {
  const waiting: (() => void)[] = [];
  const script: Script = ({ id, parameters }, peer) => {
    const record = exampleRun(parameters['runId'] as number);
    waiting.unshift(() => peer.answer(id, { result: { record, samples: [] } }));
    if (waiting.length === 5) {
      waiting.forEach((answer) => answer());
    }
  };
  await using daemon = await ScriptedDaemon.listening(script);
  await using connection = await connectTo(daemon);
  const details = await Promise.all([1, 2, 3, 4, 5].map((runId) => connection.call('getRun', { runId })));
  assert.deepEqual(
    details.map(({ record }) => record.id),
    [1, 2, 3, 4, 5],
  );
});

test('an error of the daemon comes with its code, number, message and hint', async () => {
  const error = {
    code: 'not-found',
    number: 105,
    message: 'There is no run 9.',
    hint: 'See `tidemark runs`.',
  };
  await using daemon = await ScriptedDaemon.listening(({ id }, peer) => peer.answer(id, { error }));
  await using connection = await connectTo(daemon);
  await assert.rejects(connection.call('deleteRun', { runId: 9 }), (thrown: unknown) => {
    assert.ok(thrown instanceof DaemonError);
    const { code, number, message, hint } = thrown;
    assert.deepEqual({ code, number, message, hint }, error);
    return true;
  });
  assert.ok(connection.isOpen);
});

test('an answer that does not fit the method rejects its call, and the others go on', async () => {
  await using daemon = await ScriptedDaemon.listening(({ id, method }, peer) => {
    peer.answer(id, { result: method === 'status' ? { kind: 'weather' } : {} });
  });
  await using connection = await connectTo(daemon);
  await assert.rejects(connection.call('status', {}), isError('protocol-version', /answer to status/));
  assert.deepEqual(await connection.call('shutdown', {}), {});
});

test('what a newer daemon adds to an answer is left out', async () => {
  await using daemon = await ScriptedDaemon.listening(({ id, method }, peer) => {
    peer.answer(id, {
      result: method === 'status' ? { ...exampleStatus(), weather: 'rain' } : { wasQueued: true },
      took: 3,
    });
  });
  await using connection = await connectTo(daemon);
  assert.deepEqual(await connection.call('status', {}), exampleStatus());
  assert.deepEqual(await connection.call('deleteRun', { runId: 7 }), {});
});

test('a call that is not answered in time rejects, and its late answer disturbs nothing', async () => {
  let late: (() => void) | undefined;
  await using daemon = await ScriptedDaemon.listening(({ id, method }, peer) => {
    if (method === 'status') {
      late = () => peer.answer(id, { result: exampleStatus() });
    } else {
      late?.();
      peer.answer(id, { result: {} });
    }
  });
  await using connection = await connectTo(daemon);
  await assert.rejects(
    connection.call('status', {}, { timeoutMilliseconds: 30 }),
    isError('timeout', /status within 0.03 s/),
  );
  assert.deepEqual(await connection.call('shutdown', {}), {});
});

test('an aborted call rejects with the reason of its signal, before and while it waits', async () => {
  await using daemon = await ScriptedDaemon.listening();
  await using connection = await connectTo(daemon);
  const reason = new Error('not wanted any more');
  const given = new AbortController();
  const call = connection.call('status', {}, { signal: given.signal, timeoutMilliseconds: 0 });
  given.abort(reason);
  await assert.rejects(call, reason);
  await assert.rejects(connection.call('status', {}, { signal: given.signal }), reason);
  await assert.rejects(connectTo(daemon, { signal: given.signal }), reason);
  assert.ok(connection.isOpen);
});

test('a handshake that is aborted or not answered leaves no connection', async () => {
  await using daemon = await ScriptedDaemon.listening();
  const silent = createServer(() => undefined);
  const path = `${daemon.socketPath}-silent`;
  let connections = 0;
  silent.on('connection', (socket) => {
    connections += 1;
    socket.resume().on('close', () => (connections -= 1));
  });
  silent.listen(path);
  await once(silent, 'listening');
  const connect = (options: Partial<ConnectOptions>): Promise<DaemonClient> =>
    DaemonClient.connect({ socketPath: path, client, ...options });
  await assert.rejects(connect({ timeoutMilliseconds: 30 }), isError('timeout', /hello within 0.03 s/));
  await assert.rejects(connect({ signal: AbortSignal.timeout(30) }), { name: 'TimeoutError' });
  await until(() => connections === 0);
  silent.close();
});

test('where nothing listens the error says so, and what to do', async () => {
  const daemon = await ScriptedDaemon.listening();
  await daemon.stop();
  await assert.rejects(connectTo(daemon), isError('no-daemon', /The daemon is not running/));
  writeFileSync(daemon.socketPath, '');
  await assert.rejects(
    connectTo(daemon),
    isError('no-daemon', /daemon\.sock cannot be used: it is not a socket/),
  );
  await daemon[Symbol.asyncDispose]();
});

test('a daemon of another version is refused with what has to be updated', async () => {
  for (const [version, hint] of [
    [protocolVersion - 1, /service restart/],
    [protocolVersion + 1, /Update this client/],
  ] as const) {
    await using daemon = await ScriptedDaemon.listening(() => undefined, version);
    await assert.rejects(connectTo(daemon), (error: unknown) => {
      assert.ok(isError('protocol-version', /9\.8\.7.*1\.2\.3/)(error));
      assert.match((error as DaemonError).hint ?? '', hint);
      return true;
    });
    await until(() => daemon.peers.size === 0);
  }
});

test('open calls reject when the connection ends, and so do later ones', async () => {
  await using daemon = await ScriptedDaemon.listening((_request, peer) => peer.socket.destroy());
  const connection = await connectTo(daemon);
  await assert.rejects(connection.call('status', {}), isError('no-daemon', /is closed/));
  await connection.closed;
  assert.ok(!connection.isOpen);
  await assert.rejects(connection.call('status', {}), isError('no-daemon', /is closed/));
});

test('an error without a request ends the connection, and is what its calls are told', async () => {
  const error = { code: 'bad-request', number: 3, message: 'It cannot be read.', hint: 'Update.' };
  await using daemon = await ScriptedDaemon.listening((_request, peer) => peer.answer(null, { error }));
  const connection = await connectTo(daemon);
  await assert.rejects(connection.call('status', {}), isError('bad-request', /cannot be read/));
  await connection.closed;
});

test('a peer that speaks otherwise ends the connection with an error', async () => {
  for (const words of [
    'HTTP/1.1 400 Bad Request\r\n\f',
    '{"type":"tidemark.request","data":{}}\f',
    '{"type":"error","data":{}}\f',
    '{"type":"tidemark.response","data":{"id":"x"}}\f',
    '{"type":"tidemark.event","data":{"topic":7}}\f',
  ]) {
    await using daemon = await ScriptedDaemon.listening((_request, peer) => peer.socket.write(words));
    const connection = await connectTo(daemon);
    await assert.rejects(connection.call('status', {}), isError('protocol-version', /daemon/), words);
    await connection.closed;
  }
});

test('a request beyond the limit is refused here, and the connection goes on', async () => {
  await using daemon = await ScriptedDaemon.listening(({ id }, peer) => peer.answer(id, { result: {} }));
  await using connection = await connectTo(daemon);
  await assert.rejects(
    connection.call('startProfile', { model: 'bf16', text: 'ə'.repeat(40_000) }),
    isError('bad-request', /startProfile cannot be sent/),
  );
  assert.deepEqual(await connection.call('shutdown', {}), {});
});

test('an answer of 15 MB that comes in small pieces is read in time that grows with its length', async () => {
  const finding = 'x'.repeat(15_000_000);
  await using daemon = await ScriptedDaemon.listening(({ id }, peer) => {
    const frame = JSON.stringify({
      type: 'tidemark.response',
      data: { id, result: { record: exampleRun(7, { finding }), samples: [] } },
    });
    for (let start = 0; start < frame.length; start += 16_384) {
      peer.socket.write(frame.slice(start, start + 16_384));
    }
    peer.socket.write('\f');
  });
  await using connection = await connectTo(daemon);
  const began = performance.now();
  const { record } = await connection.call('getRun', { runId: 7 }, { timeoutMilliseconds: 0 });
  const milliseconds = performance.now() - began;
  assert.equal(record.finding?.length, finding.length);
  // Some 100 ms; searching and measuring everything again with each of its thousand pieces takes 10 s.
  assert.ok(milliseconds < 3000, `${milliseconds} ms`);
});

/** A connection that subscribed to everything, with what it heard, and its peer. */
async function listening(daemon: ScriptedDaemon): Promise<{
  readonly connection: DaemonClient;
  readonly peer: ScriptedPeer;
  readonly heard: unknown[];
}> {
  const connection = await connectTo(daemon);
  const heard: unknown[] = [];
  await connection.subscribe('alerts', (alert) => heard.push(alert));
  const [peer] = daemon.peers;
  assert.ok(peer);
  return { connection, peer, heard };
}

test('listeners are told of their own topic, until they stop', async () => {
  await using daemon = await ScriptedDaemon.listening();
  const { connection, peer, heard } = await listening(daemon);
  const stop = await connection.subscribe('progress', (progress) => heard.push(progress));
  peer.tell('progress', exampleProgress());
  peer.tell('alerts', exampleAlert());
  peer.tell('status', exampleStatus());
  await until(() => heard.length === 2);
  stop();
  peer.tell('progress', exampleProgress());
  peer.tell('alerts', exampleAlert({ id: 4 }));
  await until(() => heard.length === 3);
  assert.deepEqual(heard, [exampleProgress(), exampleAlert(), exampleAlert({ id: 4 })]);
  await until(() => daemon.requests.length === 4);
  assert.deepEqual(
    daemon.requests.slice(1).map(({ parameters }) => parameters['topics']),
    [['alerts'], ['progress', 'alerts'], ['alerts']],
  );
  await connection.close();
});

test('a subscription that the daemon refuses leaves no listener', async () => {
  const error = { code: 'busy', number: 201, message: 'Busy.', hint: 'Wait.' };
  await using daemon = await ScriptedDaemon.listening();
  const { connection, peer, heard } = await listening(daemon);
  peer.answer = (id) => peer.send('tidemark.response', { id, error });
  await assert.rejects(
    connection.subscribe('progress', () => heard.push('heard what was refused')),
    isError('busy', /Busy/),
  );
  peer.tell('progress', exampleProgress());
  peer.tell('alerts', exampleAlert());
  await until(() => heard.length > 0);
  assert.deepEqual(heard, [exampleAlert()]);
  await connection.close();
});

test('a listener that throws becomes a warning, and others and later events are heard', async () => {
  await using daemon = await ScriptedDaemon.listening();
  const { connection, peer, heard } = await listening(daemon);
  await connection.subscribe('progress', () => {
    throw new Error('this listener fails on purpose');
  });
  const warned = Promise.withResolvers<Error>();
  process.once('warning', warned.resolve);
  peer.tell('progress', exampleProgress());
  peer.tell('alerts', exampleAlert());
  await until(() => heard.length === 1);
  assert.equal((await warned.promise).message, 'this listener fails on purpose');
  assert.ok(connection.isOpen);
  await connection.close();
});

test("a newer daemon's topics, and events that cannot be read, end nothing", async () => {
  await using daemon = await ScriptedDaemon.listening();
  const { connection, peer, heard } = await listening(daemon);
  for (const topic of ['weather', '__proto__', 'constructor']) {
    peer.tell(topic, { rain: true });
  }
  peer.tell('alerts', { ...exampleAlert(), kind: 'thunder' });
  peer.tell('alerts', { ...exampleAlert(), colour: 'blue' });
  await until(() => heard.length === 1);
  assert.deepEqual(heard, [exampleAlert()]);
  assert.equal(connection.missedEvents, 0);
  await connection.close();
});

test('events that the daemon left out are counted', async () => {
  await using daemon = await ScriptedDaemon.listening();
  const { connection, peer, heard } = await listening(daemon);
  peer.tell('alerts', exampleAlert(), 0);
  peer.tell('alerts', exampleAlert(), 4);
  await until(() => heard.length === 2);
  assert.equal(connection.missedEvents, 3);
  await connection.close();
});
