/** Each way in which a daemon cannot be talked to has a sentence, a hint and an exit code of its own: 4 only where none runs. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { errorDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { cliOver, documentIn } from './cli.ts';
import { until } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { TestDaemon } from './test-daemon.ts';

/** Another process listens on the home's socket, and does with connections what `body` says of `socket`. */
async function listener(t: TestContext, home: string, body: string, backlog = 511): Promise<ChildProcess> {
  const path = socketPathOf(home);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const program = `require('node:net').createServer((socket) => { ${body} }).listen({ path: ${JSON.stringify(path)}, backlog: ${backlog} })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  await until(() => lstatSync(path, { throwIfNoEntry: false }) !== undefined, 'it listens');
  return child;
}

/** What `tidemark status --json` says of it: its error's code and sentences, with the exit code of the command. */
async function told(home: string): Promise<{ exit: number | null; code: string; says: string }> {
  const finished = await cliOver(home)('status --json');
  const { error } = documentIn(errorDocument, finished);
  assert.match(error.hint ?? '', /\.$/);
  return { exit: finished.code, code: error.code, says: error.message };
}

test('a home without a socket has no daemon', async () => {
  const { exit, code, says } = await told(temporaryFolder());
  assert.deepEqual([exit, code, says], [4, 'no-daemon', 'The daemon is not running.']);
});

test('a socket that a killed daemon left has no daemon', async (t) => {
  const home = temporaryFolder();
  const child = await listener(t, home, '');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const { exit, code, says } = await told(home);
  assert.deepEqual([exit, code, says], [4, 'no-daemon', 'The daemon is not running.']);
});

test('what is no socket is said to be none', async () => {
  const home = temporaryFolder();
  mkdirSync(dirname(socketPathOf(home)), { recursive: true, mode: 0o700 });
  writeFileSync(socketPathOf(home), '');
  const { exit, says } = await told(home);
  assert.equal(exit, 4);
  assert.match(says, /it is not a socket/);
});

test('a daemon that is stopped is there, and does not answer', async () => {
  const daemon = await TestDaemon.start();
  daemon.signal('SIGSTOP');
  const { exit, code, says } = await told(daemon.dataFolder);
  assert.deepEqual([exit, code], [1, 'timeout']);
  assert.match(says, /^The daemon accepted the connection, but did not answer hello within 5 s/);
  // Beside it nothing is measured.
  const { code: profile, stderr } = await cliOver(daemon.dataFolder)('profile bf16');
  assert.equal(profile, 1);
  assert.match(stderr, /hint: .*To measure without the daemon, add --local\./);
});

test('one whose queue of connections is full is there', { skip: process.platform !== 'linux' }, async (t) => {
  const home = temporaryFolder();
  const child = await listener(t, home, '', 1);
  child.kill('SIGSTOP');
  const waiting: Socket[] = [];
  t.after(() => waiting.forEach((socket) => socket.destroy()));
  for (let index = 0; index < 5; index += 1) {
    waiting.push(connect(socketPathOf(home)).on('error', () => undefined));
  }
  await until(() => waiting.some((socket) => socket.destroyed), 'one of them is refused');
  const { exit, code, says } = await told(home);
  assert.deepEqual([exit, code], [1, 'timeout']);
  assert.match(says, /did not accept the connection within 5 s: others are waiting too/);
});

for (const [how, body] of [
  ['at once', 'socket.destroy()'],
  ['after it was greeted', "socket.on('data', () => socket.destroy())"],
  ['by a reset', "socket.on('data', () => socket.resetAndDestroy?.() ?? socket.destroy())"],
] as const) {
  test(`one that ends connections ${how} is there`, async (t) => {
    const home = temporaryFolder();
    await listener(t, home, body);
    const { exit, code, says } = await told(home);
    assert.deepEqual([exit, code], [1, 'busy'], says);
    assert.match(says, /closed the connection at once/);
  });
}

test(
  'a socket that may not be written to is no socket without a daemon',
  { skip: process.getuid?.() === 0 ? false : 'only root can become another user' },
  async (t) => {
    const user = 65_534;
    const home = temporaryFolder();
    await listener(t, home, '');
    const path = socketPathOf(home);
    for (const each of [home, dirname(path), path]) {
      chownSync(each, user, user);
    }
    chmodSync(path, 0);
    // Inside of one process, since the sources are not everyone's to read.
    const program = `
      process.geteuid = () => ${user};
      const { DaemonClient } = await import(${JSON.stringify(new URL('../../shared/src/client/daemon-client.ts', import.meta.url).href)});
      process.setgroups([]); process.setgid(${user}); process.setuid(${user});
      await DaemonClient.connect({ socketPath: ${JSON.stringify(path)}, client: { name: 'test', version: '1' } })
        .catch(({ code, message, hint }) => console.log(JSON.stringify({ code, message, hint })));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child, 'close');
    const { code, message, hint } = JSON.parse(output) as Record<string, string>;
    assert.equal(code, 'not-writable', output);
    assert.match(message ?? '', /There is no permission to connect to the daemon's socket/);
    assert.match(hint ?? '', /chmod 600/);
  },
);
