/** Everything that a person must install is named at once, with what to do. */

import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { driverVersion } from './backend.js';
import { SetupFailure } from './failures.js';
import { checkRequirements } from './requirements.js';
import { temporaryContext, writeProgram } from './test-context.ts';

/** A machine whose PATH is one folder. */
function machineWith(t: TestContext, programs: Record<string, readonly string[]> = {}) {
  const folder = temporaryFolder(t);
  // What the fake programs themselves are written in.
  symlinkSync('/bin/sh', join(folder, 'sh'));
  for (const [name, lines] of Object.entries(programs)) {
    writeProgram(join(folder, name), ...lines);
  }
  return temporaryContext(t, { env: { PATH: folder } });
}

async function failureOf(check: Promise<void>): Promise<SetupFailure> {
  const failure: unknown = await check.then(
    () => assert.fail('Nothing is missing'),
    (error: unknown) => error,
  );
  assert.ok(failure instanceof SetupFailure);
  return failure;
}

test('on a bare machine npm and a compiler are named together', async (t) => {
  const context = machineWith(t);
  const { message, remedy } = await failureOf(checkRequirements(context, ['npm', 'compiler'], 0));
  assert.equal(message, 'Tidemark cannot be set up yet: these are missing.');
  assert.match(remedy, /- npm/);
  assert.match(remedy, /- a C\+\+20 compiler/);
});

test('only what the steps need is looked for', async (t) => {
  const context = machineWith(t);
  await checkRequirements(context, [], 0);
});

test('a compiler that cannot compile C++20 is named with its own words', async (t) => {
  const context = machineWith(t, {
    'g++': ['echo "fatal error: concepts: No such file or directory" >&2; exit 1'],
  });
  const { remedy } = await failureOf(checkRequirements(context, ['compiler'], 0));
  assert.match(remedy, /g\+\+ is there, but cannot compile C\+\+20 \(fatal error: concepts/);
  assert.match(remedy, /CXX=/);
});

test('the compiler that CXX names is the one that is used', async (t) => {
  const context = machineWith(t, { 'c++': ['exit 0'], 'my-c++': ['exit 0'] });
  await checkRequirements(context, ['compiler'], 0);
  assert.equal(context.tools.compiler, 'c++');
  context.env['CXX'] = 'my-c++';
  await checkRequirements(context, ['compiler'], 0);
  assert.equal(context.tools.compiler, 'my-c++');
});

test("NVIDIA's driver is asked for before its libraries are fetched, and its library is enough where no module tells", async (t) => {
  const known = String.raw`printf '\tlibcuda.so.1 (libc6,x86-64) => /usr/lib/wsl/lib/libcuda.so.1\n'`;
  if (driverVersion() === undefined) {
    await checkRequirements(machineWith(t, { ldconfig: [known] }), ['driver'], 0);
    for (const programs of [{}, { ldconfig: ['echo libc.so.6'] }]) {
      const { remedy } = await failureOf(checkRequirements(machineWith(t, programs), ['driver'], 0));
      assert.match(
        remedy,
        /- NVIDIA's driver 580 or newer, which MLX's CUDA backend needs\n.+TIDEMARK_BACKEND to cpu/,
      );
    }
  } else {
    t.skip('this machine has a driver');
  }
});

test('a disk that is too full is said with both sizes', async (t) => {
  const { remedy } = await failureOf(checkRequirements(temporaryContext(t), [], 9e15));
  assert.match(remedy, /disk space: set-up takes 9000000000 MB, and \d+ MB are free/);
});
