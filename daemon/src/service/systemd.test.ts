/** The service on Linux, against a systemctl with the documented states and exit codes. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { serviceDocument } from '@tidemark/shared/protocol/service-document.ts';
import type { ServiceDocument } from '@tidemark/shared/protocol/service-document.ts';
import { FakeSystemctl } from '../../test/fake-systemctl.ts';
import { runService } from './run-service.ts';
import type { ServiceRequest } from './run-service.ts';
import type { ServiceSystem } from './system.ts';

class FakeLinux implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), 'tidemark-linux-'));
  readonly systemctl = new FakeSystemctl(join(this.home, '.config'));
  readonly unitPath = join(this.home, '.config', 'systemd', 'user', 'tidemark.service');
  readonly environment: NodeJS.ProcessEnv = {};
  readonly system: ServiceSystem;

  constructor(changes: Partial<ServiceSystem> = {}) {
    this.system = {
      platform: 'linux',
      userId: 1000,
      home: this.home,
      environment: this.environment,
      program: ['/opt/tidemark/node', '/opt/tidemark/main.ts', 'daemon'],
      version: '0.1.0',
      execute: (words) => Promise.resolve(this.systemctl.run(words)),
      greet: () =>
        Promise.resolve(
          this.systemctl.pid === undefined ? undefined : { pid: this.systemctl.pid, version: '0.1.0' },
        ),
      sleep: () => Promise.resolve(),
      ...changes,
    };
  }

  async run(action: ServiceRequest['action'], more: Partial<ServiceRequest> = {}): Promise<ServiceDocument> {
    const document = await runService(this.system, { action, ...more });
    assert.deepEqual(v.parse(serviceDocument, document), document);
    return document;
  }

  changes(): string[] {
    return this.systemctl.calls.filter((call) => !call.startsWith('show'));
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true });
  }
}

const isServiceError = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TidemarkError && error.code === 'service', String(error));
  assert.match(error.message, message);
  return true;
};

test('installing writes the unit, enables it for every login and starts it', async () => {
  using linux = new FakeLinux();
  assert.equal((await linux.run('status')).state, 'not-installed');
  const { state, pid, notices, definitionFile } = await linux.run('install');
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
  using linux = new FakeLinux();
  await linux.run('install');
  assert.equal((await linux.run('stop')).state, 'installed-not-loaded');
  assert.equal((await linux.run('start')).state, 'running');
  assert.equal((await linux.run('restart')).state, 'running');
  assert.equal((await linux.run('uninstall')).state, 'not-installed');
  assert.ok(!existsSync(linux.unitPath));
  assert.ok(existsSync(join(linux.home, '.local', 'share', 'tidemark', 'logs')));
  assert.equal((await linux.run('uninstall')).state, 'not-installed');
});

test('a unit that is not the present one is outdated, and installing replaces it', async () => {
  using linux = new FakeLinux();
  await linux.run('install');
  writeFileSync(
    linux.unitPath,
    readFileSync(linux.unitPath, 'utf8').replace('LimitNOFILE=4096', 'LimitNOFILE=1024'),
  );
  const { state, differences } = await linux.run('status');
  assert.deepEqual([state, differences], ['outdated', ['LimitNOFILE']]);
  assert.equal((await linux.run('install')).state, 'running');
});

test('a daemon that ends at once is told with its exit code', async () => {
  using linux = new FakeLinux();
  linux.systemctl.programEndsWith = 3;
  await assert.rejects(linux.run('install'), isServiceError(/started and ended with exit code 3/));
  const { state, lastExitCode } = await linux.run('status');
  assert.deepEqual([state, lastExitCode], ['crashed', 3]);
});

test('a unit that systemd refuses is taken back', async () => {
  using linux = new FakeLinux();
  linux.systemctl.refuses = 'enable';
  await assert.rejects(linux.run('install'), isServiceError(/did not enable the service: .*Access denied/));
  assert.ok(!existsSync(linux.unitPath));
  await linux.run('install');
  const before = readFileSync(linux.unitPath, 'utf8').replace('LimitNOFILE=4096', 'LimitNOFILE=1024');
  writeFileSync(linux.unitPath, before);
  linux.systemctl.refuses = 'daemon-reload';
  await assert.rejects(linux.run('install'), isServiceError(/did not read its units again/));
  assert.equal(readFileSync(linux.unitPath, 'utf8'), before);
});

test('a data folder that was chosen when it was installed is kept by an installation that chooses none', async () => {
  using linux = new FakeLinux();
  const chosen = join(linux.home, 'my "data" 100%');
  linux.environment['TIDEMARK_HOME'] = chosen;
  await linux.run('install');
  delete linux.environment['TIDEMARK_HOME'];
  const { state, dataFolder } = await linux.run('status');
  assert.deepEqual([state, dataFolder], ['running', chosen]);
});

test('a dry run changes nothing', async () => {
  using linux = new FakeLinux();
  const { steps } = await linux.run('install', { isDryRun: true });
  assert.deepEqual(linux.changes(), []);
  assert.ok(!existsSync(linux.unitPath));
  assert.ok(steps.some((step) => step.kind === 'write' && step.path === linux.unitPath && !step.done));
});

test('where systemd does not answer, one sentence says how to run the daemon under any supervisor', async () => {
  using linux = new FakeLinux();
  linux.systemctl.answers = false;
  const { state, hint, manager } = await linux.run('status');
  assert.deepEqual([state, manager], ['unsupported', 'none']);
  assert.match(hint ?? '', /tidemark daemon.*supervisor/);
  await assert.rejects(linux.run('install'), (error) => {
    assert.match((error as TidemarkError).hint ?? '', /tidemark daemon.*supervisor/);
    return isServiceError(/no systemd of this user/)(error);
  });
  using bare = new FakeLinux({ execute: () => Promise.resolve(undefined) });
  assert.equal((await bare.run('status')).state, 'unsupported');
});

test('root is refused', async () => {
  using linux = new FakeLinux({ userId: 0 });
  await assert.rejects(linux.run('install'), isServiceError(/not installed for root/));
  assert.deepEqual(linux.changes(), []);
});
