/** A daemon whose files are removed or moved stays the one that has its history, and is found again: real processes. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { until } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { runToEnd, TestDaemon, tinyModel, untilRun } from './test-daemon.ts';

const model = tinyModel();
const run = (home: string): string => join(home, 'run');
const socket = (home: string): string => join(run(home), 'daemon.sock');
const note = (home: string): string => join(run(home), 'daemon.json');
const lock = (home: string): string => join(home, 'history.sqlite-lock');

/** A daemon with a run at work. */
async function atWork(): Promise<{ daemon: TestDaemon; client: DaemonClient; runId: number }> {
  const { daemon, client } = await TestDaemon.connected();
  const { id: runId } = await client.call('startProfile', { ...model, iterations: 100_000 });
  await untilRun(client, runId, ({ samplesTaken }) => samplesTaken >= 2);
  return { daemon, client, runId };
}

/** A second daemon must be refused and leave the run as it is. */
async function assertRefused(dataFolder: string, client: DaemonClient, runId?: number): Promise<void> {
  const second = TestDaemon.spawn({ dataFolder });
  assert.equal((await second.ended).code, 1);
  assert.match(second.stderr, /^Another daemon is already running \(process \d+, since /);
  if (runId !== undefined) {
    assert.equal((await client.call('getRun', { runId, samples: 0 })).record.state, 'running');
  }
}

const removals: Readonly<Record<string, (home: string) => void>> = {
  'its socket is removed': (home) => rmSync(socket(home)),
  'its folder run is removed': (home) => rmSync(run(home), { recursive: true }),
  'its note is removed': (home) => rmSync(note(home)),
  'its lock is removed': (home) => rmSync(lock(home)),
  'its socket is open to others': (home) => chmodSync(socket(home), 0o666),
};

for (const [what, remove] of Object.entries(removals)) {
  test(`a daemon goes on where ${what}: it is found again, and no other takes its history`, async () => {
    const { daemon, client, runId } = await atWork();
    const { dataFolder: home } = daemon;
    const made = statSync(socket(home)).ctimeMs;
    remove(home);
    await assertRefused(home, client, runId);
    await until(
      () => existsSync(socket(home)) && existsSync(note(home)) && existsSync(lock(home)),
      'the files are made again',
    );
    if (/socket|run/.test(what)) {
      // A change of its mode alone counts as one of the file, which is gone for a moment.
      await until(() => {
        const now = statSync(socket(home), { throwIfNoEntry: false });
        return now !== undefined && now.ctimeMs > made && (now.mode & 0o777) === 0o600;
      }, 'the socket is made again');
    }
    await delay(200);
    assert.equal(statSync(socket(home)).mode & 0o777, 0o600);
    assert.equal(statSync(run(home)).mode & 0o777, 0o700);
    await using late = await daemon.client();
    assert.equal((await late.call('status', {})).daemon.pid, daemon.pid);
    await client.call('cancel', { runId });
  });
}

test('a daemon whose home is removed makes a new one, says so, and keeps it to itself', async () => {
  const { daemon, client } = await TestDaemon.connected();
  const { dataFolder: home } = daemon;
  await runToEnd(client, { ...model, iterations: 1 });
  rmSync(home, { recursive: true });
  await until(() => existsSync(socket(home)), 'the socket is made again');
  await using late = await daemon.client();
  const { notices, daemon: it } = await late.call('status', {});
  assert.equal(it.pid, daemon.pid);
  assert.match(notices[0]?.message ?? '', /^The history .* was removed or replaced while it was in use\./);
  await runToEnd(late, { ...model, iterations: 1 });
  await assertRefused(home, late);
});

test('a history that is moved away is refused to others while its daemon runs, and whole afterwards', async () => {
  const { daemon, client } = await TestDaemon.connected();
  const { dataFolder: home } = daemon;
  await runToEnd(client, { ...model, iterations: 1 });
  const moved = join(temporaryFolder(), 'moved');
  renameSync(home, moved);
  await until(() => existsSync(socket(home)) && existsSync(lock(home)), 'the files are made again');
  assert.equal((await client.call('listRuns', {})).total, 0);
  await assertRefused(moved, client);
  await daemon.kill('SIGTERM');
  const { client: there } = await TestDaemon.connected({ dataFolder: moved });
  assert.equal((await there.call('listRuns', {})).total, 1);
});

test('a daemon that finds another one in its place ends, and leaves it alone', async () => {
  const { daemon } = await TestDaemon.connected();
  const { dataFolder: home } = daemon;
  daemon.signal('SIGSTOP');
  rmSync(home, { recursive: true });
  const { daemon: second, client } = await TestDaemon.connected({ dataFolder: home });
  daemon.signal('SIGCONT');
  assert.equal((await daemon.ended).code, 1);
  assert.match(daemon.stderr, new RegExp(`Another daemon is already running \\(process ${second.pid}, `));
  await runToEnd(client, { ...model, iterations: 1 });
  await using late = await second.client();
  assert.equal((await late.call('status', {})).daemon.pid, second.pid);
});

const mayMount =
  process.platform === 'linux' &&
  ((): boolean => {
    const folders = [temporaryFolder(), temporaryFolder()];
    const isMounted = spawnSync('mount', ['--bind', ...folders], { stdio: 'ignore' }).status === 0;
    return isMounted && spawnSync('umount', folders.slice(1), { stdio: 'ignore' }).status === 0;
  })();

const otherPaths: Readonly<Record<string, (home: string, context: TestContext) => string>> = {
  'a link': (home) => {
    const path = join(temporaryFolder(), 'link');
    symlinkSync(home, path);
    return path;
  },
  ...(mayMount && {
    'a bind mount': (home, context) => {
      const path = join(temporaryFolder(), 'mount');
      mkdirSync(path);
      execFileSync('mount', ['--bind', home, path]);
      context.after(() => execFileSync('umount', ['--lazy', path]));
      return path;
    },
  }),
};

for (const [what, pathOf] of Object.entries(otherPaths)) {
  for (const isBare of [false, true]) {
    test(`a second daemon that comes by ${what}${isBare ? ' after lock and run were removed' : ''} is refused`, async (context) => {
      const { daemon, client, runId } = await atWork();
      const { dataFolder: home } = daemon;
      const path = pathOf(home, context);
      if (isBare) {
        rmSync(lock(home));
        rmSync(run(home), { recursive: true });
      }
      await assertRefused(path, client, runId);
      await client.call('cancel', { runId });
    });
  }
}

test('an owner that is gone, or whose number another process has by now, blocks nobody', async () => {
  const dataFolder = temporaryFolder();
  const first = await TestDaemon.start({ dataFolder });
  await first.kill('SIGKILL');
  for (const owner of [
    undefined,
    { pid: process.pid, startedAt: '2026-01-01T00:00:00.000Z', process: 'another boot 1' },
    { pid: 2 ** 22 + 1, startedAt: new Date().toISOString(), process: 'another boot 2' },
    'no note',
  ]) {
    if (owner !== undefined) {
      using database = new DatabaseSync(join(dataFolder, 'history.sqlite'));
      database.prepare("UPDATE settings SET value = ? WHERE name = 'owner'").run(JSON.stringify(owner));
    }
    const { daemon, client } = await TestDaemon.connected({ dataFolder });
    assert.equal((await client.call('status', {})).daemon.pid, daemon.pid);
    await daemon.kill('SIGTERM');
  }
});
