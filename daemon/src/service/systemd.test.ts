/** The service on Linux, against a systemctl with the documented states and exit codes. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TidemarkError } from '@tidemark/shared/errors.ts';
import { FakeLinux } from '../../test/fake-linux.ts';
import { createLog, messageOfEnd } from '../logging/log.ts';
import { failedService } from './run-service.ts';
import { act, refusesPaths, serviceError } from '../../test/service-checks.ts';

test('installing writes the unit, enables it for every login and starts it', async () => {
  const linux = new FakeLinux();
  assert.equal((await act(linux, 'status')).state, 'not-installed');
  const { state, pid, notices, definitionFile } = await act(linux, 'install');
  assert.deepEqual([state, pid, definitionFile], ['running', 700, linux.unitPath]);
  assert.deepEqual(linux.changes(), [
    'daemon-reload',
    'enable tidemark.service',
    'reset-failed tidemark.service',
    'restart tidemark.service',
  ]);
  assert.equal(statSync(linux.unitPath).mode & 0o777, 0o600);
  assert.match(notices.join(' '), /enable-linger/);
});

test('a service is stopped, started, restarted and removed, and its data stays', async () => {
  const linux = new FakeLinux();
  await act(linux, 'install');
  assert.equal((await act(linux, 'stop')).state, 'installed-not-loaded');
  assert.equal((await act(linux, 'start')).state, 'running');
  assert.equal((await act(linux, 'restart')).state, 'running');
  assert.equal((await act(linux, 'uninstall')).state, 'not-installed');
  assert.ok(!existsSync(linux.unitPath));
  assert.ok(existsSync(join(linux.home, '.local', 'share', 'tidemark', 'logs')));
  assert.equal((await act(linux, 'uninstall')).state, 'not-installed');
});

test('a unit that is not the present one is outdated, and installing replaces it', async () => {
  const linux = new FakeLinux();
  await act(linux, 'install');
  writeFileSync(
    linux.unitPath,
    readFileSync(linux.unitPath, 'utf8').replace('LimitNOFILE=4096', 'LimitNOFILE=1024'),
  );
  const { state, differences } = await act(linux, 'status');
  assert.deepEqual([state, differences], ['outdated', ['LimitNOFILE']]);
  assert.equal((await act(linux, 'install')).state, 'running');
});

test('a daemon that ends at once is told with its exit code', async () => {
  const linux = new FakeLinux();
  linux.systemctl.programEndsWith = 3;
  await assert.rejects(act(linux, 'install'), serviceError(/started and ended with exit code 3/));
  const { state, lastExitCode } = await act(linux, 'status');
  assert.deepEqual([state, lastExitCode], ['crashed', 3]);
});

test('a service that was given up says so, why, and how to start it, also where its unit is an older one', async () => {
  const linux = new FakeLinux();
  await act(linux, 'install');
  const logs = join(linux.home, '.local', 'share', 'tidemark', 'logs');
  const { log, close } = createLog({ folder: logs });
  log.error({}, messageOfEnd('The disk is full.'));
  log.error({}, messageOfEnd('Another daemon is already running.'));
  log.info({}, 'The daemon has stopped.');
  await close();
  linux.systemctl.programEndsWith = 1;
  await assert.rejects(
    act(linux, 'restart'),
    serviceError(/ended with exit code 1\. The last reason in its log: Another daemon is already running\.$/),
  );
  const { state, gaveUp, lastError, message, hint } = await act(linux, 'status');
  assert.deepEqual([state, gaveUp, lastError], ['crashed', true, 'Another daemon is already running.']);
  assert.equal(
    message,
    'The daemon ended with exit code 1, and systemd gave up starting it. The last reason in its log: Another daemon is already running.',
  );
  assert.match(hint ?? '', /`tidemark service restart` starts it again now/);
  assert.equal((await failedService(linux.system))?.message, message);
  writeFileSync(
    linux.unitPath,
    readFileSync(linux.unitPath, 'utf8').replace('IntervalSec=0', 'IntervalSec=300'),
  );
  const outdated = await failedService(linux.system);
  assert.equal(outdated?.state, 'outdated');
  assert.match(outdated.message, /gave up starting it\. The last reason in its log: Another daemon/);
  linux.systemctl.programEndsWith = undefined;
  assert.equal((await act(linux, 'install')).state, 'running');
  assert.equal(await failedService(linux.system), undefined);
});

test('a unit that systemd refuses is taken back', async () => {
  const linux = new FakeLinux();
  linux.systemctl.refuses = 'enable';
  await assert.rejects(act(linux, 'install'), serviceError(/did not enable the service: .*Access denied/));
  assert.ok(!existsSync(linux.unitPath));
  await act(linux, 'install');
  const before = readFileSync(linux.unitPath, 'utf8').replace('LimitNOFILE=4096', 'LimitNOFILE=1024');
  writeFileSync(linux.unitPath, before);
  linux.systemctl.refuses = 'daemon-reload';
  await assert.rejects(act(linux, 'install'), serviceError(/did not reload its units/));
  assert.equal(readFileSync(linux.unitPath, 'utf8'), before);
});

test('a data folder that was chosen when it was installed is kept by an installation that chooses none', async () => {
  const linux = new FakeLinux();
  const chosen = join(linux.home, 'my "data" 100%');
  linux.environment['TIDEMARK_HOME'] = chosen;
  await act(linux, 'install');
  delete linux.environment['TIDEMARK_HOME'];
  const { state, dataFolder } = await act(linux, 'status');
  assert.deepEqual([state, dataFolder], ['running', chosen]);
});

test('a unit whose file was removed while it runs is reported, and uninstalling stops it', async () => {
  const linux = new FakeLinux();
  await act(linux, 'install');
  rmSync(linux.unitPath);
  const { state, message } = await act(linux, 'status');
  assert.equal(state, 'not-installed');
  assert.match(message, /its unit is gone/);
  await act(linux, 'uninstall');
  assert.equal(linux.systemctl.pid, undefined);
});

test('a path that would be something else in a unit is refused before anything is done', async () => {
  const linux = new FakeLinux();
  await refusesPaths(linux.system, () => ({
    changes: linux.changes(),
    hasFile: existsSync(linux.unitPath),
  }));
});

test('a dry run changes nothing', async () => {
  const linux = new FakeLinux();
  const { steps } = await act(linux, 'install', { isDryRun: true });
  assert.deepEqual(linux.changes(), []);
  assert.ok(!existsSync(linux.unitPath));
  assert.ok(steps.some((step) => step.kind === 'write' && step.path === linux.unitPath && !step.done));
});

test('where systemd does not answer, one sentence says how to run the daemon under any supervisor', async () => {
  const linux = new FakeLinux();
  linux.systemctl.answers = false;
  const { state, hint, manager } = await act(linux, 'status');
  assert.deepEqual([state, manager], ['unsupported', 'none']);
  assert.match(hint ?? '', /tidemark daemon.*supervisor/);
  await assert.rejects(act(linux, 'install'), (error) => {
    assert.match((error as TidemarkError).hint ?? '', /tidemark daemon.*supervisor/);
    return serviceError(/no systemd user manager/)(error);
  });
  const bare = new FakeLinux({ execute: () => Promise.resolve(undefined) });
  assert.equal((await act(bare, 'status')).state, 'unsupported');
});

test('root is refused', async () => {
  const linux = new FakeLinux({ userId: 0 });
  await assert.rejects(act(linux, 'install'), serviceError(/not installed for root/));
  assert.deepEqual(linux.changes(), []);
});
