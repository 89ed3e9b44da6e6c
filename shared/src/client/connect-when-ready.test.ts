/** Connecting to a daemon that is starting: how long it is waited for, and when it is not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedDaemon } from '../../test/scripted-daemon.ts';
import { protocolVersion } from '../protocol/daemon/wire.ts';
import { connectWhenReady } from './connect-when-ready.ts';

const client = { name: 'test', version: '1' };

test('a daemon that starts late is connected to', async () => {
  await using daemon = new ScriptedDaemon();
  const connecting = connectWhenReady({ socketPath: daemon.socketPath, client }, 5000);
  await new Promise((resolve) => setTimeout(resolve, 150));
  await daemon.listen();
  await using connection = await connecting;
  assert.equal(connection.daemon.protocolVersion, protocolVersion);
});

test('one that does not start in time, or has ended, is given up', async () => {
  await using daemon = new ScriptedDaemon();
  const { socketPath } = daemon;
  await assert.rejects(connectWhenReady({ socketPath, client }, 50), { code: 'no-daemon' });
  let tries = 0;
  const isStarting = (): boolean => (tries += 1) < 3;
  await assert.rejects(connectWhenReady({ socketPath, client }, 60_000, isStarting), { code: 'no-daemon' });
  assert.equal(tries, 3);
});

test('one of another version is not waited for', async () => {
  await using daemon = await ScriptedDaemon.listening(undefined, protocolVersion + 1);
  await assert.rejects(connectWhenReady({ socketPath: daemon.socketPath, client }, 60_000), {
    code: 'protocol-version',
  });
});
