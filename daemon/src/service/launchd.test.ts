/** The service on macOS, from installation to removal, against a launchctl with the documented states and exit codes. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { FakeMac } from '../../test/fake-mac.ts';
import { isAlive } from '../../test/processes.ts';
import { act, refusesPaths } from '../../test/service-checks.ts';
import { runService } from './run-service.ts';
import type { ServiceRequest } from './run-service.ts';

const target = 'gui/501/dev.tidemark.daemon';

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

test('a service that nobody installed is said to be not installed, and nothing is changed by asking', async () => {
  await using mac = new FakeMac();
  const { state, isInstalled, isLoaded, hint } = await act(mac, 'status');
  assert.deepEqual([state, isInstalled, isLoaded], ['not-installed', false, false]);
  assert.match(hint ?? '', /tidemark service install/);
  assert.deepEqual(mac.changes(), []);
  assert.ok(!existsSync(mac.plistPath));
});

test('a path that would be something else in a property list is refused before anything is done', async () => {
  await using mac = new FakeMac();
  await refusesPaths(mac.system, () => ({ changes: mac.changes(), hasFile: existsSync(mac.plistPath) }));
});

test('installing writes the property list, loads it, and waits until the daemon answers', async () => {
  await using mac = new FakeMac();
  const { state, pid, daemon, steps } = await act(mac, 'install');
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
  const { pid: before } = await act(mac, 'install');
  const { state, pid, runs } = await act(mac, 'restart');
  assert.equal(state, 'running');
  assert.notEqual(pid, before);
  assert.equal(runs, 2);
  assert.equal(mac.changes().at(-1), `kickstart -k ${target}`);
});

test('stopping unloads the service and ends its process, and it stays installed', async () => {
  await using mac = new FakeMac();
  const { pid = 0 } = await act(mac, 'install');
  const { state, message } = await act(mac, 'stop');
  assert.equal(state, 'installed-not-loaded');
  assert.ok(!isAlive(pid));
  assert.ok(existsSync(mac.plistPath));
  assert.match(message, /next login/);
  assert.equal((await act(mac, 'stop')).state, 'installed-not-loaded');
});

test('a stopped service is started again, and one that runs is left alone', async () => {
  await using mac = new FakeMac();
  await act(mac, 'install');
  await act(mac, 'stop');
  const { state, pid } = await act(mac, 'start');
  assert.equal(state, 'running');
  const changes = mac.changes().length;
  assert.equal((await act(mac, 'start')).pid, pid);
  assert.equal(mac.changes().length, changes);
});

test('uninstalling ends the daemon, removes the property list and keeps what the daemon remembers', async () => {
  await using mac = new FakeMac();
  mac.put('dataFolder', 'history.sqlite', 'runs');
  const { pid = 0 } = await act(mac, 'install');
  const { state } = await act(mac, 'uninstall');
  assert.equal(state, 'not-installed');
  assert.ok(!isAlive(pid));
  assert.ok(!existsSync(mac.plistPath));
  assert.ok(existsSync(join(mac.dataFolder, 'history.sqlite')));
  assert.equal((await act(mac, 'uninstall')).state, 'not-installed');
});

test('the history is deleted only when that is confirmed, and models are kept even then', async () => {
  await using mac = new FakeMac();
  for (const name of ['history.sqlite', 'history.sqlite-wal', 'history.sqlite.damaged-1', 'other']) {
    mac.put('dataFolder', name, 'x');
  }
  mkdirSync(join(mac.dataFolder, 'models'));
  await act(mac, 'install');
  await assert.rejects(act(mac, 'uninstall', { deletesHistory: true }), (error) => {
    assert.ok(error instanceof TidemarkError && error.code === 'usage');
    assert.match(error.message, /history\.sqlite/);
    assert.match(error.hint ?? '', /--yes/);
    return true;
  });
  assert.equal((await act(mac, 'status')).state, 'running');
  await act(mac, 'uninstall', { deletesHistory: true, isConfirmed: true });
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
  const { pid: before = 0 } = await act(mac, 'install');
  writeFileSync(mac.plistPath, readFileSync(mac.plistPath, 'utf8').replace('<integer>4096', '<integer>1024'));
  const outdated = await act(mac, 'status');
  assert.equal(outdated.state, 'outdated');
  assert.deepEqual(outdated.differences, ['SoftResourceLimits']);
  mac.put('launchd', 'slow-bootout', '600');
  const { state, pid, differences } = await act(mac, 'install');
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

test('a label that is loaded already, whoever loaded it, counts as loaded', async () => {
  await using mac = new FakeMac();
  await act(mac, 'install');
  const again = mac.launchctl('bootstrap', 'gui/501', mac.plistPath);
  assert.equal(again.exitCode, 37);
  mac.put('launchd', 'refuse-print', '113\n');
  assert.equal((await act(mac, 'start')).state, 'running');
});

test('a data folder that was chosen when it was installed is kept by an installation that chooses none', async () => {
  await using mac = new FakeMac();
  const chosen = join(mac.folder, 'chosen');
  mac.environment['TIDEMARK_HOME'] = chosen;
  assert.equal((await act(mac, 'install')).dataFolder, chosen);
  delete mac.environment['TIDEMARK_HOME'];
  const { state, dataFolder } = await act(mac, 'status');
  assert.deepEqual([state, dataFolder], ['running', chosen]);
  assert.equal((await act(mac, 'install')).dataFolder, chosen);
  mac.environment['TIDEMARK_HOME'] = join(mac.folder, 'another');
  const { state: moved, differences } = await act(mac, 'status');
  assert.equal(moved, 'outdated');
  assert.deepEqual(differences, ['EnvironmentVariables', 'StandardErrorPath', 'StandardOutPath']);
});

test('a dry run asks, shows every command and file, and changes nothing', async () => {
  await using mac = new FakeMac();
  const { isDryRun, state, steps } = await act(mac, 'install', { isDryRun: true });
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
  await act(mac, 'install');
  const { steps: removal, pid = 0 } = await act(mac, 'uninstall', { isDryRun: true, deletesHistory: true });
  assert.ok(removal.some((step) => step.kind === 'remove' && step.path === mac.plistPath));
  assert.ok(isAlive(pid));
  assert.ok(existsSync(mac.plistPath));
});

test('output that launchd has written much to is put aside when the service is installed', async () => {
  await using mac = new FakeMac();
  mkdirSync(join(mac.dataFolder, 'logs'));
  writeFileSync(join(mac.dataFolder, 'logs', 'output.log'), 'x'.repeat(1_000_001));
  await act(mac, 'install');
  assert.ok(statSync(join(mac.dataFolder, 'logs', 'output.log')).size < 1000);
  assert.equal(statSync(join(mac.dataFolder, 'logs', 'output.log.1')).size, 1_000_001);
});
