/** The service on macOS when something goes wrong: what launchd refuses, what crashes, what is in the way. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { FakeMac } from '../../test/fake-mac.ts';
import { isAlive, until } from '../../test/processes.ts';
import { act, serviceError } from '../../test/service-checks.ts';

const target = 'gui/501/dev.tidemark.daemon';

test('a bootstrap that launchd refuses while the label still drains is tried again', async () => {
  await using mac = new FakeMac();
  mac.put('launchd', 'refuse-bootstrap', '5\n5\n36\n');
  assert.equal((await act(mac, 'install')).state, 'running');
  assert.equal(mac.changes().filter((call) => call.startsWith('bootstrap')).length, 4);
});

test('a first installation that launchd refuses leaves nothing behind and says what to look at', async () => {
  await using mac = new FakeMac();
  mac.put('launchd', 'refuse-bootstrap', '5\n5\n5\n5\n5\n5\n5\n');
  await assert.rejects(
    act(mac, 'install'),
    serviceError(/did not load the service: launchd refuses it .*exit code 5/),
  );
  assert.ok(!existsSync(mac.plistPath));
  assert.equal((await act(mac, 'status')).state, 'not-installed');
});

test('an upgrade that launchd refuses puts the older definition back and runs it', async () => {
  await using mac = new FakeMac();
  await act(mac, 'install');
  const older = readFileSync(mac.plistPath, 'utf8').replace('<integer>4096', '<integer>1024');
  writeFileSync(mac.plistPath, older);
  mac.put('launchd', 'refuse-bootstrap', '122\n');
  await assert.rejects(act(mac, 'install'), serviceError(/others may write/));
  assert.equal(readFileSync(mac.plistPath, 'utf8'), older);
  const { state, pid } = await act(mac, 'status');
  assert.equal(state, 'outdated');
  assert.ok(pid !== undefined && isAlive(pid));
});

test('a disabled service is said to be disabled, and starting it enables it', async () => {
  await using mac = new FakeMac();
  await act(mac, 'install');
  await act(mac, 'stop');
  mac.launchctl('disable', target);
  const { state, isDisabled } = await act(mac, 'status');
  assert.deepEqual([state, isDisabled], ['disabled', true]);
  assert.equal(mac.launchctl('bootstrap', 'gui/501', mac.plistPath).exitCode, 119);
  assert.equal((await act(mac, 'start')).state, 'running');
});

test('a daemon that ends at once is told with its exit code and where its words are, and stays installed as crashed', async () => {
  await using mac = new FakeMac();
  mac.put('dataFolder', 'fail', '3');
  await assert.rejects(act(mac, 'install'), (error) => {
    assert.match((error as TidemarkError).hint ?? '', /service logs/);
    return serviceError(/started and ended with exit code 3/)(error);
  });
  const { state, lastExitCode, isInstalled } = await act(mac, 'status');
  assert.deepEqual([state, lastExitCode, isInstalled], ['crashed', 3, true]);
  assert.match(mac.output(), /cannot begin/);
});

test('launchd starts a daemon again that was killed, and not one that ended in good order', async () => {
  await using mac = new FakeMac();
  const { pid: first = 0 } = await act(mac, 'install');
  process.kill(first, 'SIGKILL');
  await until(() => !isAlive(first), 'the daemon is killed');
  const killed = await act(mac, 'status');
  assert.deepEqual([killed.state, killed.lastSignal], ['crashed', 'Killed: 9']);
  let second: number | undefined;
  for (let tries = 0; tries < 40 && second === undefined; tries += 1) {
    second = (await act(mac, 'status')).pid;
    await delay(50);
  }
  assert.ok(second !== undefined && second !== first);
  await until(() => mac.output().split('began').length === 3, 'the second daemon has begun');
  process.kill(second, 'SIGTERM');
  await until(() => !isAlive(second), 'the daemon is ended');
  const ended = await act(mac, 'status');
  assert.deepEqual([ended.state, ended.lastExitCode], ['loaded-not-running', 0]);
});

test('a crashed service is loaded anew when it is started, which ends the wait that failures bring', async () => {
  await using mac = new FakeMac();
  mac.put('dataFolder', 'fail', '1');
  await assert.rejects(act(mac, 'install'));
  rmSync(join(mac.dataFolder, 'fail'));
  assert.equal((await act(mac, 'restart')).state, 'running');
  assert.ok(mac.changes().includes(`bootout ${target}`));
});

test('a daemon that says nothing is told after a while', async () => {
  await using mac = new FakeMac({ sleep: () => Promise.resolve() });
  mac.put('dataFolder', 'mute');
  await assert.rejects(act(mac, 'install'), serviceError(/has not answered within 20 s/));
});

test('a daemon in a terminal that holds the socket is told with its process', async () => {
  await using mac = new FakeMac({ greet: () => Promise.resolve({ pid: 4242, version: '0.1.0' }) });
  mac.put('dataFolder', 'fail', '1');
  await assert.rejects(act(mac, 'install'), serviceError(/Another daemon, process 4242/));
});

test('a daemon of another version that runs is outdated, and a restart is what it needs', async () => {
  await using mac = new FakeMac();
  mac.put('dataFolder', 'version', '0.0.9');
  const { state, hint, daemon } = await act(mac, 'install');
  assert.equal(state, 'outdated');
  assert.equal(daemon?.version, '0.0.9');
  assert.match(hint ?? '', /service restart/);
});

test('where nobody is logged in at the screen, installing waits for the next login and starting says so', async () => {
  await using mac = new FakeMac();
  mac.put('launchd', 'no-session');
  const { state, message } = await act(mac, 'install');
  assert.equal(state, 'installed-not-loaded');
  assert.match(message, /when you log in at the screen/);
  await assert.rejects(act(mac, 'start'), serviceError(/logged in at the screen/));
  assert.equal((await act(mac, 'uninstall')).state, 'not-installed');
});

test('a property list that was deleted while its service runs is told, and uninstalling ends the service', async () => {
  await using mac = new FakeMac();
  const { pid = 0 } = await act(mac, 'install');
  rmSync(mac.plistPath);
  const { state, message } = await act(mac, 'status');
  assert.equal(state, 'not-installed');
  assert.match(message, /its property list is gone/);
  await act(mac, 'uninstall');
  assert.ok(!isAlive(pid));
});

test('what is installed in the place of the property list is replaced, whatever it is', async () => {
  await using mac = new FakeMac();
  mkdirSync(join(mac.plistPath, '..'), { recursive: true });
  writeFileSync(mac.plistPath, '<plist><dict><key>Lab');
  assert.equal((await act(mac, 'status')).state, 'outdated');
  assert.equal((await act(mac, 'install')).state, 'running');
});

test('root is refused before anything is done', async () => {
  await using mac = new FakeMac({ userId: 0 });
  for (const action of ['install', 'uninstall', 'start', 'stop', 'restart'] as const) {
    await assert.rejects(act(mac, action), serviceError(/not installed for root/));
  }
  assert.deepEqual(mac.calls(), []);
});

test('starting and restarting what is not installed says how to install it', async () => {
  await using mac = new FakeMac();
  for (const action of ['start', 'stop', 'restart'] as const) {
    await assert.rejects(act(mac, action), serviceError(/not installed/));
  }
});

test('a folder that the property list cannot be written to is told as such, and nothing is loaded', async () => {
  await using mac = new FakeMac();
  mkdirSync(join(mac.home, 'Library'), { recursive: true });
  writeFileSync(join(mac.home, 'Library', 'LaunchAgents'), 'a file');
  await assert.rejects(act(mac, 'install'), (error) => {
    assert.ok(error instanceof TidemarkError && error.code === 'not-writable');
    assert.match(error.hint ?? '', /is a folder of yours, and that its disk has free space/);
    return true;
  });
  assert.ok(!mac.changes().some((call) => call.startsWith('bootstrap')));
});

test('a Mac without launchctl on PATH is told so', async () => {
  await using mac = new FakeMac({ execute: () => Promise.resolve(undefined) });
  await assert.rejects(act(mac, 'status'), serviceError(/launchctl cannot be run/));
});
