/** All that Tidemark keeps is for its owner alone, whatever the umask is, and is not written to what somebody planted there. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { ended, homeWithModel, openIn, Person, profile, skip, stranger, victim } from './people.ts';
import { until } from './processes.ts';

test('whatever the umask is, all that is kept is for its owner alone, and works', { skip }, async () => {
  for (const umask of ['000', '777', '027']) {
    const { home, model } = homeWithModel();
    const folder = join(home, '.local', 'share', 'tidemark');
    const person = new Person(victim, { HOME: home }, umask);
    const local = await person.run(profile(model));
    assert.equal(local.code, 0, local.stderr);
    const daemon = await person.daemon(folder);
    await person.do(...profile(model));
    await person.do('schedule', 'add', 'hourly', '--every', '1h', '--model', model, '--voice', 'af_tiny');
    const page = join(home, 'page.html');
    await person.do('report', '1', '--out', page);
    const permitted = { '000': 0o644, '777': 0o600, '027': 0o640 }[umask];
    assert.equal(lstatSync(page).mode & 0o777, permitted, umask);
    assert.deepEqual(openIn(folder), [], umask);
    daemon.kill('SIGKILL');
    await ended(daemon);
    // Its history is set aside.
    const history = join(folder, 'history.sqlite');
    rmSync(`${history}-wal`, { force: true });
    writeFileSync(history, 'no database '.repeat(2000));
    rmSync(socketPathOf(folder));
    const second = await person.daemon(folder);
    await person.do('status');
    assert.ok(
      readdirSync(folder).some((name) => name.includes('.damaged-')),
      umask,
    );
    assert.deepEqual(openIn(folder), [], umask);
    second.kill('SIGTERM');
    await ended(second);
    assert.deepEqual(openIn(join(home, '.local')), [], umask);
  }
});

test('a lock that others could read is closed before it is held', { skip }, async () => {
  const { home } = homeWithModel();
  const folder = join(home, 'data');
  const person = new Person(victim, { HOME: home, TIDEMARK_HOME: folder });
  mkdirSync(join(folder, 'run'), { recursive: true });
  for (const name of ['../history.sqlite-lock', 'daemon.json', '../history.sqlite']) {
    writeFileSync(join(folder, 'run', name), '', { mode: 0o666 });
    chmodSync(join(folder, 'run', name), 0o666);
  }
  spawnSync('chown', ['-R', `${victim}:${victim}`, folder]);
  const daemon = await person.daemon(folder);
  assert.deepEqual(openIn(join(folder, 'run')), []);
  for (const name of ['history.sqlite', 'history.sqlite-lock']) {
    assert.equal(lstatSync(join(folder, name)).mode & 0o777, 0o600);
  }
  daemon.kill('SIGTERM');
  await ended(daemon);
});

test(
  'what somebody planted in the data folder while it was open is refused, and nothing is written to what it leads to',
  { skip },
  async () => {
    const { home } = homeWithModel();
    const folder = join(home, 'data');
    const person = new Person(victim, { HOME: home, TIDEMARK_HOME: folder });
    const precious = join(home, 'precious');
    const names = [
      'run',
      'logs',
      'history.sqlite',
      'history.sqlite-wal',
      'history.sqlite-shm',
      'history.sqlite-lock',
      'run/daemon.json',
      'run/daemon.sock',
      'logs/daemon.log',
    ];
    for (const name of names) {
      const isFolder = !name.includes('.');
      for (const kind of [
        'link',
        'dangling link',
        'pipe',
        "stranger's",
        ...(isFolder ? [] : ['hard link']),
      ]) {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(precious, 'precious');
        const path = join(folder, name);

        const target = isFolder ? home : precious;
        if (kind === 'link') {
          symlinkSync(target, path);
        } else if (kind === 'dangling link') {
          symlinkSync(join(home, 'nothing'), path);
        } else if (kind === 'hard link') {
          spawnSync('ln', [precious, path]);
        } else if (kind === 'pipe') {
          spawnSync('mkfifo', [path]);
        } else {
          spawnSync(isFolder ? 'mkdir' : 'touch', [path]);
        }
        spawnSync('chown', ['-R', '-P', `${victim}:${victim}`, home]);
        if (kind === "stranger's") {
          chownSync(path, stranger, stranger);
          chmodSync(path, 0o777);
        }
        const before = readdirSync(home);
        const child = person.start(['daemon']);
        let said = '';
        child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
        await until(
          () =>
            child.exitCode !== null ||
            (existsSync(socketPathOf(folder)) && lstatSync(socketPathOf(folder)).isSocket()),
          name,
          60,
        );
        const what = `${kind} at ${name}: ${said}`;
        if (name.startsWith('logs')) {
          // Logging never stops the daemon: it writes no log, and says so.
          assert.equal(child.exitCode, null, what);
          const { notices } = JSON.parse(await person.do('status', '--json')) as {
            notices: { message: string }[];
          };
          assert.match(notices.map(({ message }) => message).join(), /The log cannot be written/, what);
        } else if (name === 'run/daemon.json') {
          // A note is replaced, whatever is there.
          assert.equal(child.exitCode, null, what);
          assert.equal(lstatSync(path).mode & 0o170777, 0o100600, what);
        } else {
          assert.equal(child.exitCode, 1, what);
          assert.match(said, /^error: .*(cannot be used|is in the way|is not a file|cannot be)/, what);
        }
        child.kill('SIGTERM');
        await ended(child);
        assert.equal(readFileSync(precious, 'utf8'), 'precious', what);
        assert.deepEqual(readdirSync(home), before, what);
      }
    }
  },
);
