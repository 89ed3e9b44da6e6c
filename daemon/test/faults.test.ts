/** What becomes of a run when a process is ended in the midst of it: real processes and the real bf16 model. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { studyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { startCli } from './cli.ts';
import type { Running } from './cli.ts';
import { isAlive, until } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { testHome } from './test-models.ts';

/** What is asked of processes here only Linux's /proc tells. */
const onLinux = { skip: process.platform !== 'linux' };
const folder = temporaryFolder();

let home: string;
before(async () => {
  home = await testHome('bf16');
});

const manyIterations = ['--phonemes', 'həlˈO.', '--warmup', '0', '--iterations', '500'];

const start = (words: readonly string[], environment: Readonly<Record<string, string>> = {}): Running =>
  startCli(words, { environment: { TIDEMARK_HOME: home, ...environment } });

/** The processes that a process has started. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

/** Waits until the command has said something; throws with all that it said when it ends before. */
async function said(running: Running, words: string | RegExp): Promise<void> {
  const says = (): boolean => new RegExp(words).test(running.stderr());
  const isOver = (): boolean => running.child.exitCode !== null || running.child.signalCode !== null;
  await until(() => says() || isOver(), String(words), 120);
  assert.ok(says(), running.stderr());
}

/** Waits until the loop runs; gives the command's process and its host's. */
async function inTheLoop(running: Running): Promise<{ cli: number; host: number }> {
  await said(running, 'iteration 2 of 500');
  const cli = running.child.pid ?? 0;
  const [host] = childrenOf(cli);
  assert.ok(host !== undefined);
  return { cli, host };
}

test('Ctrl-C keeps the samples so far, says so, exits with 130 and leaves no process', onLinux, async () => {
  const running = start(['profile', 'bf16', ...manyIterations, '--json']);
  const { cli, host } = await inTheLoop(running);
  process.kill(cli, 'SIGINT');
  const { code, stdout, stderr } = await running.finished;
  assert.equal(code, 130);
  const document = v.parse(profileDocument, JSON.parse(stdout));
  assert.deepEqual(document.outcome, {
    status: 'interrupted',
    reason: 'Stopped by SIGINT.',
    signal: 'SIGINT',
  });
  assert.ok(document.iterations.length >= 2);
  assert.equal(document.summary?.iterations, document.iterations.length);
  assert.match(stderr, /Stopped by SIGINT/);
  assert.ok(!isAlive(host));
});

test('SIGTERM does the same with 143, and a second signal does not wait', onLinux, async () => {
  const running = start(['study', '--models', 'bf16,bf16', ...manyIterations, '--json']);
  const { cli, host } = await inTheLoop(running);
  // As timeout(1) does: the process, and at once its group.
  process.kill(cli, 'SIGTERM');
  await delay(3);
  process.kill(cli, 'SIGTERM');
  const { code, stdout } = await running.finished;
  assert.equal(code, 143);
  const document = v.parse(studyDocument, JSON.parse(stdout));
  assert.equal(document.outcome, 'interrupted');
  assert.deepEqual(document.skipped, ['bf16']);
  assert.ok(!isAlive(host));

  const other = start(['profile', 'bf16', ...manyIterations]);
  const { cli: otherCli, host: otherHost } = await inTheLoop(other);
  process.kill(otherCli, 'SIGINT');
  process.kill(otherCli, 'SIGTERM');
  const { code: otherCode } = await other.finished;
  assert.ok(otherCode === 130 || otherCode === 143, `${otherCode}`);
  await until(() => !isAlive(otherHost), 'the host ends', 2);
});

test(
  'a host that is killed ends the run with its samples, its signal, and exit code 1',
  onLinux,
  async () => {
    const running = start(['profile', 'bf16', ...manyIterations, '--json']);
    const { host } = await inTheLoop(running);
    process.kill(host, 'SIGKILL');
    const { code, stdout, stderr } = await running.finished;
    assert.equal(code, 1);
    const { outcome, iterations } = v.parse(profileDocument, JSON.parse(stdout));
    assert.ok(outcome.status === 'interrupted' && outcome.signal === 'SIGKILL');
    assert.match(
      outcome.reason,
      /^The model host was ended by SIGKILL in iteration \d+ \(often because memory ran out\)\.$/,
    );
    assert.ok(iterations.length >= 2);
    assert.match(stderr, /error: The model host was ended by SIGKILL/);
    assert.match(stderr, /hint: /);
  },
);

test('a command that is killed takes its host along at once, busy as it is', onLinux, async () => {
  // Utterances of the full context, which take many seconds each, so that the host cannot notice by itself.
  const text = 'The tide leaves a line on the beach, and the line tells how high it came. '.repeat(15);
  const running = start(['profile', 'bf16', '--text', text, '--iterations', '5']);
  await said(running, 'loaded in');
  await delay(1000);
  const cli = running.child.pid ?? 0;
  const [host] = childrenOf(cli);
  assert.ok(host !== undefined && isAlive(host));
  process.kill(cli, 'SIGKILL');
  await until(() => !isAlive(host), 'the host ends', 1);
});

test('a host that hangs is ended by Ctrl-C', onLinux, async () => {
  const running = start(['profile', 'bf16', ...manyIterations]);
  const { cli, host } = await inTheLoop(running);
  // As a driver that does not come back.
  process.kill(host, 'SIGSTOP');
  process.kill(cli, 'SIGINT');
  const { code } = await running.finished;
  assert.equal(code, 130);
  assert.ok(!isAlive(host));
});

test('Ctrl-C while it speaks leaves no file', onLinux, async () => {
  const out = join(folder, 'speech.wav');
  const text = 'The tide leaves a line on the beach, and the line tells how high it came. '.repeat(60);
  const running = start(['say', text, '--out', out]);
  await said(running, 'loaded in');
  process.kill(running.child.pid ?? 0, 'SIGINT');
  const { code } = await running.finished;
  assert.equal(code, 130);
  assert.ok(!existsSync(out));
  assert.deepEqual(readdirSync(folder), []);
});

test(
  'Ctrl-C while it streams, or the end of its host, leaves the sentences that were said, and says so',
  onLinux,
  async (t) => {
    const own = temporaryFolder(t);
    const text = 'The tide leaves a line on the beach, and the line tells how high it came. '.repeat(60);
    for (const end of ['SIGINT', 'SIGKILL'] as const) {
      const out = join(own, `${end}.wav`);
      const running = start(['say', text, '--stream', '--out', out]);
      await said(running, 'utterance 2 of 60');
      const cli = running.child.pid ?? 0;
      const [host = 0] = childrenOf(cli);
      process.kill(end === 'SIGINT' ? cli : host, end);
      const { code, stderr } = await running.finished;
      assert.equal(code, end === 'SIGINT' ? 130 : 1);
      assert.match(
        stderr,
        /SIGINT\.wav has the first \d+ of 60 utterances: [\d.]+ s|SIGKILL\.wav has the first \d+ of 60/,
      );
      const file = readFileSync(out);
      assert.equal(file.readUInt32LE(4), file.length - 8);
      assert.equal(file.readUInt32LE(40), file.length - 44);
      assert.ok(file.length > 50_000);
      assert.ok(!isAlive(host));
    }
    assert.deepEqual(readdirSync(own).toSorted(), ['SIGINT.wav', 'SIGKILL.wav']);
  },
);

test('Ctrl-C while a model is built leaves nothing that a later run would trust', onLinux, async (t) => {
  const own = temporaryFolder(t);
  const building = start(['models', 'build', 'bf16'], { TIDEMARK_HOME: own });
  await said(building, /Building bf16: [\d.]+ MB/);
  const children = childrenOf(building.child.pid ?? 0);
  process.kill(building.child.pid ?? 0, 'SIGINT');
  const { code, stderr } = await building.finished;
  assert.equal(code, 130, stderr);
  for (const child of children) {
    await until(() => !isAlive(child), 'the builder ends', 2);
  }
  const { stdout } = await start(['models', '--json'], { TIDEMARK_HOME: own }).finished;
  assert.match(stdout, /"name": "bf16",[^}]*"state": "absent"/);
});

test('libmlx is loaded into the host, and never into the command', onLinux, async () => {
  const running = start(['profile', 'bf16', ...manyIterations]);
  const { cli, host } = await inTheLoop(running);
  const maps = (pid: number): string => readFileSync(`/proc/${pid}/maps`, 'utf8');
  assert.match(maps(host), /libmlx/);
  assert.doesNotMatch(maps(cli), /libmlx|tidemark\.node/);
  process.kill(cli, 'SIGINT');
  await running.finished;
});
