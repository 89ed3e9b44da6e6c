/** What the history keeps when its writer is killed, its disk is full or read-only, or another process uses it: real processes. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { finishedRun, importLines } from './example-histories.ts';
import { openHistory } from '../src/history/history.ts';
import type { History } from '../src/history/history.ts';
import type { Acknowledged } from './history-writer.ts';
import { until } from './processes.ts';
import { noMounts, noTracing, smallDisk } from './small-disk.ts';
import { temporaryFolder } from './temporary-folder.ts';

const writerScript = fileURLToPath(new URL('history-writer.ts', import.meta.url));
const onLinux = process.platform === 'linux';
interface Writer {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly acknowledged: Acknowledged[];
  readonly errors: () => string;
  /** Resolves when it has ended and everything that it said is read. */
  readonly ended: Promise<void>;
}

/** `before` are words before Node's own. */
function startWriter(words: readonly string[], before: readonly string[] = []): Writer {
  const [command = process.execPath, ...rest] = [...before, process.execPath, writerScript, ...words];
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  const acknowledged: Acknowledged[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    // The last one may be cut by the kill: then its writer did not get to acknowledge it.
    if (line.endsWith('}')) {
      acknowledged.push(JSON.parse(line) as Acknowledged);
    }
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(() => undefined);
  return { child, acknowledged, errors: () => errors, ended };
}

/** Whether everything that was acknowledged is there. */
function assertKept(history: History, acknowledged: readonly Acknowledged[]): void {
  const alerts = new Set(history.alerts.list({ all: true }).map(({ id }) => id));
  for (const each of acknowledged) {
    switch (each.kind) {
      case 'run':
        assert.ok(history.runs.get(each.id) !== undefined, `run ${each.id} is lost`);
        break;
      case 'samples':
        assert.ok(
          (history.runs.get(each.id)?.samplesTaken ?? 0) >= each.count,
          `a sample of run ${each.id} is lost`,
        );
        break;
      case 'finished': {
        const { record, document, samples } = history.runs.detail(each.id);
        assert.equal(record.state, 'complete');
        assert.equal(document?.kind, 'profile');
        assert.equal(samples.length, record.samplesTaken);
        break;
      }
      case 'alert':
        assert.ok(alerts.has(each.id), `alert ${each.id} is lost`);
        break;
      case 'setting':
        assert.ok(history.settings.get().retentionRuns >= each.retentionRuns, 'a setting is lost');
        break;
      case 'open':
        assert.equal(each.setAside, undefined);
        break;
      case 'refused':
        break;
    }
  }
}

test('nothing that was acknowledged is lost to kill -9, however often and whenever it comes', async (context) => {
  const folder = temporaryFolder(context);
  const all: Acknowledged[] = [];
  const rounds = 12;
  for (let round = 0; round < rounds; round += 1) {
    const writer = startWriter([folder, 'own']);
    // In half of the rounds the kill may come while it opens the file or makes it.
    if (round % 2 === 1) {
      await until(() => writer.acknowledged.length > 1 || writer.errors() !== '', 'the first write');
    }
    await delay(Math.random() * 400);
    writer.child.kill('SIGKILL');
    await writer.ended;
    assert.equal(writer.errors(), '');
    all.push(...writer.acknowledged);
    const { history, setAside } = openHistory(folder);
    using opened = history;
    assert.equal(setAside, undefined);
    assertKept(opened, writer.acknowledged);
  }
  using history = openHistory(folder).history;
  assertKept(history, all);
  history.runs.interruptRunning('The last writer was killed.');
  assert.equal(history.runs.list({ state: 'running' }).total, 0);
  assert.ok(all.filter(({ kind }) => kind === 'samples').length > rounds, 'hardly anything was written');
});

/** Waits for a refusal, makes room, and expects that the same process goes on and that nothing is lost. */
async function assertFullDiskIsMet(folder: string, writer: Writer, makeRoom: () => void): Promise<void> {
  const refusal = () => writer.acknowledged.find((each) => each.kind === 'refused');
  await until(() => refusal() !== undefined || writer.errors() !== '', 'a refusal', 60);
  const refused = refusal();
  assert.equal(refused?.code, 'not-writable', writer.errors());
  assert.match(refused.message, /The history cannot (grow|be written): the disk/);
  const before = writer.acknowledged.length;
  assert.ok(writer.acknowledged.some(({ kind }) => kind === 'finished'));
  {
    using history = openHistory(folder, { access: 'read' }).history;
    assertKept(history, writer.acknowledged);
  }
  makeRoom();
  writer.child.stdin.write('go on\n');
  const finishedAfter = () => writer.acknowledged.slice(before).some(({ kind }) => kind === 'finished');
  await until(() => finishedAfter() || writer.errors() !== '', 'a run after there is room', 60);
  writer.child.kill('SIGKILL');
  await writer.ended;
  assert.equal(writer.errors(), '');
  const { history, setAside } = openHistory(folder);
  using opened = history;
  assert.equal(setAside, undefined);
  assertKept(opened, writer.acknowledged);
}

test(
  'a disk that is full refuses, loses nothing, and takes on when there is room',
  { skip: noMounts },
  async (context) => {
    // So much room is made that the writer, which goes on until it is killed, does not fill it again.
    const folder = smallDisk(context, 64);
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(63_200_000));
    const writer = startWriter([folder, 'own', 'until-full']);
    await assertFullDiskIsMet(folder, writer, () => rmSync(ballast));
  },
);

test(
  'a limit on the size of files is met like a full disk',
  { skip: !existsSync('/usr/bin/prlimit') },
  async (context) => {
    const folder = temporaryFolder(context);
    const writer = startWriter(
      [folder, 'own', 'until-full'],
      ['/usr/bin/prlimit', '--fsize=400000:unlimited', '--'],
    );
    await assertFullDiskIsMet(folder, writer, () =>
      execFileSync('/usr/bin/prlimit', ['--pid', String(writer.child.pid), '--fsize=unlimited:unlimited']),
    );
  },
);

const notWritable = (message: RegExp) => ({ code: 'not-writable', message, hint: /./ });

test(
  'a read-only disk is said in a sentence, and what is on it can be read',
  { skip: noMounts },
  (context) => {
    const folder = smallDisk(context, 4);
    const id = (() => {
      using history = openHistory(folder).history;
      return finishedRun(history).id;
    })();
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    assert.throws(() => openHistory(folder), notWritable(/read-only/));
    using history = openHistory(folder, { access: 'read' }).history;
    assert.equal(history.runs.detail(id).document?.kind, 'profile');
  },
);

test('a folder that cannot be made is said in a sentence', { skip: !onLinux }, () => {
  assert.throws(
    () => openHistory('/proc/tidemark'),
    notWritable(/cannot be written: there is no such folder/),
  );
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  assert.throws(() => openHistory(join(folder, 'file')), notWritable(/part of the path is not a folder/));
});

test('an export beside a writer is whole, and disturbs neither', async (context) => {
  const folder = temporaryFolder(context);
  const writer = startWriter([folder, 'own']);
  await until(() => writer.acknowledged.length > 20 || writer.errors() !== '', 'some writes', 60);
  for (const access of ['read', 'shared'] as const) {
    const before = [...writer.acknowledged];
    using history = openHistory(folder, { access }).history;
    const lines = [...history.exportLines()];
    assertKept(history, before);
    const copy = temporaryFolder();
    using into = openHistory(copy).history;
    const { refused, added } = importLines(into, lines);
    assert.deepEqual(refused, []);
    assert.ok(added >= before.filter(({ kind }) => kind === 'run').length);
  }
  const count = writer.acknowledged.length;
  await until(() => writer.acknowledged.length > count + 10, 'writes after the export', 60);
  writer.child.kill('SIGKILL');
  await writer.ended;
  assert.equal(writer.errors(), '');
});

test('two writers on one history wait for each other and lose nothing', async (context) => {
  const folder = temporaryFolder(context);
  const first = startWriter([folder, 'own']);
  await until(() => first.acknowledged.length > 1 || first.errors() !== '', 'the first write', 60);
  const writers = [first, startWriter([folder, 'shared'])];
  for (const { acknowledged, errors } of writers) {
    await until(() => acknowledged.length > 60 || errors() !== '', 'writes of both', 60);
  }
  for (const { child, ended, errors } of writers) {
    child.kill('SIGKILL');
    await ended;
    assert.equal(errors(), '');
  }
  using history = openHistory(folder).history;
  for (const { acknowledged } of writers) {
    assertKept(
      history,
      acknowledged.filter(({ kind }) => kind !== 'setting'),
    );
  }
});

test(
  'a burst of read errors costs nothing, and no sound file is set aside',
  { skip: noTracing },
  async (context) => {
    const whole = temporaryFolder(context);
    {
      using history = openHistory(whole).history;
      for (let run = 0; run < 40; run += 1) {
        finishedRun(history);
      }
    }
    // By the number of the read and of the errors from there on.
    const bursts = [1, 3, 9, 60].flatMap((first) => [1, 30].map((length) => [first, length] as const));
    let met = 0;
    for (const [first, length] of bursts) {
      const folder = temporaryFolder(context);
      cpSync(whole, folder, { recursive: true });
      const file = join(folder, 'history.sqlite');
      const injection = `inject=pread64:error=EIO:when=${first}..${first + length - 1}`;
      const trace = [
        'strace',
        '-D',
        '-f',
        '-qq',
        '-o',
        join(folder, 'trace'),
        '-P',
        file,
        '-e',
        'trace=pread64',
        '-e',
        injection,
      ];
      const writer = startWriter([folder, 'own', 'until-full'], trace);
      // It may have ended before the next line comes.
      writer.child.stdin.on('error', () => undefined);
      const goOn = setInterval(() => writer.child.stdin.write('\n'), 20);
      await Promise.race([
        writer.ended,
        until(
          () => writer.acknowledged.filter(({ kind }) => kind === 'finished').length >= 3,
          'some runs',
          60,
        ),
      ]);
      clearInterval(goOn);
      writer.child.kill('SIGKILL');
      await writer.ended;
      met += readFileSync(join(folder, 'trace'), 'utf8').includes('(INJECTED)') ? 1 : 0;
      assert.deepEqual(
        readdirSync(folder).filter((name) => /damaged|replacing|fresh/.test(name)),
        [],
        `${injection}: ${writer.errors()}`,
      );
      const { history, setAside } = openHistory(folder);
      using opened = history;
      assert.equal(setAside, undefined);
      assert.ok(history.runs.list().total >= 40);
      assertKept(opened, writer.acknowledged);
    }
    assert.ok(met >= bursts.length / 2, `only ${met} of ${bursts.length} bursts met a read`);
  },
);

test('a log that is removed while it is in use loses nothing that was acknowledged', () => {
  for (const suffixes of [['-wal'], ['-shm'], ['-wal', '-shm']]) {
    const folder = temporaryFolder();
    using history = openHistory(folder).history;
    const ids = [finishedRun(history).id, finishedRun(history).id];
    for (const suffix of suffixes) {
      rmSync(join(folder, `history.sqlite${suffix}`));
    }
    ids.push(finishedRun(history).id);
    using other = openHistory(folder, { access: 'read' }).history;
    assert.deepEqual(
      ids.map((id) => other.runs.get(id)?.state),
      ['complete', 'complete', 'complete'],
      suffixes.join(),
    );
  }
});
