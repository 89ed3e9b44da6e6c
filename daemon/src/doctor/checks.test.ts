/** What the checks say of places and processes that are not as they should be. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { isAlive } from '../../test/processes.ts';
import { openHistory } from '../history/history.ts';
import { ModelHost } from '../host/model-host.ts';
import { runningHosts } from '../host/host-processes.ts';
import { examine } from './doctor.ts';
import {
  checkBlas,
  checkCheckpoints,
  checkDataFolder,
  checkDisk,
  checkEngine,
  checkHubCache,
  checkMlx,
  checkOtherHosts,
} from './checks.ts';

const folder = temporaryFolder();

test('a data folder that is not there yet is fine where it can be made', async () => {
  const absent = join(folder, 'a', 'b');
  const { status, detail } = await checkDataFolder(absent);
  assert.equal(status, 'ok');
  assert.match(detail, /does not exist yet/);
  assert.equal((await checkDisk(absent)).status === 'fail', false);
  assert.equal((await checkCheckpoints(absent)).status, 'ok');
});

test('a file in the place of the data folder fails', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const { status, checks } = await examine({ dataFolder: file });
  assert.equal(status, 'fail');
  assert.equal(checks.find(({ id }) => id === 'data-folder')?.status, 'fail');
});

test('a model that was never finished is a warning, with the command that mends it', async () => {
  const home = join(folder, 'home');
  mkdirSync(join(home, 'models', 'bf16'), { recursive: true });
  const { status, detail, remedy } = await checkCheckpoints(home);
  assert.equal(status, 'warn');
  assert.match(detail, /damaged: bf16/);
  assert.match(remedy ?? '', /tidemark models build bf16/);
});

test('an addon that does not load fails MLX, and says what to do', () => {
  const broken = new Error('The native addon could not be loaded.');
  assert.equal(checkMlx(broken).status, 'fail');
  assert.equal(checkBlas(broken).status, 'fail');
});

test('a cache that cannot be written is no failure', { skip: process.getuid?.() === 0 }, () => {
  const before = process.env['HF_HUB_CACHE'];
  process.env['HF_HUB_CACHE'] = '/proc/nowhere';
  assert.equal(checkHubCache().status, 'warn');
  process.env['HF_HUB_CACHE'] = before;
});

test('a host that runs is found, with its memory, and is not found when it has ended', async () => {
  const host = await ModelHost.start();
  const { pid } = host;
  const found = (await runningHosts()).find((each) => each.pid === pid);
  assert.ok(found !== undefined && found.residentBytes > 20_000_000);
  const { status, remedy } = await checkOtherHosts();
  assert.equal(status, 'warn');
  assert.match(remedy ?? '', new RegExp(`kill .*\\b${pid}\\b`));
  await host.close();
  assert.ok(!isAlive(pid));
  assert.ok(!(await runningHosts()).some((each) => each.pid === pid));
});

test('mlx-audio is fine where nobody has installed it, and a warning where what was named cannot run it', async (context) => {
  const { TIDEMARK_PYTHON: before, PATH: path } = process.env;
  context.after(() => Object.assign(process.env, { PATH: path }));
  context.after(() =>
    before === undefined ? delete process.env['TIDEMARK_PYTHON'] : (process.env['TIDEMARK_PYTHON'] = before),
  );
  delete process.env['TIDEMARK_PYTHON'];
  const { status, detail } = await checkEngine(folder);
  assert.equal(status, 'ok');
  assert.match(detail, /^not installed/);
  process.env['PATH'] = folder;
  assert.match((await checkEngine(folder)).detail, /only --engine mlx-audio needs it\. There is no Python/);
  const warns = async (data: string, named: RegExp): Promise<void> => {
    const broken = await checkEngine(data);
    assert.equal(broken.status, 'warn');
    assert.match(broken.detail, named);
    assert.match(broken.remedy ?? '', /--version/);
  };
  const data = temporaryFolder();
  openHistory(data).history.settings.change({ python: '/bin/true' });
  await warns(data, /^\/bin\/true exited with code 0/);
  process.env['TIDEMARK_PYTHON'] = '/bin/false';
  await warns(data, /^\/bin\/false exited with code 1/);
  await warns(folder, /^\/bin\/false exited with code 1/);
});

test('each check has a name of its own', async () => {
  const { checks } = await examine({ dataFolder: folder });
  assert.equal(new Set(checks.map(({ id }) => id)).size, checks.length);
});

test('an aborted examination ends', async () => {
  await assert.rejects(examine({ dataFolder: folder, signal: AbortSignal.abort(new Error('stop')) }), /stop/);
});
