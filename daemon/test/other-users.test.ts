/** What a second user of the machine sees of the first one's daemon, and what they can put in its way: nothing. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { noteFileOf, readNote } from '@tidemark/shared/client/daemon-note.ts';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { ended, everythingIn, homeOf, homeWithModel, openIn, Person, profile } from './people.ts';
import { secret, skip, stranger, victim } from './people.ts';
import { until } from './processes.ts';

/** Runs a script as the stranger, and returns what it printed as JSON. */
function asStranger(script: string, ...words: readonly string[]): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script, ...words], {
    uid: stranger,
    gid: stranger,
    cwd: '/',
    encoding: 'utf8',
    env: {},
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** Tries everything on what lies at paths, on processes, and on sockets; prints what it could do. */
const attack = `
const fs = require('node:fs'), net = require('node:net'), path = require('node:path');
const { files, folders, pids, sockets, secret } = JSON.parse(process.argv[1]);
const done = [];
const attempt = (what, act) => { try { act(); done.push(what); } catch {} };
for (const file of files) {
  attempt('read ' + file, () => fs.readFileSync(file));
  attempt('open to write ' + file, () => fs.openSync(file, 'r+'));
  attempt('append to ' + file, () => fs.appendFileSync(file, 'x'));
  attempt('remove ' + file, () => fs.rmSync(file));
  attempt('rename ' + file, () => fs.renameSync(file, file + '-gone'));
  attempt('link ' + file, () => fs.linkSync(file, '/tmp/tidemark-test-link-' + process.pid));
}
for (const folder of folders) {
  attempt('list ' + folder, () => fs.readdirSync(folder));
  attempt('make in ' + folder, () => fs.writeFileSync(path.join(folder, 'planted'), ''));
  attempt('link in ' + folder, () => fs.symlinkSync('/etc', path.join(folder, 'link')));
  attempt('rename ' + folder, () => fs.renameSync(folder, folder + '-gone'));
  attempt('remove ' + folder, () => fs.rmdirSync(folder));
  attempt('open ' + folder, () => fs.chmodSync(folder, 0o777));
}
for (const pid of pids) {
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGSTOP', 'SIGHUP']) {
    attempt(signal + ' ' + pid, () => process.kill(pid, signal));
  }
  for (const name of ['environ', 'fd', 'cwd', 'mem', 'maps', 'io']) {
    attempt(name + ' of ' + pid, () => {
      const at = '/proc/' + pid + '/' + name;
      name === 'fd' ? fs.readdirSync(at) : name === 'cwd' ? fs.readlinkSync(at) : fs.readFileSync(at);
    });
  }
}
for (const name of fs.readdirSync('/proc').filter((each) => /^\\d+$/.test(each))) {
  for (const what of ['cmdline', 'environ', 'comm', 'status', 'stat']) {
    attempt('text in ' + what + ' of ' + name, () => {
      if (Number(name) === process.pid || !fs.readFileSync('/proc/' + name + '/' + what, 'latin1').includes(secret)) throw 0;
    });
  }
}
let open = sockets.length;
const over = () => { if (--open <= 0) console.log(JSON.stringify(done)); };
if (open === 0) over();
for (const socket of sockets) {
  net.connect(socket).on('connect', function () { done.push('connect to ' + socket); this.destroy(); over(); }).on('error', over);
}
`;

test('a second user sees no text and no history, reaches nothing, and stops nothing', { skip }, async () => {
  const { home, model } = homeWithModel();
  for (const long of [false, true]) {
    const folder = join(home, long ? 'x'.repeat(120) : 'data');
    const person = new Person(victim, { HOME: home, TIDEMARK_HOME: folder });
    const daemon = await person.daemon(folder);
    await person.do(...profile(model));
    const socket = long ? readlinkSync(socketPathOf(folder)) : socketPathOf(folder);
    const working = person.start([...profile(model).slice(0, -3), '400', '--warmup', '1']);
    await until(
      () => /"msg":"Run #2 started|Run #2/.test(readFileSync(join(folder, 'logs', 'daemon.log'), 'utf8')),
      'it works',
      60,
    );
    // What a person types is theirs to hide: `--text -` reads it from a pipe. The run goes on without its client.
    working.kill('SIGKILL');
    await ended(working);
    const { pid } = readNote(noteFileOf(folder));
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    const paths = everythingIn(folder);
    assert.ok(paths.some((path) => path.endsWith('.sqlite')) && children.length > 0);
    const target = {
      files: [...paths, socket].filter((path) => !lstatSync(path).isDirectory()),
      folders: [folder, ...paths.filter((path) => lstatSync(path).isDirectory()), dirname(socket)],
      pids: [pid, ...children],
      sockets: [socketPathOf(folder), socket],
      secret,
    };
    assert.deepEqual(asStranger(attack, JSON.stringify(target)), []);
    assert.deepEqual(openIn(folder), []);
    // With whatever surroundings they are started, the person's own commands find it.
    for (const environment of [
      { TMPDIR: '/nowhere', XDG_RUNTIME_DIR: '/run/user/0' },
      { TMPDIR: home, USER: '', LOGNAME: '', SUDO_UID: '0' },
    ]) {
      assert.equal((await person.run(['status', '--json'], environment)).code, 0);
    }
    // The stranger's own commands, pointed at it.
    const other = new Person(stranger, { HOME: homeOf(stranger), TIDEMARK_HOME: folder });
    for (const words of [['status'], ['runs'], ['logs'], ['daemon'], ['cancel'], ['runs', 'export', '-']]) {
      const { code, stdout, stderr } = await other.run(words);
      assert.notEqual(code, 0, words.join(' '));
      assert.doesNotMatch(stdout + stderr, new RegExp(`${secret}|^ +at `, 'm'));
    }
    await person.do('cancel');
    daemon.kill('SIGTERM');
    await ended(daemon);
    assert.ok(!existsSync(socket) && !existsSync(socketPathOf(folder)));
  }
});

test(
  'a stranger who waits at every name that can be told beforehand hears nothing, and keeps no daemon from starting',
  { skip },
  async () => {
    const { home, model } = homeWithModel();
    const folder = join(home, 'x'.repeat(120));
    const person = new Person(victim, { HOME: home, TIDEMARK_HOME: folder });
    const heard = join(homeOf(stranger), 'heard');
    const names = [`/tmp/tidemark-${victim}`, `/tmp/tidemark-${victim}-0123456789abcdef`, '/tmp/tidemark'];
    const trap = spawn(
      process.execPath,
      [
        '-e',
        `const fs = require('node:fs'), net = require('node:net');
      for (const folder of JSON.parse(process.argv[1])) {
        fs.mkdirSync(folder, { recursive: true });
        fs.chmodSync(folder, 0o777);
        const server = net.createServer((socket) => socket.on('data', (data) => fs.appendFileSync(process.argv[2], data)));
        server.listen(folder + '/daemon.sock', () => fs.chmodSync(folder + '/daemon.sock', 0o777));
      }
      setTimeout(() => console.log('ready'), 200);`,
        JSON.stringify(names),
        heard,
      ],
      { uid: stranger, gid: stranger, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    after(() => {
      trap.kill('SIGKILL');
      names.forEach((name) => rmSync(name, { recursive: true, force: true }));
    });
    await new Promise((resolve) => trap.stdout.once('data', resolve));
    await person.do(...profile(model));
    const daemon = await person.daemon(folder);
    const socket = readlinkSync(socketPathOf(folder));
    await person.do(...profile(model));
    daemon.kill('SIGKILL');
    await ended(daemon);
    // It is gone, as after a restart of the machine, and the stranger has its name.
    rmSync(dirname(socket), { recursive: true });
    mkdirSync(dirname(socket));
    chownSync(dirname(socket), stranger, stranger);
    after(() => rmSync(dirname(socket), { recursive: true, force: true }));
    const refused = await person.run(['status']);
    assert.notEqual(refused.code, 0);
    const again = await person.daemon(folder);
    await until(() => readlinkSync(socketPathOf(folder)) !== socket, 'another name', 60);
    await until(() => existsSync(readlinkSync(socketPathOf(folder))), 'it listens', 60);
    assert.match(await person.do('runs', '--json'), /"total": 1/);
    again.kill('SIGTERM');
    await ended(again);
    assert.ok(!existsSync(heard), 'the stranger heard something');
  },
);

test(
  "a data folder that is a stranger's, or open to them, is refused by the daemon and by all commands that would tell it something",
  { skip },
  async () => {
    const { home, model } = homeWithModel();
    const theirs = homeOf(stranger, 0o777);
    const open = homeOf(victim, 0o777);
    const shared = homeOf(0, 0o1777);
    const planted = join(shared, 'planted');
    mkdirSync(planted);
    chownSync(planted, stranger, stranger);
    chmodSync(planted, 0o777);
    const link = join(shared, 'link');
    const own = join(home, 'own');
    mkdirSync(own, { mode: 0o700 });
    chownSync(own, victim, victim);
    symlinkSync(own, link);
    spawnSync('chown', ['-h', `${stranger}:${stranger}`, link]);
    const cases: readonly (readonly [folder: string, message: RegExp])[] = [
      [theirs, /cannot be used: it belongs to another user \(user ID 64002\)/],
      [open, /cannot be used: all users can write to it/],
      [shared, /cannot be used: it belongs to another user \(user ID 0\)/],
      [planted, /cannot be used: it belongs to another user \(user ID 64002\)/],
      [join(planted, 'below'), /planted cannot be used: all users can write to it/],
      [link, /link cannot be used: it belongs to another user \(user ID 64002\)/],
    ];
    for (const [folder, message] of cases) {
      const run = join(folder, 'run');
      mkdirSync(run, { recursive: true });
      const before = everythingIn(folder);
      const person = new Person(victim, { HOME: home, TIDEMARK_HOME: folder });
      const { code, stderr } = await person.run(['daemon']);
      assert.equal(code, 1, folder);
      assert.match(stderr, message);
      assert.match(stderr, /\nhint: /);
      assert.deepEqual(everythingIn(folder), before);
      rmSync(run, { recursive: true });
    }
    // Root is refused too: it would follow what the person planted.
    const root = new Person(0, { HOME: '/', TIDEMARK_HOME: own });
    assert.match((await root.run(['daemon'])).stderr, /belongs to another user \(user ID 64001\)/);
    assert.deepEqual(readdirSync(own), []);
    // A stranger's daemon in a folder that the person names is told nothing.
    const listening = `const fs = require('node:fs'); fs.mkdirSync(process.argv[1]); require('node:net').createServer((socket) => socket.on('data', (data) => fs.appendFileSync(process.argv[1] + '/heard', data))).listen(process.argv[1] + '/daemon.sock', () => { fs.chmodSync(process.argv[1] + '/daemon.sock', 0o777); console.log('ready'); });`;
    const trap = spawn(process.execPath, ['-e', listening, join(theirs, 'run')], {
      uid: stranger,
      gid: stranger,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    after(() => trap.kill('SIGKILL'));
    await new Promise((resolve) => trap.stdout.once('data', resolve));
    const person = new Person(victim, { HOME: home, TIDEMARK_HOME: theirs });
    await person.run(profile(model));
    assert.match((await person.run(['load', model])).stderr, /cannot be used: all users can write to it/);
    assert.ok(!existsSync(join(theirs, 'run', 'heard')));
  },
);
