/** What the service starts: names that stay, and what is said where they did not. */

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { FakeLinux } from '../../test/fake-linux.ts';
import { FakeMac } from '../../test/fake-mac.ts';
import { act, serviceError } from '../../test/service-checks.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { failedService } from './run-service.ts';
import { installedProgram } from './system.ts';

function put(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  return path;
}

/** As `npm install -g` leaves it: the package, and the link to its command. */
function globalInstall(t: TestContext) {
  const prefix = temporaryFolder(t);
  const root = join(prefix, 'lib', 'node_modules', 'tidemark');
  put(join(root, 'bin', 'tidemark.js'));
  mkdirSync(join(prefix, 'bin'));
  symlinkSync('../lib/node_modules/tidemark/bin/tidemark.js', join(prefix, 'bin', 'tidemark'));
  return { prefix, root };
}

test('with Homebrew it is the links, which a newer Node and a newer package leave in place', (t) => {
  const { prefix, root } = globalInstall(t);
  const node = put(join(prefix, 'Cellar', 'node', '22.16.0', 'bin', 'node'));
  symlinkSync(node, join(prefix, 'bin', 'node'));
  const expected = [join(prefix, 'bin', 'node'), join(prefix, 'bin', 'tidemark'), 'daemon'];
  assert.deepEqual(installedProgram(root, node, {}), expected);
});

test("installed by Homebrew's formula it is the link to the newest version, and not the version's folder, which an upgrade removes", (t) => {
  const brew = temporaryFolder(t);
  const libexec = join(brew, 'Cellar', 'tidemark', '0.1.0', 'libexec');
  const root = join(libexec, 'lib', 'node_modules', 'tidemark');
  put(join(root, 'bin', 'tidemark.js'));
  mkdirSync(join(libexec, 'bin'));
  symlinkSync('../lib/node_modules/tidemark/bin/tidemark.js', join(libexec, 'bin', 'tidemark'));
  const node = put(join(brew, 'Cellar', 'node', '24.1.0', 'bin', 'node'));
  const versioned = [node, join(libexec, 'bin', 'tidemark'), 'daemon'];
  assert.deepEqual(installedProgram(root, node, {}), versioned);
  mkdirSync(join(brew, 'opt'));
  for (const formula of ['node/24.1.0', 'tidemark/0.1.0']) {
    symlinkSync(join('..', 'Cellar', formula), join(brew, 'opt', dirname(formula)));
  }
  const expected = [
    join(brew, 'opt/node/bin/node'),
    join(brew, 'opt/tidemark/libexec/bin/tidemark'),
    'daemon',
  ];
  assert.deepEqual(installedProgram(root, node, {}), expected);
});

test('with a Node elsewhere it is the name in the PATH, and the running Node itself where there is none', (t) => {
  const { prefix, root } = globalInstall(t);
  const folder = temporaryFolder(t);
  const node = put(join(folder, 'versions', '22.16.0', 'node'));
  mkdirSync(join(folder, 'bin'));
  symlinkSync(node, join(folder, 'bin', 'node'));
  const link = join(prefix, 'bin', 'tidemark');
  const environment = { PATH: `${join(folder, 'none')}:${join(folder, 'bin')}` };
  assert.deepEqual(installedProgram(root, node, environment), [join(folder, 'bin', 'node'), link, 'daemon']);
  assert.deepEqual(installedProgram(root, node, { PATH: 'bin:.' }), [node, link, 'daemon']);
});

test('a package that is no global install is started where it is, and one in the cache of npx is refused', async (t) => {
  const root = join(temporaryFolder(t), '_npx', '0123', 'node_modules', 'tidemark');
  const command = put(join(root, 'bin', 'tidemark.js'));
  const program = installedProgram(root, process.execPath, {});
  assert.deepEqual(program, [process.execPath, command, 'daemon']);
  for (const machine of [new FakeLinux({ program }), new FakeMac({ program })]) {
    await assert.rejects(act(machine, 'install'), serviceError(/npx keeps Tidemark in its cache/));
    assert.equal((await act(machine, 'status')).isInstalled, false);
  }
});

test('a service that starts what has moved says so, in its status and to the doctor, until it is installed again', async (t) => {
  const folder = temporaryFolder(t);
  const [before, after] = ['clone/main.js', 'moved $1 %h "q"/main.js'].map((name) => put(join(folder, name)));
  const of = (entry = '') => ({ program: [process.execPath, entry, 'daemon'] });
  const linux = new FakeLinux(of(after));
  await act(linux, 'install');
  assert.equal((await act(linux, 'status')).missing, undefined);
  assert.equal(await failedService(linux.system), undefined);
  rmSync(after ?? '');
  const present = { ...linux.system, ...of(before) };
  const { state, missing, message } = await act({ system: present }, 'status');
  assert.deepEqual([state, missing], ['outdated', after]);
  assert.match(message, /^The service starts .+main\.js, which is no longer there\.$/);
  assert.equal((await failedService(present))?.missing, after);
  assert.equal((await act({ system: present }, 'install')).missing, undefined);
  assert.equal(await failedService(present), undefined);
});
