/** A data folder that may be read and not written: what was recorded is shown all the same, and what writes says why not. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cliEntry, runCli } from '../../test/cli.ts';
import type { Finished } from '../../test/cli.ts';
import { exampleAlert, exampleSchedule, finishedRun } from '../../test/example-histories.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openHistory } from '../history/history.ts';

/** Permissions bind everyone but root, who becomes another user here. */
const uid = process.getuid?.() === 0 ? 65_534 : undefined;
const canRun = spawnSync(process.execPath, [cliEntry, '--version'], {
  env: {},
  cwd: '/',
  ...(uid === undefined ? {} : { uid, gid: uid }),
});
const skip = canRun.status === 0 ? false : 'the other user may not read this repository';

const original = temporaryFolder();
{
  using history = openHistory(original).history;
  finishedRun(history);
  finishedRun(history);
  history.schedules.add(exampleSchedule());
  history.alerts.add(exampleAlert());
}

interface Home {
  readonly folder: string;
  readonly run: (...words: string[]) => Promise<Finished>;
}

/** A copy of the history with these modes, whose owner is who runs the commands, or root. */
function homeOf({ file, folder, isOwn = true }: { file: number; folder: number; isOwn?: boolean }): Home {
  const outside = temporaryFolder();
  chmodSync(outside, 0o1777);
  const home = join(outside, 'home');
  mkdirSync(home);
  cpSync(original, home, { recursive: true });
  for (const place of readdirSync(home).map((name) => join(home, name))) {
    chmodSync(place, file);
    if (uid !== undefined && isOwn) {
      chownSync(place, uid, uid);
    }
  }
  chmodSync(home, folder);
  if (uid !== undefined && isOwn) {
    chownSync(home, uid, uid);
  }
  const environment = { TIDEMARK_HOME: home, HOME: outside };
  return { folder: home, run: (...words) => runCli(words, { environment, folder: outside, uid }) };
}

const homes: readonly (readonly [how: string, home: () => Home])[] = [
  ['in a folder without permission to write', () => homeOf({ file: 0o600, folder: 0o500 })],
  ['that is a file without permission to write', () => homeOf({ file: 0o400, folder: 0o700 })],
  ...(uid === undefined
    ? []
    : ([['of another user', () => homeOf({ file: 0o644, folder: 0o755, isOwn: false })]] as const)),
];

for (const [how, make] of homes) {
  test(`a history ${how} is listed, shown, compared, exported, and made a page of`, { skip }, async () => {
    const home = make();
    const before = readdirSync(home.folder);
    const shown: readonly (readonly [words: string[], pattern: RegExp])[] = [
      [['runs'], /#2 .*\n.*#1 /],
      [['show', '1'], /Run #1/],
      [['compare', '1', '2'], /run #2/],
      [['settings'], /retention/],
      [['schedule'], /Nightly/],
      [['alerts'], /peak/],
      [['runs', 'export', '-'], /^\{"kind":"tidemark-history"/],
      [['report', '1', '--out', 'page.html'], /^Wrote page\.html/],
    ];
    for (const [words, pattern] of shown) {
      const { code, stdout, stderr } = await home.run(...words);
      assert.equal(code, 0, stderr);
      assert.match(stdout, pattern);
    }
    for (const words of [
      ['runs', 'delete', '1'],
      ['runs', 'import', '-'],
    ]) {
      const { code, stderr } = await home.run(...words);
      assert.equal(code, 1, words.join(' '));
      assert.match(
        stderr,
        /^error: \S.* cannot be (written: permission is denied|used: it belongs to another user .*)\.\nhint: \S/,
      );
    }
    assert.deepEqual(readdirSync(home.folder), before);
  });
}

test(
  'what may not be read is not taken for what is not there',
  { skip: skip || uid === undefined },
  async () => {
    const unreadable = [
      homeOf({ file: 0o600, folder: 0o755, isOwn: false }),
      homeOf({ file: 0o644, folder: 0o700, isOwn: false }),
    ];
    for (const { folder, run } of unreadable) {
      mkdirSync(join(folder, 'logs'));
      writeFileSync(join(folder, 'logs', 'daemon.log'), '{}\n', { mode: 0o600 });
      for (const words of [['runs'], ['show', '1'], ['runs', 'export', '-'], ['logs']]) {
        const { code, stdout, stderr } = await run(...words);
        assert.deepEqual([code, stdout], [1, ''], words.join(' '));
        assert.match(
          stderr,
          /^error: .* cannot be read: permission is denied\.\nhint: Run the command as the user/,
        );
      }
    }
  },
);
