/** The real daemon as an agent of launchd: what launchd starts, kills and ends, with its definition and nothing else. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import type { ServiceDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { runService } from '../src/service/run-service.ts';
import { thisSystem } from '../src/service/system.ts';
import { runCli } from './cli.ts';
import { FakeMac } from './fake-mac.ts';
import { isAlive, until } from './processes.ts';

const { program, greet, version } = thisSystem();

const realMac = (): FakeMac => new FakeMac({ program, greet, version, sleep: delay });

async function waitForAnother(mac: FakeMac, before: number | undefined): Promise<ServiceDocument> {
  for (let tries = 0; tries < 100; tries += 1) {
    const status = await runService(mac.system, { action: 'status' });
    if (status.state === 'running' && status.pid !== before && status.daemon !== undefined) {
      return status;
    }
    await delay(100);
  }
  throw new Error('no other daemon came up');
}

test('the daemon is installed, answers, is killed and comes back, is restarted, and is removed without a trace', async () => {
  await using mac = realMac();
  const installed = await runService(mac.system, { action: 'install' });
  assert.equal(installed.state, 'running');
  assert.deepEqual(installed.daemon, { pid: installed.pid, version });
  const socketPath = socketPathOf(mac.dataFolder);

  await using client = await DaemonClient.connect({ socketPath, client: { name: 'test', version } });
  const { daemon } = await client.call('status', {});
  assert.equal(daemon.dataFolder, mac.dataFolder);
  assert.equal(daemon.pid, installed.pid);
  assert.equal(statSync(socketPath).mode & 0o777, 0o600);

  process.kill(installed.pid ?? 0, 'SIGKILL');
  const again = await waitForAnother(mac, installed.pid);
  assert.equal(again.runs, 2);

  const restarted = await runService(mac.system, { action: 'restart' });
  assert.equal(restarted.state, 'running');
  assert.ok(!isAlive(again.pid ?? 0));

  const removed = await runService(mac.system, { action: 'uninstall' });
  assert.equal(removed.state, 'not-installed');
  await until(() => !isAlive(restarted.pid ?? 0), 'the daemon has ended');
  assert.ok(!existsSync(socketPath));
  assert.ok(existsSync(join(mac.dataFolder, 'history.sqlite')));
  // Everything it says goes to its own log; what launchd keeps would be rotated by nobody.
  assert.equal(mac.output(), '');
  const { stdout } = await runCli(['logs', '--json'], { environment: { TIDEMARK_HOME: mac.dataFolder } });
  const pids = new Set(
    stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { pid: number }).pid),
  );
  assert.deepEqual([...pids], [installed.pid, again.pid, restarted.pid]);
});

test('a daemon in a terminal is left alone, and said to be in the way', async () => {
  await using mac = realMac();
  const first = await runService(mac.system, { action: 'install' });
  rmSync(join(mac.launchd, 'jobs'), { recursive: true });
  const pid = first.pid ?? 0;
  try {
    await assert.rejects(
      runService(mac.system, { action: 'install' }),
      new RegExp(`Another daemon, process ${pid}`),
    );
    assert.ok(isAlive(pid));
  } finally {
    process.kill(pid, 'SIGTERM');
  }
  const { state } = await waitForAnother(mac, pid);
  assert.equal(state, 'running');
  assert.match(readFileSync(join(mac.dataFolder, 'logs', 'daemon.log'), 'utf8'), /"level":"info"/);
});
