/** `tidemark service` and `tidemark logs` as a person uses them: what is printed, in words and as JSON. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { logFolder } from '@tidemark/shared/client/locations.ts';
import { serviceDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { documentIn, runCli, startCli } from '../../test/cli.ts';
import { FakeMac } from '../../test/fake-mac.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { until } from '../../test/processes.ts';
import { createLog } from '../logging/log.ts';
import { readPropertyList } from '../service/launch-agent.ts';
import { runService } from '../service/run-service.ts';
import { serviceReport } from './reports/service-report.ts';

/** A data folder, and an environment in which no systemd answers, wherever the test runs. */
function newHome(): { readonly path: string; readonly environment: Readonly<Record<string, string>> } {
  const path = temporaryFolder();
  return { path, environment: { TIDEMARK_HOME: path, HOME: path, PATH: path } };
}

const plain = (text: string): string[] => text.split('\n').map((line) => line.trimEnd());

test('a dry run is shown as commands that can be copied and files, before the state at present', async () => {
  await using mac = new FakeMac();
  const report = plain(serviceReport(await runService(mac.system, { action: 'install', isDryRun: true })));
  assert.deepEqual(report.slice(0, 9), [
    '`tidemark service install` would do the following:',
    '  $ launchctl print gui/501/dev.tidemark.daemon (exit code 113: it is not loaded)',
    `  create the folder ${mac.dataFolder}/logs`,
    `  create the folder ${mac.home}/Library/LaunchAgents`,
    `  write ${mac.plistPath}`,
    '  $ launchctl enable gui/501/dev.tidemark.daemon',
    `  $ launchctl bootstrap gui/501 ${mac.plistPath}`,
    '  wait for the daemon to answer',
    '',
  ]);
  assert.match(report[9] ?? '', /Currently: The service is not installed\./);
});

test('the status says the state, and where everything is', async () => {
  await using mac = new FakeMac();
  const { pid = 0 } = await runService(mac.system, { action: 'install' });
  const report = serviceReport(await runService(mac.system, { action: 'status' }));
  for (const expected of [
    `The daemon is running as process ${pid}.`,
    'dev.tidemark.daemon (launchd)',
    `process ${pid}, version 0.1.0`,
    mac.plistPath,
    join(mac.dataFolder, 'logs', 'daemon.log'),
    join(mac.dataFolder, 'logs', 'output.log'),
  ]) {
    assert.ok(report.includes(expected), `${expected} in\n${report}`);
  }
});

test('what was asked for is marked as done, and the same state otherwise as worth a look', async () => {
  await using mac = new FakeMac();
  await runService(mac.system, { action: 'install' });
  const stopped = plain(serviceReport(await runService(mac.system, { action: 'stop' })));
  assert.deepEqual(stopped, [
    '  $ launchctl bootout gui/501/dev.tidemark.daemon',
    '',
    '✓ The service is installed and stopped; it starts at the next login.',
  ]);
  const [state, hint] = plain(serviceReport(await runService(mac.system, { action: 'status' })));
  assert.match(state ?? '', /^! /);
  assert.match(hint ?? '', /→ Start it now/);
});

const onLinux = { skip: process.platform === 'linux' ? false : 'not on Linux' };

test(
  'without a manager of services, status is a document all the same, and installing fails with what to do',
  onLinux,
  async () => {
    const home = newHome();
    const status = await runCli('service status --json', { environment: home.environment });
    assert.equal(status.code, 0, status.stderr);
    assert.equal(documentIn(serviceDocument, status).state, 'unsupported');
    const install = await runCli('service install', { environment: home.environment });
    assert.equal(install.code, 1);
    assert.match(install.stderr, /hint: .*tidemark daemon.*any supervisor/);
  },
);

test('the property list is printed on any system', async () => {
  const home = newHome();
  const { code, stdout } = await runCli('service plist', { environment: home.environment });
  assert.equal(code, 0);
  const list = readPropertyList(stdout);
  assert.equal(list?.['Label'], 'dev.tidemark.daemon');
  assert.equal((list['EnvironmentVariables'] as Record<string, string>)['TIDEMARK_HOME'], home.path);
});

test('confirming what was not asked for is refused', async () => {
  const home = newHome();
  const { code, stderr } = await runCli('service uninstall --yes', { environment: home.environment });
  assert.equal(code, 2);
  assert.match(stderr, /--yes confirms --delete-history/);
});

test('without a log, one sentence says that there is none and how one comes about', async () => {
  const home = newHome();
  for (const words of ['logs', 'logs --follow', 'service logs']) {
    const { code, stderr } = await runCli(words, { environment: home.environment });
    assert.equal(code, 1);
    assert.match(stderr, /There is no log yet: .*daemon\.log/);
    assert.match(stderr, /hint: .*tidemark daemon/);
  }
});

test('the last lines are shown to people and, with --json, to programs', async () => {
  const home = newHome();
  const { log } = createLog({ folder: logFolder(home.path) });
  log.info({ run: 1 }, 'A run began.');
  log.warn({ run: 1 }, 'It went badly.');
  log.info({ run: 1 }, 'It ended.');
  const { stdout } = await runCli('logs --lines 2', { environment: home.environment });
  assert.match(
    stdout,
    /^\d\d:\d\d:\d\d\.\d{3} WARN {2}It went badly\. run=1\n\S+ INFO {2}It ended\. run=1\n$/,
  );
  const json = await runCli('service logs --json --level warn', {
    environment: home.environment,
  });
  assert.deepEqual(
    json.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { msg: string }).msg),
    ['It went badly.'],
  );
});

test('a log is followed until Ctrl-C, which ends with the exit code of one', async () => {
  const home = newHome();
  const { log } = createLog({ folder: logFolder(home.path) });
  log.info({}, 'Before.');
  const { child, finished, stdout } = startCli('logs --follow --json', { environment: home.environment });
  await until(() => stdout().includes('Before.'), 'the line before is shown');
  log.info({}, 'After.');
  await until(() => stdout().includes('After.'), 'the line after is shown');
  child.kill('SIGINT');
  assert.equal((await finished).code, 130);
});

test('what the process itself printed is asked of the journal on Linux', onLinux, async () => {
  const home = newHome();
  mkdirSync(join(home.path, 'logs'));
  writeFileSync(join(home.path, 'logs', 'output.log'), 'a crash\n');
  const { code, stderr } = await runCli('service logs --output', { environment: home.environment });
  assert.equal(code, 2);
  assert.match(stderr, /journalctl --user --unit tidemark\.service/);
  assert.ok(existsSync(join(home.path, 'logs')));
});
