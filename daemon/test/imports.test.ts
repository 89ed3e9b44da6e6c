/** Imports through a daemon and without one, with real processes: nobody waits, nothing is lost, nothing comes twice. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { importDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { ImportDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { cliEntry, cliOver, documentIn, startCli } from './cli.ts';
import type { Running } from './cli.ts';
import { exampleSchedule, withHistory } from './example-histories.ts';
import { childrenOf, isAlive, until } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { TestDaemon } from './test-daemon.ts';

const importing = 'import-process';
const many = 4000;

/** A file with so many profiles, each begun at another second. */
function fileOf(profiles: number, more: readonly string[] = []): string {
  const path = join(temporaryFolder(), 'profiles.jsonl');
  const profile = exampleProfile();
  const lines = Array.from({ length: profiles }, (_, index) =>
    JSON.stringify({ ...profile, startedAt: new Date(1_760_000_000_000 + index * 1000).toISOString() }),
  );
  writeFileSync(path, [...lines, ...more].map((line) => `${line}\n`).join(''));
  return path;
}

const spooled = (home: string): string[] =>
  readdirSync(join(home, 'run')).filter((name) => name.startsWith('import-'));

const total = async (client: DaemonClient): Promise<number> => (await client.call('listRuns', {})).total;

/** The import of a file that is amidst by the time this returns. */
async function amidst(daemon: TestDaemon, client: DaemonClient, file: string): Promise<Running> {
  const running = startCli(['runs', 'import', file, '--json'], {
    environment: { TIDEMARK_HOME: daemon.dataFolder },
  });
  let here = await total(client);
  while (here < 64) {
    here = await total(client);
  }
  assert.ok(here < many, 'it is over before it could be disturbed');
  return running;
}

async function importAgain(home: string, file: string): Promise<ImportDocument> {
  const finished = await cliOver(home)(['runs', 'import', file, '--json']);
  assert.equal(finished.code, 0, finished.stderr);
  return documentIn(importDocument, finished);
}

test('300 runs come in while five clients are answered, and the status and the schedules follow', async () => {
  const { daemon, client } = await TestDaemon.connected();
  const schedules = withHistory((history) => {
    history.schedules.add(exampleSchedule());
    return [...history.exportLines()].filter((line) => line.startsWith('{"kind":"schedule"'));
  });
  const file = fileOf(300, [...schedules, '{"kind":"profile"', '{"kind":"mood"}']);
  let published = 0;
  await client.subscribe('status', () => (published += 1));
  const others = await Promise.all(Array.from({ length: 5 }, () => daemon.client()));
  const ended = { yes: false };
  const waits: number[] = [];
  const asking = others.map(async (other) => {
    while (!ended.yes) {
      const began = performance.now();
      await other.call('status', {});
      waits.push(performance.now() - began);
    }
    await other.close();
  });
  const finished = await cliOver(daemon.dataFolder)(['runs', 'import', file, '--json']);
  ended.yes = true;
  await Promise.all(asking);
  const { added, known, schedules: came, refused } = documentIn(importDocument, finished);
  assert.deepEqual([added, known, came, refused.map(({ line }) => line)], [300, 0, 1, [302, 303]]);
  assert.equal(finished.code, 1);
  assert.ok(waits.length > 100 && Math.max(...waits) < 1000, `${waits.length}, ${Math.max(...waits)} ms`);
  await until(() => published > 0, 'a status is published');
  assert.equal(await total(client), 300);
  // The scheduler has it too, though it keeps its plans in memory.
  const [schedule] = (await client.call('listSchedules', {})).schedules;
  assert.equal(schedule?.paused, true);
  const resumed = await client.call('pauseSchedules', { id: schedule.id, paused: false });
  assert.ok(resumed.schedules[0]?.nextAt !== undefined);
  assert.deepEqual(spooled(daemon.dataFolder), []);
  const again = await importAgain(daemon.dataFolder, fileOf(300));
  assert.deepEqual([again.added, again.known], [0, 300]);
});

test('a daemon that is killed amidst leaves no process and no file, and a second import adds the rest', async () => {
  const { daemon, client } = await TestDaemon.connected();
  const { dataFolder } = daemon;
  const file = fileOf(many);
  const running = await amidst(daemon, client, file);
  const children = childrenOf(daemon.pid, importing);
  await daemon.kill('SIGKILL');
  const { code, stderr } = await running.finished;
  assert.equal(code, 4);
  assert.match(stderr, /^error: \S.*\nhint: \S/);
  await until(() => !children.some(isAlive), 'the child has ended');
  const { client: next } = await TestDaemon.connected({ dataFolder });
  assert.deepEqual(spooled(dataFolder), []);
  const here = await total(next);
  const { added, known } = await importAgain(dataFolder, file);
  assert.deepEqual([added, known, await total(next)], [many - here, here, many]);
});

test('a daemon that is told to stop amidst says so to the client, and the rest comes in without it', async () => {
  const { daemon, client } = await TestDaemon.connected();
  const { dataFolder } = daemon;
  const file = fileOf(many);
  const running = await amidst(daemon, client, file);
  const children = childrenOf(daemon.pid, importing);
  daemon.signal('SIGTERM');
  assert.deepEqual(await daemon.ended, { code: 0, signal: null });
  assert.ok(!children.some(isAlive));
  assert.deepEqual(spooled(dataFolder), []);
  const { code, stdout, stderr } = await running.finished;
  assert.equal(code, 1, stderr);
  assert.match(stdout + stderr, /The daemon stopped during the import\. What was added by then is kept\./);
  const { added, known } = await importAgain(dataFolder, file);
  assert.ok(known >= 64);
  assert.equal(added + known, many);
});

for (const signal of ['SIGKILL', 'SIGINT'] as const) {
  test(`an import whose client gets ${signal} ends, and the daemon goes on`, async () => {
    const { daemon, client } = await TestDaemon.connected();
    const file = fileOf(many);
    const running = await amidst(daemon, client, file);
    const children = childrenOf(daemon.pid, importing);
    running.child.kill(signal);
    const { code } = await running.finished;
    assert.equal(code, signal === 'SIGKILL' ? null : 130);
    await until(() => !children.some(isAlive) && spooled(daemon.dataFolder).length === 0, 'all has ended');
    const here = await total(client);
    const { added, known } = await importAgain(daemon.dataFolder, file);
    assert.deepEqual([added, known], [many - here, here]);
  });
}

test('a prepared file is private, one of a few, of one use, and gone with its connection', async () => {
  const { daemon, client } = await TestDaemon.connected();
  const paths: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    paths.push((await client.call('prepareImport', {})).path);
  }
  assert.ok(paths.every((path) => (statSync(path).mode & 0o777) === 0o600));
  await assert.rejects(client.call('prepareImport', {}), { code: 'busy' });
  const [first = ''] = paths;
  await assert.rejects(client.call('importRuns', { path: first }), { code: 'bad-document' });
  for (const path of [first, join(daemon.dataFolder, 'history.sqlite'), '/etc/passwd', '../x']) {
    await assert.rejects(client.call('importRuns', { path }), { code: 'bad-request' });
  }
  assert.equal(spooled(daemon.dataFolder).length, 3);
  await client.close();
  await until(() => spooled(daemon.dataFolder).length === 0, 'the files are gone');
});

test('no daemon starts, and nobody else imports, while an import has the history', async () => {
  const home = temporaryFolder();
  const environment = { TIDEMARK_HOME: home };
  const lock = join(home, 'history.sqlite-lock');
  const first = spawn(process.execPath, [cliEntry, 'runs', 'import', '-'], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  first.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  first.stdin.write(readFileSync(fileOf(40)));
  await until(() => existsSync(lock), 'the import has the lock');
  await delay(300);
  const refused = TestDaemon.spawn({ dataFolder: home });
  assert.equal((await refused.ended).code, 1);
  assert.match(refused.stderr, /^The history is in use by an import, or by a daemon that is starting\./);
  const second = startCli(['runs', 'import', fileOf(40), '--json'], { environment });
  await delay(1000);
  first.stdin.end();
  await once(first, 'close');
  assert.match(said, /^Imported 40 runs from stdin\./);
  const { added, known } = documentIn(importDocument, await second.finished);
  assert.deepEqual([added, known], [0, 40]);
  const { client } = await TestDaemon.connected({ dataFolder: home });
  assert.equal(await total(client), 40);
});

test('what is no file is refused at once', async (context) => {
  const folder = temporaryFolder();
  const { dataFolder } = await TestDaemon.start();
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  mkdirSync(join(folder, 'folder'));
  const server = createServer().listen(join(folder, 'socket'));
  context.after(() => server.close());
  for (const home of [dataFolder, temporaryFolder()]) {
    for (const file of ['pipe', 'folder', 'socket', '/dev/zero', 'nothing']) {
      const { code, stderr } = await cliOver(home)(['runs', 'import', file], { folder });
      assert.equal(code, 1, file);
      assert.match(
        stderr,
        /^error: (There is no file|\S+ is not a file\.|\S+ cannot be read: \S).*\nhint: \S/,
        file,
      );
    }
  }
  assert.deepEqual(spooled(dataFolder), []);
});
