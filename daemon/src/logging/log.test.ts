/** What the daemon's log holds, and what it does when it cannot be written. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs, {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { createLog } from './log.ts';

const linesOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('each line is JSON with a level, a time, the process, the fields and the message', (t) => {
  const folder = temporaryFolder(t);
  const { log, file } = createLog({ folder, now: () => Date.UTC(2026, 10, 24, 12) });
  log.info({ run: 7, model: 'bf16' }, 'A run began.\nWith a second line.');
  log.debug({}, 'Too small to be kept.');
  assert.deepEqual(linesOf(file), [
    {
      level: 'info',
      time: '2026-11-24T12:00:00.000Z',
      pid: process.pid,
      run: 7,
      model: 'bf16',
      msg: 'A run began.\nWith a second line.',
    },
  ]);
});

test('an error is logged with its message, its stack and its causes', (t) => {
  const folder = temporaryFolder(t);
  const { log, file } = createLog({ folder });
  log.error({ error: new Error('the host died', { cause: new Error('a signal') }) }, 'A run failed.');
  const [line] = linesOf(file);
  const { message, stack, cause } = line?.['error'] as Record<string, unknown>;
  assert.equal(message, 'the host died');
  assert.match(String(stack), /log\.test\.ts/);
  assert.equal((cause as Record<string, unknown>)['message'], 'a signal');
});

test('the log and its folder are closed to other users', (t) => {
  const folder = temporaryFolder(t);
  const logs = join(folder, 'logs');
  const { log, file } = createLog({ folder: logs });
  log.info({}, 'Here.');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(logs).mode & 0o777, 0o700);
});

test('a full file is renamed, the newest are kept, and no line is cut or lost between them', (t) => {
  const folder = temporaryFolder(t);
  const { log, file } = createLog({ folder, maximumBytes: 1000, files: 3 });
  for (let index = 0; index < 60; index += 1) {
    log.info({ index }, 'A line of some length.');
  }
  assert.deepEqual(readdirSync(folder).sort(), ['daemon.log', 'daemon.log.1', 'daemon.log.2']);
  const kept = [`${file}.2`, `${file}.1`, file].flatMap(linesOf).map(({ index }) => index);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, place) => 60 - kept.length + place),
  );
  for (const name of readdirSync(folder)) {
    assert.ok(statSync(join(folder, name)).size <= 1000);
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  }
});

test('a full disk loses lines, throws nothing, and says how many', (t) => {
  const { log, trouble } = createLog({ folder: temporaryFolder(t) });
  t.mock.method(fs, 'writeSync', () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  });
  syncBuiltinESMExports();
  try {
    log.info({}, 'Lost.');
    log.warn({}, 'Lost too.');
  } finally {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  }
  assert.match(trouble()?.message ?? '', /ENOSPC/);
  assert.equal(trouble()?.lostLines, 2);
});

test('nothing is written through a link, a second name, or a pipe in the place of the file or its folder', (t) => {
  const root = temporaryFolder(t);
  const victim = join(root, 'victim');
  writeFileSync(victim, 'theirs');
  mkdirSync(join(root, 'elsewhere'));
  const planted: Readonly<Record<string, (folder: string) => void>> = {
    'it is a symbolic link': (folder) => symlinkSync(victim, join(folder, 'daemon.log')),
    'it has more than one name': (folder) => linkSync(victim, join(folder, 'daemon.log')),
    'it is not a file': (folder) => void spawnSync('mkfifo', [join(folder, 'daemon.log')]),
    'logs-3: it is a symbolic link': (folder) => {
      rmdirSync(folder);
      symlinkSync(join(root, 'elsewhere'), folder);
    },
    'logs-4: all users can write to it': (folder) => chmodSync(folder, 0o777),
  };
  for (const [place, [why, plant]] of Object.entries(planted).entries()) {
    const folder = join(root, `logs-${place}`);
    mkdirSync(folder);
    plant(folder);
    const { log, trouble } = createLog({ folder });
    log.info({}, 'Private.');
    assert.ok(trouble()?.message.includes(why), why);
  }
  assert.equal(readFileSync(victim, 'utf8'), 'theirs');
  assert.deepEqual(readdirSync(join(root, 'elsewhere')), []);
});

test('a folder that cannot be made costs the lines until it can be, and is tried again', (t) => {
  const folder = temporaryFolder(t);
  const logs = join(folder, 'logs');
  writeFileSync(logs, 'a file where the folder should be');
  let now = 0;
  const { log, file, trouble } = createLog({ folder: logs, now: () => now });
  log.info({}, 'Lost.');
  assert.equal(trouble()?.lostLines, 1);
  rmSync(logs);
  now += 60_000;
  log.info({}, 'Kept.');
  assert.deepEqual(
    linesOf(file).map(({ msg, lostLines }) => [msg, lostLines]),
    [
      ['Kept.', undefined],
      ['Lines before this one could not be written.', 1],
    ],
  );
  assert.equal(trouble(), undefined);
});

test('a line that was cut by a power failure does not spoil the next one', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'daemon.log'), '{"level":"info","msg":"cut sh');
  const { log, file } = createLog({ folder });
  log.info({}, 'Whole.');
  const [cut, whole] = readFileSync(file, 'utf8').split('\n');
  assert.equal(cut, '{"level":"info","msg":"cut sh');
  assert.match(whole ?? '', /"msg":"Whole\."/);
});

test('a file that somebody removes is begun anew', (t) => {
  const folder = temporaryFolder(t);
  const { log, file } = createLog({ folder });
  log.info({}, 'Before.');
  rmSync(file);
  log.info({}, 'After.');
  assert.deepEqual(
    linesOf(file).map(({ msg }) => msg),
    ['After.'],
  );
});

test('where files cannot be renamed the file grows on, and no line is lost', (t) => {
  const folder = temporaryFolder(t);
  // Somebody's folder where the oldest file would be removed.
  mkdirSync(join(folder, 'daemon.log.4'));
  const { log, file, trouble } = createLog({ folder, maximumBytes: 300 });
  for (let index = 0; index < 10; index += 1) {
    log.info({ index }, 'A line.');
  }
  assert.equal(linesOf(file).length, 10);
  assert.equal(trouble(), undefined);
  rmSync(join(folder, 'daemon.log.4'), { recursive: true });
  log.info({}, 'Another.');
  assert.deepEqual(readdirSync(folder).sort(), ['daemon.log', 'daemon.log.1']);
});

test('what throws when it is read is logged without its fields', (t) => {
  const folder = temporaryFolder(t);
  const { log, file } = createLog({ folder });
  const fields = {
    get figure(): number {
      throw new Error('no figure');
    },
  };
  log.info(fields, 'The sentence.');
  log.info({ big: 12n }, 'A big number.');
  assert.deepEqual(
    linesOf(file).map(({ msg }) => msg),
    ['The sentence.', 'A big number.'],
  );
});

test('a line that is far too long is shortened to its message', (t) => {
  const folder = temporaryFolder(t);
  const { log, file } = createLog({ folder });
  log.warn({ frame: 'x'.repeat(1_000_000) }, 'A frame was refused.');
  const [line] = linesOf(file);
  assert.equal(line?.['msg'], 'A frame was refused.');
  assert.ok(Number(line['shortenedFrom']) > 1_000_000);
  assert.ok(statSync(file).size < 1000);
});

test('another stream is told the same lines, and its failure is nobody’s', (t) => {
  const folder = temporaryFolder(t);
  const told: string[] = [];
  const { log, file } = createLog({ folder, alsoTo: { write: (line) => told.push(line) } });
  log.info({}, 'Heard twice.');
  assert.equal(told.join(''), readFileSync(file, 'utf8'));
  const broken = createLog({
    folder: join(folder, 'other'),
    alsoTo: {
      write: () => {
        throw new Error('gone');
      },
    },
  });
  broken.log.info({}, 'Still written.');
  assert.equal(linesOf(broken.file).length, 1);
});

test('after it is closed a log writes nothing more and throws nothing', async (t) => {
  const { log, file, close } = createLog({ folder: temporaryFolder(t) });
  log.info({}, 'Before.');
  await close();
  log.info({}, 'After.');
  assert.equal(readFileSync(file, 'utf8').split('\n').length, 2);
  await close();
});
