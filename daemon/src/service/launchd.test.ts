/** The service on macOS, from installation to removal, against a launchctl with the documented states and exit codes. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { serviceDocument } from '@tidemark/shared/protocol/service-document.ts';
import type { ServiceDocument } from '@tidemark/shared/protocol/service-document.ts';
import { FakeMac } from '../../test/fake-mac.ts';
import { isAlive, until } from '../../test/processes.ts';
import { runService } from './run-service.ts';
import type { ServiceRequest } from './run-service.ts';

const target = 'gui/501/dev.tidemark.daemon';

async function run(
  mac: FakeMac,
  action: ServiceRequest['action'],
  more: Partial<ServiceRequest> = {},
): Promise<ServiceDocument> {
  const document = await runService(mac.system, { action, ...more });
  assert.deepEqual(v.parse(serviceDocument, document), document);
  return document;
}

test('the whole of it works with launchctl as a command on PATH, too', async () => {
  await using mac = new FakeMac();
  const system = mac.throughCommands;
  const stateAfter = async (action: ServiceRequest['action']): Promise<string> =>
    (await runService(system, { action })).state;
  assert.equal(await stateAfter('install'), 'running');
  assert.equal(await stateAfter('status'), 'running');
  assert.equal(await stateAfter('restart'), 'running');
  assert.equal(await stateAfter('uninstall'), 'not-installed');
});

const serviceError = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TidemarkError, String(error));
  assert.equal(error.code, 'service');
  assert.match(error.message, message);
  assert.ok(error.hint !== undefined && error.hint !== '');
  return true;
};

test('a service that nobody installed is said to be not installed, and nothing is changed by asking', async () => {
  await using mac = new FakeMac();
  const { state, isInstalled, isLoaded, hint } = await run(mac, 'status');
  assert.deepEqual([state, isInstalled, isLoaded], ['not-installed', false, false]);
  assert.match(hint ?? '', /tidemark service install/);
  assert.deepEqual(mac.changes(), []);
  assert.ok(!existsSync(mac.plistPath));
});

test('installing writes the property list, loads it, and waits until the daemon answers', async () => {
  await using mac = new FakeMac();
  const { state, pid, daemon, steps } = await run(mac, 'install');
  assert.equal(state, 'running');
  assert.ok(pid !== undefined && isAlive(pid));
  assert.deepEqual(daemon, { pid, version: '0.1.0' });
  assert.deepEqual(mac.changes(), [`enable ${target}`, `bootstrap gui/501 ${mac.plistPath}`]);
  assert.ok(steps.some((step) => step.kind === 'write' && step.path === mac.plistPath && step.done));
  assert.equal(statSync(mac.plistPath).mode & 0o777, 0o600);
  assert.equal(statSync(join(mac.dataFolder, 'logs')).mode & 0o777, 0o700);
  assert.match(mac.output(), /began in \/ as daemon/);
  // What the daemon writes without saying for whom.
  assert.equal(statSync(join(mac.dataFolder, 'began')).mode & 0o777, 0o600);
});

test('a service that runs is restarted with a new process, without being unloaded', async () => {
  await using mac = new FakeMac();
  const { pid: before } = await run(mac, 'install');
  const { state, pid, runs } = await run(mac, 'restart');
  assert.equal(state, 'running');
  assert.notEqual(pid, before);
  assert.equal(runs, 2);
  assert.equal(mac.changes().at(-1), `kickstart -k ${target}`);
});

test('stopping unloads the service and ends its process, and it stays installed', async () => {
  await using mac = new FakeMac();
  const { pid = 0 } = await run(mac, 'install');
  const { state, message } = await run(mac, 'stop');
  assert.equal(state, 'installed-not-loaded');
  assert.ok(!isAlive(pid));
  assert.ok(existsSync(mac.plistPath));
  assert.match(message, /next login/);
  assert.equal((await run(mac, 'stop')).state, 'installed-not-loaded');
});

test('a stopped service is started again, and one that runs is left alone', async () => {
  await using mac = new FakeMac();
  await run(mac, 'install');
  await run(mac, 'stop');
  const { state, pid } = await run(mac, 'start');
  assert.equal(state, 'running');
  const changes = mac.changes().length;
  assert.equal((await run(mac, 'start')).pid, pid);
  assert.equal(mac.changes().length, changes);
});

test('uninstalling ends the daemon, removes the property list and keeps what the daemon remembers', async () => {
  await using mac = new FakeMac();
  mac.put('dataFolder', 'history.sqlite', 'runs');
  const { pid = 0 } = await run(mac, 'install');
  const { state } = await run(mac, 'uninstall');
  assert.equal(state, 'not-installed');
  assert.ok(!isAlive(pid));
  assert.ok(!existsSync(mac.plistPath));
  assert.ok(existsSync(join(mac.dataFolder, 'history.sqlite')));
  assert.equal((await run(mac, 'uninstall')).state, 'not-installed');
});

test('the history is deleted only when that is confirmed, and models are kept even then', async () => {
  await using mac = new FakeMac();
  for (const name of ['history.sqlite', 'history.sqlite-wal', 'history.sqlite.damaged-1', 'other']) {
    mac.put('dataFolder', name, 'x');
  }
  mkdirSync(join(mac.dataFolder, 'models'));
  await run(mac, 'install');
  await assert.rejects(run(mac, 'uninstall', { deletesHistory: true }), (error) => {
    assert.ok(error instanceof TidemarkError && error.code === 'usage');
    assert.match(error.message, /history\.sqlite/);
    assert.match(error.hint ?? '', /--yes/);
    return true;
  });
  assert.equal((await run(mac, 'status')).state, 'running');
  await run(mac, 'uninstall', { deletesHistory: true, isConfirmed: true });
  const left = [
    'history.sqlite',
    'history.sqlite-wal',
    'history.sqlite.damaged-1',
    'logs',
    'run',
    'models',
    'other',
  ];
  assert.deepEqual(
    left.filter((name) => existsSync(join(mac.dataFolder, name))),
    ['models', 'other'],
  );
});

test('installing over an older definition ends the old daemon, and starts the new one when launchd has forgotten it', async () => {
  await using mac = new FakeMac();
  const { pid: before = 0 } = await run(mac, 'install');
  writeFileSync(mac.plistPath, readFileSync(mac.plistPath, 'utf8').replace('<integer>4096', '<integer>1024'));
  const outdated = await run(mac, 'status');
  assert.equal(outdated.state, 'outdated');
  assert.deepEqual(outdated.differences, ['SoftResourceLimits']);
  mac.put('launchd', 'slow-bootout', '600');
  const { state, pid, differences } = await run(mac, 'install');
  assert.equal(state, 'running');
  assert.notEqual(pid, before);
  assert.ok(!isAlive(before));
  assert.deepEqual(differences, []);
  assert.deepEqual(mac.changes().slice(-3), [
    `bootout ${target}`,
    `enable ${target}`,
    `bootstrap gui/501 ${mac.plistPath}`,
  ]);
});

test('a bootstrap that launchd refuses while the label still drains is tried again', async () => {
  await using mac = new FakeMac();
  mac.put('launchd', 'refuse-bootstrap', '5\n5\n36\n');
  assert.equal((await run(mac, 'install')).state, 'running');
  assert.equal(mac.changes().filter((call) => call.startsWith('bootstrap')).length, 4);
});

test('a label that is loaded already, whoever loaded it, counts as loaded', async () => {
  await using mac = new FakeMac();
  await run(mac, 'install');
  const again = mac.launchctl('bootstrap', 'gui/501', mac.plistPath);
  assert.equal(again.exitCode, 37);
  mac.put('launchd', 'refuse-print', '113\n');
  assert.equal((await run(mac, 'start')).state, 'running');
});

test('a first installation that launchd refuses leaves nothing behind and says what to look at', async () => {
  await using mac = new FakeMac();
  mac.put('launchd', 'refuse-bootstrap', '5\n5\n5\n5\n5\n5\n5\n');
  await assert.rejects(
    run(mac, 'install'),
    serviceError(/did not load the service: launchd refuses it .*exit code 5/),
  );
  assert.ok(!existsSync(mac.plistPath));
  assert.equal((await run(mac, 'status')).state, 'not-installed');
});

test('an upgrade that launchd refuses puts the older definition back and runs it', async () => {
  await using mac = new FakeMac();
  await run(mac, 'install');
  const older = readFileSync(mac.plistPath, 'utf8').replace('<integer>4096', '<integer>1024');
  writeFileSync(mac.plistPath, older);
  mac.put('launchd', 'refuse-bootstrap', '122\n');
  await assert.rejects(run(mac, 'install'), serviceError(/others may write/));
  assert.equal(readFileSync(mac.plistPath, 'utf8'), older);
  const { state, pid } = await run(mac, 'status');
  assert.equal(state, 'outdated');
  assert.ok(pid !== undefined && isAlive(pid));
});

test('a disabled service is said to be disabled, and starting it enables it', async () => {
  await using mac = new FakeMac();
  await run(mac, 'install');
  await run(mac, 'stop');
  mac.launchctl('disable', target);
  const { state, isDisabled } = await run(mac, 'status');
  assert.deepEqual([state, isDisabled], ['disabled', true]);
  assert.equal(mac.launchctl('bootstrap', 'gui/501', mac.plistPath).exitCode, 119);
  assert.equal((await run(mac, 'start')).state, 'running');
});

test('a daemon that ends at once is told with its exit code and where its words are, and stays installed as crashed', async () => {
  await using mac = new FakeMac();
  mac.put('dataFolder', 'fail', '3');
  await assert.rejects(run(mac, 'install'), (error) => {
    assert.match((error as TidemarkError).hint ?? '', /service logs/);
    return serviceError(/started and ended with exit code 3/)(error);
  });
  const { state, lastExitCode, isInstalled } = await run(mac, 'status');
  assert.deepEqual([state, lastExitCode, isInstalled], ['crashed', 3, true]);
  assert.match(mac.output(), /cannot begin/);
});

test('launchd starts a daemon again that was killed, and not one that ended in good order', async () => {
  await using mac = new FakeMac();
  const { pid: first = 0 } = await run(mac, 'install');
  process.kill(first, 'SIGKILL');
  await until(() => !isAlive(first), 'the daemon is killed');
  const killed = await run(mac, 'status');
  assert.deepEqual([killed.state, killed.lastSignal], ['crashed', 'Killed: 9']);
  let second: number | undefined;
  for (let tries = 0; tries < 40 && second === undefined; tries += 1) {
    second = (await run(mac, 'status')).pid;
    await delay(50);
  }
  assert.ok(second !== undefined && second !== first);
  await until(() => mac.output().split('began').length === 3, 'the second daemon has begun');
  process.kill(second, 'SIGTERM');
  await until(() => !isAlive(second), 'the daemon is ended');
  const ended = await run(mac, 'status');
  assert.deepEqual([ended.state, ended.lastExitCode], ['loaded-not-running', 0]);
});

test('a crashed service is loaded anew when it is started, which ends the wait that failures bring', async () => {
  await using mac = new FakeMac();
  mac.put('dataFolder', 'fail', '1');
  await assert.rejects(run(mac, 'install'));
  rmSync(join(mac.dataFolder, 'fail'));
  assert.equal((await run(mac, 'restart')).state, 'running');
  assert.ok(mac.changes().includes(`bootout ${target}`));
});

test('a daemon that says nothing is told after a while', async () => {
  await using mac = new FakeMac({ sleep: () => Promise.resolve() });
  mac.put('dataFolder', 'mute');
  await assert.rejects(run(mac, 'install'), serviceError(/has not answered within 20 s/));
});

test('a daemon in a terminal that holds the socket is told with its process', async () => {
  await using mac = new FakeMac({ greet: () => Promise.resolve({ pid: 4242, version: '0.1.0' }) });
  mac.put('dataFolder', 'fail', '1');
  await assert.rejects(run(mac, 'install'), serviceError(/Another daemon, process 4242/));
});

test('a daemon of another version that runs is outdated, and a restart is what it needs', async () => {
  await using mac = new FakeMac();
  mac.put('dataFolder', 'version', '0.0.9');
  const { state, hint, daemon } = await run(mac, 'install');
  assert.equal(state, 'outdated');
  assert.equal(daemon?.version, '0.0.9');
  assert.match(hint ?? '', /service restart/);
});

test('where nobody is logged in at the screen, installing waits for the next login and starting says so', async () => {
  await using mac = new FakeMac();
  mac.put('launchd', 'no-session');
  const { state, message } = await run(mac, 'install');
  assert.equal(state, 'installed-not-loaded');
  assert.match(message, /when you log in at the screen/);
  await assert.rejects(run(mac, 'start'), serviceError(/logged in at the screen/));
  assert.equal((await run(mac, 'uninstall')).state, 'not-installed');
});

test('a property list that was deleted while its service runs is told, and uninstalling ends the service', async () => {
  await using mac = new FakeMac();
  const { pid = 0 } = await run(mac, 'install');
  rmSync(mac.plistPath);
  const { state, message } = await run(mac, 'status');
  assert.equal(state, 'not-installed');
  assert.match(message, /its property list is gone/);
  await run(mac, 'uninstall');
  assert.ok(!isAlive(pid));
});

test('what is installed in the place of the property list is replaced, whatever it is', async () => {
  await using mac = new FakeMac();
  mkdirSync(join(mac.plistPath, '..'), { recursive: true });
  writeFileSync(mac.plistPath, '<plist><dict><key>Lab');
  assert.equal((await run(mac, 'status')).state, 'outdated');
  assert.equal((await run(mac, 'install')).state, 'running');
});

test('a data folder that was chosen when it was installed is kept by an installation that chooses none', async () => {
  await using mac = new FakeMac();
  const chosen = join(mac.folder, 'chosen');
  mac.environment['TIDEMARK_HOME'] = chosen;
  assert.equal((await run(mac, 'install')).dataFolder, chosen);
  delete mac.environment['TIDEMARK_HOME'];
  const { state, dataFolder } = await run(mac, 'status');
  assert.deepEqual([state, dataFolder], ['running', chosen]);
  assert.equal((await run(mac, 'install')).dataFolder, chosen);
  mac.environment['TIDEMARK_HOME'] = join(mac.folder, 'another');
  const { state: moved, differences } = await run(mac, 'status');
  assert.equal(moved, 'outdated');
  assert.deepEqual(differences, ['EnvironmentVariables', 'StandardErrorPath', 'StandardOutPath']);
});

test('a dry run asks, shows every command and file, and changes nothing', async () => {
  await using mac = new FakeMac();
  const { isDryRun, state, steps } = await run(mac, 'install', { isDryRun: true });
  assert.deepEqual([isDryRun, state], [true, 'not-installed']);
  assert.deepEqual(mac.changes(), []);
  assert.ok(!existsSync(mac.plistPath) && !existsSync(join(mac.dataFolder, 'logs')));
  assert.deepEqual(
    steps.flatMap((step) =>
      'path' in step ? [`${step.kind} ${step.path}`] : step.kind === 'command' ? [step.words.join(' ')] : [],
    ),
    [
      `launchctl print ${target}`,
      `make-folder ${join(mac.dataFolder, 'logs')}`,
      `make-folder ${join(mac.home, 'Library', 'LaunchAgents')}`,
      `write ${mac.plistPath}`,
      `launchctl enable ${target}`,
      `launchctl bootstrap gui/501 ${mac.plistPath}`,
    ],
  );
  await run(mac, 'install');
  const { steps: removal, pid = 0 } = await run(mac, 'uninstall', { isDryRun: true, deletesHistory: true });
  assert.ok(removal.some((step) => step.kind === 'remove' && step.path === mac.plistPath));
  assert.ok(isAlive(pid));
  assert.ok(existsSync(mac.plistPath));
});

test('output that launchd has written much to is put aside when the service is installed', async () => {
  await using mac = new FakeMac();
  mkdirSync(join(mac.dataFolder, 'logs'));
  writeFileSync(join(mac.dataFolder, 'logs', 'output.log'), 'x'.repeat(1_000_001));
  await run(mac, 'install');
  assert.ok(statSync(join(mac.dataFolder, 'logs', 'output.log')).size < 1000);
  assert.equal(statSync(join(mac.dataFolder, 'logs', 'output.log.1')).size, 1_000_001);
});

test('root is refused before anything is done', async () => {
  await using mac = new FakeMac({ userId: 0 });
  for (const action of ['install', 'uninstall', 'start', 'stop', 'restart'] as const) {
    await assert.rejects(run(mac, action), serviceError(/not installed for root/));
  }
  assert.deepEqual(mac.calls(), []);
});

test('starting and restarting what is not installed says how to install it', async () => {
  await using mac = new FakeMac();
  for (const action of ['start', 'stop', 'restart'] as const) {
    await assert.rejects(run(mac, action), serviceError(/not installed/));
  }
});

test('a folder that the property list cannot be written to is told as such, and nothing is loaded', async () => {
  await using mac = new FakeMac();
  mkdirSync(join(mac.home, 'Library'), { recursive: true });
  writeFileSync(join(mac.home, 'Library', 'LaunchAgents'), 'a file');
  await assert.rejects(run(mac, 'install'), (error) => {
    assert.ok(error instanceof TidemarkError && error.code === 'not-writable');
    assert.match(error.hint ?? '', /is a folder of yours/);
    return true;
  });
  assert.ok(!mac.changes().some((call) => call.startsWith('bootstrap')));
});

test('a Mac without launchctl on PATH is told so', async () => {
  await using mac = new FakeMac({ execute: () => Promise.resolve(undefined) });
  await assert.rejects(run(mac, 'status'), serviceError(/launchctl cannot be run/));
});
