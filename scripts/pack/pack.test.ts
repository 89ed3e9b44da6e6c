/** A pack for this machine's CPU, unpacked and used elsewhere, with no npm, no compiler, and no other Node in reach. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';

const folder = temporaryFolder();
const parts = join(folder, 'parts');
const target = join(folder, 'target machine');
const programs = join(folder, 'bin');

/** As on a machine that has what every Linux has, and Python. */
function onTarget(command: string, args: readonly string[]) {
  const env = { PATH: programs, HOME: join(folder, 'home'), TIDEMARK_HOME: join(folder, 'data') };
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const unpack = () => onTarget('/bin/sh', [join(parts, 'unpack.sh'), target]);

before(() => {
  const script = join(import.meta.dirname, 'main.ts');
  const args = [script, '--backend', 'cpu', '--part-size', '60MB', '--out', parts];
  const packed = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(packed.status, 0, packed.stderr);
  mkdirSync(programs);
  for (const name of [
    'sh',
    'cat',
    'dirname',
    'gzip',
    'ls',
    'mkdir',
    'mv',
    'readlink',
    'rm',
    'rmdir',
    'sha256sum',
    'tar',
    'uname',
    'python3',
  ]) {
    const path = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(path, join(programs, name));
  }
});

test('a part that is missing or differs is said, and nothing is unpacked', () => {
  const names = readdirSync(parts).filter((name) => name !== 'unpack.sh');
  assert.ok(names.length > 1);
  const last = join(parts, names.sort().at(-1) ?? '');
  const copy = join(folder, 'copy');
  copyFileSync(last, copy);
  rmSync(last);
  const missing = unpack();
  assert.equal(missing.status, 1);
  assert.match(
    missing.stderr,
    /tidemark\.tar\.gz\.\d\d is missing\. Copy all \d parts into .+, then run this again/,
  );
  for (const spoil of [() => truncateSync(last, 1000), () => appendFileSync(last, 'x')]) {
    copyFileSync(copy, last);
    spoil();
    const differs = unpack();
    assert.equal(differs.status, 1);
    assert.match(differs.stderr, /a part differs from the one that was packed/);
  }
  copyFileSync(copy, last);
  assert.equal(existsSync(join(target, 'tidemark')), false);
});

test('what is unpacked is set up already, and runs', () => {
  const { status, stdout, stderr } = unpack();
  assert.equal(status, 0, stderr);
  const states = stderr.trim().split('\n');
  assert.ok(states.length >= 6);
  for (const state of states) {
    assert.match(state, /up to date$/);
  }
  assert.match(stdout, /^Tidemark is in .+target machine\/tidemark\. Try: /);
  const tidemark = join(target, 'tidemark', 'node_modules', '.bin', 'tidemark');
  const doctor = onTarget(tidemark, ['doctor', '--json']);
  const { checks } = JSON.parse(doctor.stdout) as { checks: { id: string; status: string }[] };
  const failed = checks.filter(({ status: state }) => state === 'fail');
  assert.deepEqual(failed, []);
});
