/** The connection that is kept alive: through a daemon's restarts, its absence, its silence and other versions. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleAlert, exampleStatus } from '../../test/example-messages.ts';
import { protocolVersion } from '../protocol/daemon/wire.ts';
import { ScriptedDaemon } from '../../test/scripted-daemon.ts';
import type { Script } from '../../test/scripted-daemon.ts';
import { watchDaemon } from './watch-daemon.ts';
import type { DaemonWatch, WatchOptions, WatchState } from './watch-daemon.ts';

const answering: Script = ({ id, method }, peer) => {
  if (method === 'status') {
    peer.answer(id, { result: exampleStatus() });
  }
};

interface Watched {
  readonly watch: DaemonWatch;
  readonly states: WatchState[];
  readonly heard: string[];
  /** Waits until the last state is of this kind. */
  readonly reach: (kind: WatchState['kind']) => Promise<void>;
}

function watched({ socketPath }: ScriptedDaemon, options: Partial<WatchOptions> = {}): Watched {
  const states: WatchState[] = [];
  const heard: string[] = [];
  const watch = watchDaemon({
    socketPath,
    client: { name: 'test', version: '1.2.3' },
    timeoutMilliseconds: 1000,
    firstWaitMilliseconds: 5,
    longestWaitMilliseconds: 20,
    onState: (state) => states.push(state),
    on: { status: () => heard.push('status'), alerts: ({ id }) => heard.push(`alert ${id}`) },
    ...options,
  });
  const reach = (kind: WatchState['kind']): Promise<void> => until(() => states.at(-1)?.kind === kind);
  return { watch, states, heard, reach };
}

async function until(condition: () => boolean): Promise<void> {
  for (const began = performance.now(); !condition();) {
    assert.ok(performance.now() - began < 5000, 'nothing came of it within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const kinds = (states: readonly WatchState[]): string[] => states.map(({ kind }) => kind);

test('once connected it is subscribed, has told the status, and gives the client for calls', async () => {
  await using daemon = await ScriptedDaemon.listening(answering);
  const { watch, states, heard, reach } = watched(daemon);
  assert.deepEqual(states, []);
  await reach('connected');
  await until(() => heard.length === 1);
  for (const peer of daemon.peers) {
    peer.tell('alerts', exampleAlert({ id: 5 }));
  }
  await until(() => heard.length === 2);
  assert.deepEqual(heard, ['status', 'alert 5']);
  assert.deepEqual(await watch.client?.call('status', {}), exampleStatus());
  await watch.stop();
  assert.deepEqual(kinds(states), ['connecting', 'connected']);
});

test('after a restart of the daemon it is connected and subscribed again', async () => {
  await using daemon = await ScriptedDaemon.listening(answering);
  const { watch, states, heard, reach } = watched(daemon);
  await reach('connected');
  await daemon.stop();
  await reach('no-daemon');
  assert.equal(watch.client, undefined);
  heard.length = 0;
  await daemon.listen();
  await reach('connected');
  for (const peer of daemon.peers) {
    peer.tell('alerts', exampleAlert({ id: 6 }));
  }
  await until(() => heard.includes('alert 6'));
  await watch.stop();
  assert.deepEqual(kinds(states), ['connecting', 'connected', 'connecting', 'no-daemon', 'connected']);
});

test('a connection that merely breaks is made again', async () => {
  await using daemon = await ScriptedDaemon.listening(answering);
  const { watch, states, reach } = watched(daemon);
  await reach('connected');
  for (const { socket } of daemon.peers) {
    socket.destroy();
  }
  await until(() => states.length === 4);
  await watch.stop();
  assert.deepEqual(kinds(states), ['connecting', 'connected', 'connecting', 'connected']);
});

test('without a daemon it says so once, goes on trying, and tries at once when told to', async () => {
  const daemon = new ScriptedDaemon(answering);
  const waits = { firstWaitMilliseconds: 60_000, longestWaitMilliseconds: 60_000 };
  const patient = watched(daemon, waits);
  const eager = watched(daemon);
  await Promise.all([patient.reach('no-daemon'), eager.reach('no-daemon')]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(kinds(eager.states), ['connecting', 'no-daemon']);
  await daemon.listen();
  await eager.reach('connected');
  assert.deepEqual(kinds(patient.states), ['connecting', 'no-daemon']);
  patient.watch.tryNow();
  await patient.reach('connected');
  await Promise.all([patient.watch.stop(), eager.watch.stop()]);
  await daemon[Symbol.asyncDispose]();
});

test('a daemon of another version is told apart, and is waited out', async () => {
  await using daemon = await ScriptedDaemon.listening(answering, protocolVersion + 1);
  const { watch, states, reach } = watched(daemon);
  await reach('other-version');
  const state = states.at(-1);
  assert.ok(state?.kind === 'other-version');
  assert.equal(state.error.code, 'protocol-version');
  await daemon.stop();
  await reach('no-daemon');
  await daemon.listen(protocolVersion);
  await reach('connected');
  await watch.stop();
});

test('a daemon that falls silent is found out by the heart-beat', async () => {
  let isSilent = false;
  await using daemon = await ScriptedDaemon.listening((request, peer) => {
    if (!isSilent) {
      answering(request, peer);
    }
  });
  const { watch, states, reach } = watched(daemon, { heartbeatMilliseconds: 10, timeoutMilliseconds: 50 });
  await reach('connected');
  isSilent = true;
  await reach('no-daemon');
  const state = states.at(-1);
  assert.ok(state?.kind === 'no-daemon');
  assert.equal(state.error.code, 'timeout');
  isSilent = false;
  await reach('connected');
  await watch.stop();
});

test('the waits between tries double up to the longest, and vary', async () => {
  const asked: number[] = [];
  const daemon = new ScriptedDaemon();
  const began = performance.now();
  const { watch } = watched(daemon, {
    firstWaitMilliseconds: 20,
    longestWaitMilliseconds: 80,
    random: () => {
      asked.push(performance.now() - began);
      return 0.5;
    },
  });
  await until(() => asked.length === 6);
  await watch.stop();
  // Three quarters of 20, 40, 80, 80 and 80 ms.
  const waits = asked.slice(1).map((moment, index) => moment - (asked[index] ?? 0));
  for (const [index, least] of [15, 30, 60, 60, 60].entries()) {
    assert.ok((waits[index] ?? 0) >= least - 1, waits.join());
  }
  assert.ok((waits[4] ?? 0) < 1000);
  await daemon[Symbol.asyncDispose]();
});

test('stop ends the connection, at any moment, and nothing is told afterwards', async () => {
  await using daemon = await ScriptedDaemon.listening(answering);
  for (const delay of [0, 1, 2, 4, 8, 30]) {
    const { watch, states, heard } = watched(daemon);
    await new Promise((resolve) => setTimeout(resolve, delay));
    await watch.stop();
    const before = [states.length, heard.length];
    for (const peer of daemon.peers) {
      peer.tell('alerts', exampleAlert());
    }
    await until(() => daemon.peers.size === 0);
    assert.deepEqual([states.length, heard.length], before);
  }
});

test('it can be stopped from within its own callbacks', async () => {
  await using daemon = await ScriptedDaemon.listening(answering);
  for (const at of ['connecting', 'connected'] as const) {
    const states: string[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const { watch } = watched(daemon, {
      onState: ({ kind }) => {
        states.push(kind);
        if (kind === at) {
          void watch.stop().then(() => resolve(undefined));
        }
      },
    });
    const began = performance.now();
    await promise;
    assert.ok(performance.now() - began < 1000);
    assert.equal(states.at(-1), at);
  }
});

test('a callback that throws becomes a warning, and the watch goes on', async () => {
  await using daemon = await ScriptedDaemon.listening(answering);
  const warnings: string[] = [];
  const onWarning = ({ message }: Error): void => {
    warnings.push(message);
  };
  process.on('warning', onWarning);
  let statuses = 0;
  const { watch } = watched(daemon, {
    heartbeatMilliseconds: 10,
    onState: () => {
      throw new Error('onState fails on purpose');
    },
    on: {
      status: () => {
        statuses += 1;
        throw new Error('status fails on purpose');
      },
    },
  });
  await until(() => statuses >= 3 && warnings.length >= 5);
  await watch.stop();
  process.off('warning', onWarning);
  assert.deepEqual([...new Set(warnings)].toSorted(), [
    'onState fails on purpose',
    'status fails on purpose',
  ]);
});
