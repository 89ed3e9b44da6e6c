/** What the daemon makes of faults where nobody awaits an answer: it publishes its status while descriptors, reads and processes fail. */

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { openHistory } from '../src/history/history.ts';
import { finishedRun } from './example-histories.ts';
import { isAlive, until } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { runToEnd, TestDaemon, tinyModel } from './test-daemon.ts';

const mayTrace = spawnSync('strace', ['-qq', 'true'], { stdio: 'ignore' }).status === 0;
const mayLimit = spawnSync('prlimit', ['--version'], { stdio: 'ignore' }).status === 0;
const model = tinyModel();

interface Subscribed {
  readonly daemon: TestDaemon;
  readonly client: DaemonClient;
  readonly published: DaemonStatus[];
}

/** A daemon with some history, and a client that hears its status. */
async function subscribed(context: TestContext): Promise<Subscribed> {
  const dataFolder = temporaryFolder(context);
  {
    using history = openHistory(dataFolder).history;
    for (let run = 0; run < 40; run += 1) {
      finishedRun(history);
    }
  }
  const { daemon, client } = await TestDaemon.connected({ dataFolder });
  const published: DaemonStatus[] = [];
  await client.subscribe('status', (status) => published.push(status));
  return { daemon, client, published };
}

/** Makes it publish, read the history and start processes; what it answers does not matter, but that it does. */
async function trouble({ daemon, client, published }: Subscribed): Promise<void> {
  const before = published.length;
  using beside = openHistory(daemon.dataFolder, { access: 'shared' }).history;
  for (let round = 0; round < 3; round += 1) {
    // What another process writes has to be read from the file, and not from memory.
    finishedRun(beside);
    await client.call('status', {});
    await client.call('setSettings', { idleUnloadSeconds: 600 + round }).catch(() => undefined);
    await client.call('listRuns', { limit: 50 }).catch(() => undefined);
    await client.call('startProfile', { ...model, iterations: 1 }).catch(() => undefined);
    await client.call('load', { model: model.model, voice: model.voice }).catch(() => undefined);
    await delay(300);
  }
  assert.ok(published.length > before, 'the status is published all the same');
}

/** The same process does its work, and did not fill its log. */
async function assertSurvived({ daemon, client, published }: Subscribed): Promise<void> {
  assert.ok(isAlive(daemon.pid), daemon.stderr);
  await runToEnd(client, { ...model, iterations: 2 });
  assert.equal((await client.call('status', {})).daemon.pid, daemon.pid);
  await until(() => published.at(-1)?.notices.length === 0, 'no notice is left');
  const log = readFileSync(join(daemon.dataFolder, 'logs', 'daemon.log'), 'utf8');
  assert.doesNotMatch(log, /it crashed/);
  assert.ok(log.split('\n').filter((line) => line.includes('Something failed while')).length < 10, log);
}

for (const spare of [0, 2]) {
  test(
    `a daemon with ${spare} descriptors to spare publishes its status, and does its work when there are more`,
    { skip: !mayLimit && 'there is no prlimit to take descriptors away with' },
    async (context) => {
      const world = await subscribed(context);
      const pid = String(world.daemon.pid);
      const open = readdirSync(`/proc/${pid}/fd`).map(Number);
      execFileSync('prlimit', ['--pid', pid, `--nofile=${Math.max(...open) + 1 + spare}:4096`]);
      await trouble(world);
      execFileSync('prlimit', ['--pid', pid, '--nofile=4096:4096']);
      await assertSurvived(world);
    },
  );
}

const injections = [
  ['every read of the history fails', 'pread64', 'EIO', true],
  ['nothing can be opened', 'openat', 'EMFILE', false],
  ['no process can be started', '/^(clone|clone3|fork|vfork)$', 'EAGAIN', false],
  ['no channel to a process can be made', '/^(socketpair|pipe2)$', 'EMFILE', false],
] as const;

for (const [what, call, error, onHistory] of injections) {
  test(
    `a daemon publishes its status while ${what} (${error}), and does its work afterwards`,
    { skip: !mayTrace && 'there is no strace to inject errors with' },
    async (context) => {
      const world = await subscribed(context);
      const { daemon } = world;
      const trace = join(temporaryFolder(context), 'trace');
      const history = join(daemon.dataFolder, 'history.sqlite');
      const only = onHistory ? ['-P', history, '-P', `${history}-wal`] : [];
      const words = ['-f', '-p', String(daemon.pid), '-o', trace, ...only];
      const strace = spawn(
        'strace',
        [...words, '-e', `trace=${call}`, '-e', `inject=${call}:error=${error}`],
        {
          stdio: ['ignore', 'ignore', 'pipe'],
        },
      );
      await once(strace.stderr, 'data');
      await trouble(world);
      strace.kill('SIGTERM');
      await once(strace, 'exit');
      assert.ok(existsSync(trace) && readFileSync(trace, 'utf8').includes('(INJECTED)'), 'an error was met');
      await assertSurvived(world);
    },
  );
}
