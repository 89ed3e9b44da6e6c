/** A daemon that cannot start ends, says why in a sentence, and leaves the reason in its log: real processes. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openHistory } from '../src/history/history.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { TestDaemon } from './test-daemon.ts';

const entry = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

function startsIn(home: string): { status: number | null; stderr: string } {
  const environment = { ...process.env, TIDEMARK_HOME: home };
  const { status, stderr } = spawnSync(process.execPath, [entry, 'daemon', '--print', 'none'], {
    env: environment,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stderr };
}

const mayMount = ((): boolean => {
  const folder = temporaryFolder();
  return (
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' }).status ===
      0 && spawnSync('umount', [folder]).status === 0
  );
})();

const causes: Readonly<Record<string, readonly [RegExp, (home: string, context: TestContext) => unknown]>> = {
  'a history of a newer version': [
    /was written by a newer Tidemark/,
    (home) => {
      openHistory(home).history.close();
      using database = new DatabaseSync(join(home, 'history.sqlite'));
      database.exec('PRAGMA user_version = 999');
    },
  ],
  'a folder in the place of the history': [/is not a/, (home) => mkdirSync(join(home, 'history.sqlite'))],
  'a history of another program': [
    /belongs to another program/,
    (home) => {
      using database = new DatabaseSync(join(home, 'history.sqlite'));
      database.exec('CREATE TABLE theirs (a)');
    },
  ],
  'something in the way of the socket': [
    /is in the way of the daemon's socket/,
    (home) => {
      mkdirSync(join(home, 'run'), { mode: 0o700 });
      writeFileSync(join(home, 'run', 'daemon.sock'), 'mine');
    },
  ],
  'a file in the place of the folder run': [/./, (home) => writeFileSync(join(home, 'run'), 'mine')],
  'another daemon': [
    /Another daemon is already running \(process \d+, /,
    (home) => TestDaemon.start({ dataFolder: home }),
  ],
  'a queued run that cannot be read and a table that is gone': [
    /./,
    (home) => {
      openHistory(home).history.close();
      using database = new DatabaseSync(join(home, 'history.sqlite'));
      database.exec('ALTER TABLE runs RENAME TO gone');
    },
  ],
};

for (const [cause, [reason, prepare]] of Object.entries(causes)) {
  test(`${cause} is the reason on stderr and in the log`, async (context) => {
    const home = temporaryFolder();
    await prepare(home, context);
    const { status, stderr } = startsIn(home);
    assert.equal(status, 1, stderr);
    const [, message = ''] = /^error: (.*)$/m.exec(stderr) ?? [];
    assert.match(message, reason);
    const log = readFileSync(join(home, 'logs', 'daemon.log'), 'utf8');
    const logged = log
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { msg: string }]));
    assert.ok(
      logged.some(({ msg }) => msg === `The daemon ends: ${message}`),
      log,
    );
  });
}

test('a full disk is named as such, and not the file that met it first', { skip: !mayMount }, (context) => {
  const home = temporaryFolder();
  // Not an inode is left for another file.
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,nr_inodes=1,mode=700', 'tmpfs', home]);
  context.after(() => execFileSync('umount', ['--lazy', home]));
  const { status, stderr } = startsIn(home);
  assert.equal(status, 1);
  assert.match(stderr, /^error: .* cannot be written: the disk is full\.\nhint: Free some space, /);
  assert.doesNotMatch(stderr, /lock/);
});
